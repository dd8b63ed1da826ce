// Tells of processes that the kernel has killed because the whole machine was short of memory, by events of the node
// (pkg/kubelet/oom). A kill is counted without a notification, so the count is read when the node is looked at anyway, and the kernel's
// log when it has grown: most kills are those of containers at limits of their own, which their status tells.
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { EventRecorder } from '../../client/controller.ts';

export interface OomWatch {
  /** The first time nothing is told. */
  check(): void;
  close(): void;
}

export interface KernelLog {
  /** How often it has killed for memory, whoever was short of it. */
  kills(): number;
  /** What has come since it was asked before. */
  records(): string[];
  close(): void;
}

/** As mm/oom_kill.c writes it; of a limit of a control group it says "Memory cgroup out of memory". */
const VICTIM = /^[^;]*;Out of memory: Killed process (\d+) \((.*?)\) /;

export function createOomWatch(options: { log: KernelLog; node: KubeObject; events: EventRecorder }): OomWatch {
  const { log, node, events } = options;
  let kills: number | undefined;
  return {
    check() {
      const before = kills;
      kills = log.kills();
      if (kills === before) return;
      const records = log.records();
      if (before === undefined) return; // they are of before this server
      for (const record of records) {
        const [, pid, name] = VICTIM.exec(record) ?? [];
        if (pid === undefined) continue;
        const message = `System OOM encountered, victim process: ${name}, pid: ${pid}`;
        events.event(node, 'Warning', 'SystemOOM', message);
      }
    },
    close: log.close,
  };
}

/** The kernel's limit of a record, /dev/kmsg gives one a read. https://docs.kernel.org/admin-guide/abi-testing.html (dev-kmsg) */
const RECORD_BYTES = 8192;

/** Throws where the log cannot be read. */
export function openKernelLog(): KernelLog {
  const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(RECORD_BYTES);

  /** undefined: there is none. */
  function next(): string | undefined {
    for (;;) {
      try {
        return buffer.toString('utf8', 0, readSync(fd, buffer));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return undefined;
        if (code !== 'EPIPE') throw error; // records were overwritten before they were read: there are later ones
      }
    }
  }

  return {
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0),
    records() {
      const found: string[] = [];
      for (let record = next(); record !== undefined; record = next()) found.push(record);
      return found;
    },
    close: () => closeSync(fd),
  };
}
