// ContainerRuntime by nerdctl (create, inspect), what starts and removes its containers, and runc (signals: a third of nerdctl's
// time).
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import { run } from '../../../exec.ts';
import type { ContainerTable } from '../container-table.ts';
import { isCutShort } from '../containerd/tasks.ts';
import { LABEL_CONSOLE, LABEL_IMAGE_ID, LABEL_LOG, LABEL_PROCESSES_OF, LABEL_STOP_SIGNAL } from '../labels.ts';
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
import { hasEnded, runtimeError } from './errors.ts';
import type { ImageMounts } from './image-mounts.ts';
import { START_ERROR_EXIT_CODE } from './parse.ts';
import { forgetEnd, type SandboxRecords } from './records.ts';

/** How a container's process begins, and where what it writes goes: containerd's tasks, or podman's conmon. */
export interface ContainerProcesses {
  /** Before the container is made. */
  prepare(config: ContainerConfig, logPath: string): Promise<{ console: ConsoleSettings; ownArgs: readonly string[] }>;
  /** Resolves when its process runs; `onUser` hears whom it begins as. */
  start(status: ContainerStatus, onUser: (user: ContainerUser) => void): Promise<void>;
  /** Idempotent; ends what still runs. */
  remove(id: string): Promise<void>;
  /** The container is gone, or was not made after all. */
  removed(status: Pick<ContainerStatus, 'labels'>): void;
}

export interface Containers extends ContainerRuntime {
  /**
   * Those of them that are known or that this server makes. Another one that has not started is of a nerdctl that outlived
   * the server it was run by: it is removed.
   */
  withoutStrays(listed: readonly ContainerStatus[]): Promise<ContainerStatus[]>;
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

export function createContainers(options: ContainersOptions): Containers {
  const { nerdctl, records, table, clock } = options;
  const minOomScoreAdj = lowestOomScoreAdj();
  /** As `identityOf` has them. */
  const inTheMaking = new Set<string>();

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
    async withoutStrays(listed) {
      const strays = listed.filter(
        ({ id, state, labels }) => state === 'created' && !table.get(id) && !inTheMaking.has(identityOf(labels)),
      );
      for (const stray of strays) {
        await options.processes.remove(stray.id);
        options.processes.removed(stray);
      }
      return listed.filter((status) => !strays.includes(status));
    },

    async createContainer(config) {
      const sandbox = records.get(config.sandboxId);
      if (!sandbox) throw new RuntimeError('CreateContainerError', `no sandbox ${config.sandboxId}`);
      const image = await options.images.imageStatus(config.image);
      if (!image) throw new RuntimeError('CreateContainerError', `image "${config.image}" is not present`);
      const logPath = path.join(options.logs.folder(sandbox.pod), options.logs.file(config.name, config.attempt));
      const { mounts, labels: mountLabels } = await options.imageMounts.resolve(
        config.mounts,
        records.folder(sandbox.id),
      );
      const { console, ownArgs } = await options.processes.prepare(config, logPath);
      const whole = { ...config, mounts, labels: { ...config.labels, ...mountLabels } };
      const context = { sandbox, image, ownArgs, console, logPath, minOomScoreAdj };
      const labels = containerLabels(whole, context);
      const identity = identityOf(labels);
      inTheMaking.add(identity);
      try {
        const { stdout } = await nerdctl.run('CreateContainerError', createArgs(whole, context));
        const id = stdout.trim().split('\n').at(-1) as string;
        table.add(createdStatus(id, labels, { config, context, at: clock.now() }));
        return id;
      } catch (error) {
        options.processes.removed({ labels });
        throw error;
      } finally {
        inTheMaking.delete(identity);
      }
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
        forgetEnd(records, status);
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

/**
 * What is known of a container before it has an id: the folder of its console, which is met once; or its log, which a stray one
 * of the same attempt has too, so that it stays until a later list.
 */
const identityOf = (labels: Readonly<Record<string, string>>): string =>
  labels[LABEL_CONSOLE] || (labels[LABEL_LOG] ?? '');

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
