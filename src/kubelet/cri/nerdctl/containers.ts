// ContainerRuntime by nerdctl (create, inspect), what starts and removes its containers, and runc (signals: a third of nerdctl's
// time).
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import { run } from '../../../exec.ts';
import { isMissingFile } from '../../../missing-file.ts';
import type { ContainerTable } from '../container-table.ts';
import { isCutShort, type Tasks } from '../containerd/tasks.ts';
import { LABEL_IMAGE_ID, LABEL_PROCESSES_OF, LABEL_SANDBOX, LABEL_STOP_SIGNAL } from '../labels.ts';
import { lowestOomScoreAdj } from '../oom-score.ts';
import type { PodLogs } from '../pod-logs.ts';
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStatus,
  type ContainerUser,
  type ImageRuntime,
  RuntimeError,
} from '../runtime.ts';
import { type CreateContext, containerLabels, createArgs, updateArgs } from './argv.ts';
import { type Nerdctl, runcArgv } from './cli.ts';
import type { ConsoleSettings } from './console.ts';
import { hasEnded, missingObjects, runtimeError } from './errors.ts';
import type { ImageMounts } from './image-mounts.ts';
import { lifecycleFile, parseContainers, parseLifecycle, START_ERROR_EXIT_CODE, sinceStart } from './parse.ts';
import type { SandboxRecords } from './records.ts';

/** How a container's process begins, and where what it writes goes: containerd's tasks, or podman's conmon. */
export interface ContainerProcesses {
  /** Before the container is made. */
  prepare(config: ContainerConfig, logPath: string): Promise<{ console: ConsoleSettings; ownArgs: readonly string[] }>;
  /** Resolves when its process runs; `onUser` hears whom it begins as. */
  start(status: ContainerStatus, onUser: (user: ContainerUser) => void): Promise<void>;
  /** Idempotent; ends what still runs. */
  remove(id: string): Promise<void>;
  /** The container is gone. */
  removed(status: ContainerStatus): void;
}

export interface ContainersOptions {
  nerdctl: Nerdctl;
  records: SandboxRecords;
  table: ContainerTable;
  images: Pick<ImageRuntime, 'imageStatus'>;
  clock: Clock;
  /** Where the state of the containers is for runc. */
  runcRoot: string;
  processes: ContainerProcesses;
  imageMounts: Pick<ImageMounts, 'resolve'>;
  logs: PodLogs;
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
    await run(runcArgv(options.runcRoot, ['kill', ...all, id, signal])).catch((error: unknown) => {
      if (!hasEnded(error)) throw runtimeError('KillContainerError', error);
    });
  };

  const start = async (status: ContainerStatus) => {
    const { id } = status;
    try {
      await options.processes.start(status, (user) => table.setUser(id, user));
      options.logs.link(status);
      table.advance(id, { state: 'running', startedAt: clock.now() }); // when the event is late
    } catch (error) {
      if (isCutShort(error)) throw error; // whether it runs is seen when containerd answers again
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
      const logPath = path.join(options.logs.folder(sandbox.pod), options.logs.file(config.name, config.attempt));
      const [{ mounts, labels }, { console, ownArgs }] = await Promise.all([
        options.imageMounts.resolve(config.mounts, records.folder(sandbox.id)),
        options.processes.prepare(config, logPath),
      ]);
      const whole = { ...config, mounts, labels: { ...config.labels, ...labels } };
      const context = { sandbox, image, ownArgs, console, logPath, minOomScoreAdj };
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
      await table.during(id, () => options.processes.remove(id));
      if (status) {
        options.processes.removed(status);
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
  const listed = await listAndInspect(nerdctl);
  return Promise.all(
    listed.map(async (status) => {
      const startedAt = status.state === 'created' ? await lastStart(status) : 0;
      if (startedAt === 0) return status;
      const task = await tasks.state(status.id);
      return sinceStart(status, { startedAt, task, at: clock.now() });
    }),
  );
}

/** All containers of ours as the program itself knows them, in two calls. */
export async function listAndInspect(nerdctl: Nerdctl): Promise<ContainerStatus[]> {
  const filter = `label=${LABEL_SANDBOX}`;
  const { stdout } = await nerdctl.run('ListContainersError', ['ps', '-a', '-q', '--no-trunc', '--filter', filter]);
  const ids = stdout.split('\n').filter(Boolean);
  return inspect(nerdctl, ids);
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
