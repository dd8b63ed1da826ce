// podman's HTTP, for what its command line does not do: a process that begins when it is asked for and ends a while after the
// last connection, so that a killed server leaves none behind.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { spawn } from '../../../exec.ts';
import type { Nerdctl } from '../nerdctl/cli.ts';
import { RuntimeError } from '../runtime.ts';

const IDLE_SECONDS = 30;

/** As podman logs it, at the level `info`, when connections are taken. */
const LISTENING = 'API service listening on';

export interface PodmanService {
  /** Resolves with the path of the socket at which it listens. */
  socket(): Promise<string>;
  close(): void;
}

export function createPodmanService(podman: Nerdctl, directory: string): PodmanService {
  const file = path.join(directory, 'api.sock');
  let running: { listening: Promise<string>; end(): void } | undefined;

  function begin(): NonNullable<typeof running> {
    rmSync(file, { force: true }); // of one that a killed server began
    const args = ['--log-level', 'info', 'system', 'service', `--time=${IDLE_SECONDS}`, `unix://${file}`];
    const child = spawn(podman.argv(args), { stdio: ['ignore', 'ignore', 'pipe'] });
    let last = '';
    const listening = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr! }).on('line', (line) => {
        last = line;
        if (line.includes(LISTENING)) resolve(file);
      });
      const fail = (why: string, cause?: unknown) =>
        reject(new RuntimeError('AttachError', `podman's service did not begin: ${why}`, cause));
      child.once('error', (cause) => fail(cause.message, cause));
      child.once('close', () => fail(last));
    });
    for (const over of ['error', 'exit']) {
      child.once(over, () => {
        if (running === begun) running = undefined;
      });
    }
    const begun = { listening, end: () => void child.kill() };
    return begun;
  }

  return {
    socket() {
      running ??= begin();
      return running.listening;
    },
    close: () => running?.end(),
  };
}
