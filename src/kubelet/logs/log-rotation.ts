// Puts logs aside that a runtime writes by itself (the CRI's), when they have come to their size, and has it open them anew:
// pkg/kubelet/logs/container_log_manager.go of Kubernetes, but told by inotify where upstream looks at every log each 10 s. A log is
// looked at a second after something was written, and not told about meanwhile: however fast it grows costs no more.
import { type FSWatcher, renameSync, statSync, watch } from 'node:fs';
import type { Clock, Timer } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { type LogLimits, rotateFiles } from './log-file.ts';

const LOOK_AFTER_MS = 1_000;
/** What could not be done, or did not help, is tried again after upstream's containerLogMonitorInterval. */
const RETRY_MS = 10_000;

interface Written {
  id: string;
  logPath: string;
}

export interface LogRotation {
  /** From now on, until it is forgotten; once or more often. */
  keep(container: Written): void;
  forget(id: string): void;
  close(): void;
}

interface Kept {
  watcher?: FSWatcher;
  timer?: Timer;
}

export function createLogRotation(options: {
  limits: LogLimits;
  /** Has the runtime write to a new file at the log's path. */
  reopen(id: string): Promise<void>;
  clock: Clock;
  log: Logger;
}): LogRotation {
  const { limits, clock, log } = options;
  const all = new Map<string, Kept>();

  const stop = ({ watcher, timer }: Kept) => {
    watcher?.close();
    timer?.cancel();
  };

  function lookAfter(ms: number, container: Written, kept: Kept): void {
    stop(kept);
    kept.timer = clock.after(ms, () => {
      look(container, kept).catch((error: unknown) => {
        log.warn({ err: error, file: container.logPath }, 'the log of a container is not rotated');
        if (all.get(container.id) === kept) lookAfter(RETRY_MS, container, kept);
      });
    });
  }

  async function look(container: Written, kept: Kept): Promise<void> {
    const { id, logPath } = container;
    const size = sizeOf(logPath);
    if (size === undefined)
      await options.reopen(id); // somebody took it away: as upstream
    else if (size >= limits.maxBytes) await rotate(container);
    const known = sizeOf(logPath);
    if (all.get(id) === kept) awaitChange(container, kept, known);
  }

  async function rotate({ id, logPath }: Written): Promise<void> {
    rotateFiles(logPath, limits.maxFiles);
    try {
      await options.reopen(id);
    } catch (error) {
      // It still writes to the file that was put aside, which is found at its place again the next time.
      if (sizeOf(logPath) === undefined) renameSync(`${logPath}.1`, logPath);
      throw error;
    }
  }

  /** Looks again when something is written, perhaps since `known` was its size. */
  function awaitChange(container: Written, kept: Kept, known: number | undefined): void {
    if (known === undefined) {
      lookAfter(RETRY_MS, container, kept);
      return;
    }
    const wake = () => lookAfter(LOOK_AFTER_MS, container, kept);
    kept.watcher = watch(container.logPath, wake).on('error', wake);
    if (sizeOf(container.logPath) !== known) wake();
  }

  return {
    keep(container) {
      if (all.has(container.id)) return;
      const kept: Kept = {};
      all.set(container.id, kept);
      lookAfter(LOOK_AFTER_MS, container, kept);
    },
    forget(id) {
      const kept = all.get(id);
      all.delete(id);
      if (kept) stop(kept);
    },
    close() {
      for (const id of [...all.keys()]) this.forget(id);
    },
  };
}

const sizeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.size;
