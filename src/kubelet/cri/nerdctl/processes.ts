// ContainerProcesses by containerd's tasks, which write to a console that a process of ours reads (outputs.ts).
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import type { LogLimits } from '../../logs/log-file.ts';
import { isCutShort, type Labels, type Tasks } from '../containerd/tasks.ts';
import type { ContainerStatus } from '../runtime.ts';
import { endAndRemove, type Nerdctl } from './cli.ts';
import {
  type ConsoleSettings,
  consoleOf,
  makeConsole,
  openRequest,
  outputId,
  type Place,
  removeConsole,
  taskStreams,
} from './console.ts';
import type { ContainerProcesses } from './containers.ts';
import type { Outputs } from './outputs.ts';
import { lifecycleFile, lifecycleText } from './parse.ts';
import { userOf } from './runc-wrapper.ts';

const NAME_BYTES = 6;
/** nerdctl has other folders beside those of containers. */
const NAME = /^[0-9a-f]{12}$/;

export interface TaskProcesses extends ContainerProcesses {
  /**
   * Removes the folders of containers that are neither `made` nor being made by this server: one that was killed left them,
   * or a nerdctl that outlived it.
   */
  removeUnmade(made: readonly ContainerStatus[]): void;
}

export function createTaskProcesses(options: {
  nerdctl: Nerdctl;
  tasks: Pick<Tasks, 'start' | 'remove'>;
  outputs: Outputs;
  clock: Clock;
  logLimits: LogLimits;
  /** The folder of the containers' consoles. */
  consoles: string;
  /** Where nerdctl keeps what it has of containers. */
  dataRoot: string;
  /** Path of the runc wrapper. */
  runtime: string;
}): TaskProcesses {
  const { nerdctl, tasks, outputs, clock, logLimits, consoles, runtime } = options;
  /**
   * nerdctl has one container at a time made in a folder of its data, and leaves a copy of a hosts file there for each
   * (filesystem-ops/): every container has a folder of its own, which goes with it.
   */
  const dataRootOf = (console: Place): string => path.join(options.dataRoot, outputId(console));
  /** The names of the folders that this server has made. */
  const own = new Set<string>();
  const removeFolders = (console: Place): void => {
    own.delete(outputId(console));
    outputs.forget(outputId(console)); // nobody will write, should its start have been cut short
    removeConsole(console);
    rmSync(dataRootOf(console), { recursive: true, force: true });
  };
  return {
    async prepare({ stdin, stdinOnce, tty }) {
      outputs.prepare();
      // Random, not the container's name: a folder is never met twice.
      const name = randomBytes(NAME_BYTES).toString('hex');
      own.add(name);
      const folder = path.join(consoles, name);
      const console: ConsoleSettings = { folder, stdin, stdinOnce, tty };
      await makeConsole(console);
      const ownArgs = ['--runtime', runtime, '--log-driver', 'none', '--data-root', dataRootOf(console)];
      return { console, ownArgs };
    },
    async start({ id, labels, logPath }, onUser) {
      const console = consoleOf(labels);
      try {
        await outputs.open(openRequest(console, logPath, logLimits));
        await tasks.start(id, taskStreams(console), (made) => {
          writeLastStart(made.labels, clock.now());
          onUser(userOf(made.spec));
        });
      } catch (error) {
        if (!isCutShort(error)) outputs.forget(outputId(console));
        throw error;
      }
    },
    // it still runs, or nerdctl says what else is wrong
    remove: (id) => tasks.remove(id).catch(() => endAndRemove(nerdctl, id)),
    removed: ({ labels }) => removeFolders(consoleOf(labels)),
    removeUnmade(made) {
      const known = new Set([...own, ...made.map(({ labels }) => outputId(consoleOf(labels)))]);
      const names = [consoles, options.dataRoot].flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
      for (const name of new Set(names)) {
        if (NAME.test(name) && !known.has(name)) removeFolders({ folder: path.join(consoles, name) });
      }
    },
  };
}

/** What nerdctl's own hook would write, which is a process of it for each start (runc-wrapper.ts). */
function writeLastStart(labels: Labels, at: number): void {
  const file = lifecycleFile({ labels });
  if (file !== undefined) writeFileSync(file, lifecycleText(at), { mode: 0o600 });
}
