// ContainerRuntime by nerdctl (create, inspect), containerd (start, remove) and runc (signals: a third of nerdctl's time).
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import { run } from '../../../exec.ts';
import { isMissingFile } from '../../../missing-file.ts';
import type { LogLimits } from '../../logs/log-file.ts';
import type { ContainerTable } from '../container-table.ts';
import { isCutShort, type Labels, type Tasks } from '../containerd/tasks.ts';
import { LABEL_IMAGE_ID, LABEL_PROCESSES_OF, LABEL_SANDBOX, LABEL_STOP_SIGNAL } from '../labels.ts';
import { lowestOomScoreAdj } from '../oom-score.ts';
import type { PodLogs } from '../pod-logs.ts';
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStatus,
  type ImageRuntime,
  RuntimeError,
} from '../runtime.ts';
import { type CreateContext, containerLabels, createArgs, updateArgs } from './argv.ts';
import { type Nerdctl, runcArgv } from './cli.ts';
import {
  type ConsoleSettings,
  consoleOf,
  makeConsole,
  openRequest,
  outputId,
  removeConsole,
  taskStreams,
} from './console.ts';
import { hasEnded, isAbsent, missingObjects, runtimeError } from './errors.ts';
import type { ImageMounts } from './image-mounts.ts';
import type { Outputs } from './outputs.ts';
import {
  lifecycleFile,
  lifecycleText,
  parseContainers,
  parseLifecycle,
  START_ERROR_EXIT_CODE,
  sinceStart,
} from './parse.ts';
import type { SandboxRecords } from './records.ts';
import { userOf } from './runc-wrapper.ts';

export interface ContainersOptions {
  nerdctl: Nerdctl;
  records: SandboxRecords;
  table: ContainerTable;
  images: Pick<ImageRuntime, 'imageStatus'>;
  clock: Clock;
  /** Path of the runc wrapper. */
  runtime: string;
  tasks: Pick<Tasks, 'start' | 'remove'>;
  imageMounts: ImageMounts;
  /** The folder of the containers' consoles. */
  consoles: string;
  /** Where nerdctl keeps what it has of containers. */
  dataRoot: string;
  outputs: Outputs;
  logs: PodLogs;
  logLimits: LogLimits;
  /** Resolves when the table is as true as the event stream. */
  synced(): Promise<void>;
}

export function createContainers(options: ContainersOptions): ContainerRuntime {
  const { nerdctl, records, table, clock } = options;
  const minOomScoreAdj = lowestOomScoreAdj();

  const kill = async (id: string, signal: string) => {
    const status = table.get(id);
    const sandbox = records.get(status?.sandboxId ?? '');
    const sharesPids =
      sandbox?.pidHolder !== undefined || sandbox?.config.hostPID || status?.labels[LABEL_PROCESSES_OF] !== undefined;
    // in its own PID namespace the end of the first process ends all
    const all = signal === 'SIGKILL' && sharesPids ? ['--all'] : [];
    await run(runcArgv(['kill', ...all, id, signal])).catch((error: unknown) => {
      if (!hasEnded(error)) throw runtimeError('KillContainerError', error);
    });
  };

  const endAndRemove = async (id: string) => {
    await nerdctl.run('RemoveContainerError', ['rm', '--force', id]).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  };

  const start = async (status: ContainerStatus) => {
    const { id } = status;
    const console = consoleOf(status.labels);
    try {
      await options.outputs.open(openRequest(console, status.logPath, options.logLimits));
      await options.tasks.start(id, taskStreams(console), ({ labels, spec }) => {
        writeLastStart(labels, clock.now());
        table.setUser(id, userOf(spec));
      });
      options.logs.link(status);
      table.advance(id, { state: 'running', startedAt: clock.now() }); // when the event is late
    } catch (error) {
      if (isCutShort(error)) throw error; // whether it runs is seen when containerd answers again
      options.outputs.forget(outputId(console));
      table.advance(id, {
        state: 'exited',
        finishedAt: clock.now(),
        exitCode: START_ERROR_EXIT_CODE,
        message: (error as Error).message,
      });
      throw error;
    }
  };

  return {
    async createContainer(config) {
      const sandbox = records.get(config.sandboxId);
      if (!sandbox) throw new RuntimeError('CreateContainerError', `no sandbox ${config.sandboxId}`);
      const image = await options.images.imageStatus(config.image);
      if (!image) throw new RuntimeError('CreateContainerError', `image "${config.image}" is not present`);
      options.outputs.prepare();
      const console = consoleFor(config, options.consoles);
      const logPath = path.join(options.logs.folder(sandbox.pod), options.logs.file(config.name, config.attempt));
      const [{ mounts, labels }] = await Promise.all([
        options.imageMounts.resolve(config.mounts, records.folder(sandbox.id)),
        makeConsole(console),
      ]);
      const whole = { ...config, mounts, labels: { ...config.labels, ...labels } };
      const dataRoot = dataRootOf(console, options.dataRoot);
      const context = { sandbox, image, runtime: options.runtime, dataRoot, console, logPath, minOomScoreAdj };
      const { stdout } = await nerdctl.run('CreateContainerError', createArgs(whole, context));
      const id = stdout.trim().split('\n').at(-1) as string;
      table.add(createdStatus(id, containerLabels(whole, context), { config, context, at: clock.now() }));
      return id;
    },

    async startContainer(id) {
      const status = table.get(id);
      if (!status) throw new RuntimeError('RunContainerError', `no container ${id}`);
      await table.during(id, () => start(status));
    },

    async stopContainer(id, graceSeconds) {
      await options.synced();
      const status = table.get(id);
      if (status?.state !== 'running') return;
      const exited = table.exited(id);
      if (graceSeconds <= 0) {
        await kill(id, 'SIGKILL');
        return exited;
      }
      await kill(id, status.labels[LABEL_STOP_SIGNAL] ?? 'SIGTERM');
      const killed = Promise.withResolvers<never>();
      const timer = clock.after(graceSeconds * 1000, () => {
        kill(id, 'SIGKILL').catch(killed.reject);
      });
      try {
        await Promise.race([exited, killed.promise]);
      } finally {
        timer.cancel();
      }
    },

    async removeContainer(id) {
      const status = table.get(id);
      // it still runs, or nerdctl says what else is wrong
      await table.during(id, () => options.tasks.remove(id).catch(() => endAndRemove(id)));
      if (status) {
        const console = consoleOf(status.labels);
        removeConsole(console);
        rmSync(dataRootOf(console, options.dataRoot), { recursive: true, force: true });
        options.logs.removeContainer(status);
      }
      table.remove(id);
    },

    async updateContainer(id, resources) {
      if (!table.get(id)) throw new RuntimeError('UpdateContainerError', `no container ${id}`);
      await nerdctl.run('UpdateContainerError', updateArgs(id, resources));
      table.update(id, resources);
    },

    async listContainers() {
      await options.synced();
      return table.list();
    },

    async containerStatus(id) {
      await options.synced();
      return table.get(id);
    },
  };
}

/** What a list would say of it, without asking. */
function createdStatus(
  id: string,
  labels: Readonly<Record<string, string>>,
  { config, context, at }: { config: ContainerConfig; context: CreateContext; at: number },
): ContainerStatus {
  const { cpuShares, cpuQuota, memoryLimitBytes } = config.resources;
  return {
    id,
    sandboxId: config.sandboxId,
    name: config.name,
    attempt: config.attempt,
    pod: context.sandbox.pod,
    state: 'created',
    createdAt: at,
    startedAt: 0,
    finishedAt: 0,
    oomKilled: false,
    image: config.image,
    imageId: labels[LABEL_IMAGE_ID] ?? '',
    logPath: context.logPath,
    labels,
    resources: {
      ...(cpuShares ? { cpuShares } : {}),
      ...(cpuQuota ? { cpuQuota } : {}),
      ...(memoryLimitBytes ? { memoryLimitBytes } : {}),
    },
  };
}

/**
 * All containers of ours in two calls, however many there are, and one more for each that nerdctl finds no task of: it says
 * so of one that never started, of one that lost its task, and of one that it could not look at.
 */
export async function listAllContainers(
  nerdctl: Nerdctl,
  { tasks, clock }: { tasks: Pick<Tasks, 'state'>; clock: Clock },
): Promise<ContainerStatus[]> {
  const { stdout } = await nerdctl.run('ListContainersError', [
    'ps',
    '--all',
    '--quiet',
    '--no-trunc',
    '--filter',
    `label=${LABEL_SANDBOX}`,
  ]);
  const ids = stdout.split('\n').filter(Boolean);
  const listed = await inspect(nerdctl, ids);
  return Promise.all(
    listed.map(async (status) => {
      const startedAt = status.state === 'created' ? await lastStart(status) : 0;
      if (startedAt === 0) return status;
      const task = await tasks.state(status.id);
      return sinceStart(status, { startedAt, task, at: clock.now() });
    }),
  );
}

/** What nerdctl's own hook would write, which is a process of it for each start (runc-wrapper.ts). */
function writeLastStart(labels: Labels, at: number): void {
  const file = lifecycleFile({ labels });
  if (file !== undefined) writeFileSync(file, lifecycleText(at), { mode: 0o600 });
}

async function lastStart(status: ContainerStatus): Promise<number> {
  const file = lifecycleFile(status);
  try {
    return file === undefined ? 0 : parseLifecycle(await readFile(file, 'utf8'));
  } catch (error) {
    if (isMissingFile(error)) return 0; // it never started
    throw error;
  }
}

/** nerdctl tells of none when it misses one, which was removed meanwhile: it is asked about the others again. */
async function inspect(nerdctl: Nerdctl, ids: readonly string[]): Promise<ContainerStatus[]> {
  if (ids.length === 0) return [];
  try {
    return parseContainers((await run(nerdctl.argv(['inspect', '--type', 'container', ...ids]))).stdout);
  } catch (error) {
    const missing = missingObjects(error);
    const others = ids.filter((id) => !missing.has(id));
    if (others.length < ids.length) return inspect(nerdctl, others);
    throw runtimeError('InspectContainerError', error);
  }
}

/**
 * nerdctl has one container at a time made in a folder of its data, and leaves a copy of a hosts file there for each
 * (filesystem-ops/): every container has a folder of its own, which goes with it.
 */
const dataRootOf = (console: ConsoleSettings, dataRoot: string): string => path.join(dataRoot, outputId(console));

/** Random, not the container's name: a folder is never met twice. */
function consoleFor({ stdin, stdinOnce, tty }: ContainerConfig, consoles: string): ConsoleSettings {
  return { folder: path.join(consoles, randomBytes(6).toString('hex')), stdin, stdinOnce, tty };
}
