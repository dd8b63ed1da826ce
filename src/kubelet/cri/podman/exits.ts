// The ends of containers as conmon tells them: a file per container, whose name is its id and whose text is its exit code.
// podman takes the file away a moment later; who comes too late is told to list.
import { existsSync, mkdirSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import { isMissingFile } from '../../../missing-file.ts';
import type { ContainerdEvent } from '../containerd/events.ts';
import type { PodmanFolders } from './cli.ts';

export interface ExitsOptions {
  folders: Pick<PodmanFolders, 'exits' | 'container'>;
  clock: Clock;
  onEvent(event: ContainerdEvent): void;
  /** A container has ended, nobody knows how. */
  onMissed(): void;
}

const ID = /^[0-9a-f]{64}$/;

/** Follows until the signal aborts, which resolves it; rejects when the folder cannot be watched. */
export function followExits(options: ExitsOptions, signal: AbortSignal, onSubscribed: () => void): Promise<void> {
  const { folders, onEvent, clock } = options;
  mkdirSync(folders.exits, { recursive: true, mode: 0o750 });
  return new Promise((resolve, reject) => {
    const watcher = watch(folders.exits, (_, name) => {
      if (name === null || !ID.test(name)) return;
      const exitCode = readExit(path.join(folders.exits, name));
      if (exitCode === undefined) {
        options.onMissed();
        return;
      }
      const event = { containerId: name, at: clock.now() };
      if (existsSync(path.join(folders.container(name), 'oom'))) onEvent({ ...event, topic: '/tasks/oom' });
      onEvent({ ...event, topic: '/tasks/exit', exitCode });
    });
    watcher.once('error', reject);
    watcher.once('close', resolve);
    signal.addEventListener('abort', () => watcher.close(), { once: true });
    onSubscribed();
  });
}

function readExit(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}
