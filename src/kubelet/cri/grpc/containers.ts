// ContainerRuntime by the CRI, over a table that the runtime's events keep true.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import type { ContainerTable } from '../container-table.ts';
import { LABEL_INSTANCE } from '../labels.ts';
import type { PodLogs } from '../pod-logs.ts';
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStatus,
  type ImageStatus,
  RuntimeError,
} from '../runtime.ts';
import { type Cri, isAbsent, REQUEST_TIMEOUT_MS } from './calls.ts';
import { containerStatusOf } from './from-cri.ts';
import type { Sandboxes } from './sandboxes.ts';
import {
  CONTAINER_STATUS,
  CREATE_CONTAINER,
  LIST_CONTAINERS,
  REMOVE_CONTAINER,
  START_CONTAINER,
  STOP_CONTAINER,
  UPDATE_CONTAINER_RESOURCES,
} from './services.ts';
import { containerConfig, type Host, type ImageUser, linuxResources } from './to-cri.ts';

export interface Containers extends ContainerRuntime {
  resync(): Promise<void>;
}

export interface ContainersOptions {
  cri: Cri;
  table: ContainerTable;
  sandboxes: Pick<Sandboxes, 'configOf'>;
  logs: PodLogs;
  imageStatus(reference: string): Promise<ImageStatus | undefined>;
  host: Host;
  instance: string;
  clock: Clock;
  /** Resolves when the table is as true as the events. */
  synced(): Promise<void>;
}

export function createContainers(options: ContainersOptions): Containers {
  const { cri, table, host, clock } = options;

  /** undefined when there is no such container. */
  async function read(containerId: string): Promise<ContainerStatus | undefined> {
    try {
      const { status } = await cri.call('ContainerStatusError', CONTAINER_STATUS, { containerId });
      return status && containerStatusOf(status);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Brings the table to what the runtime says now, where an event may be late. */
  async function refresh(id: string): Promise<void> {
    const status = await read(id);
    if (status) table.advance(id, status);
    else table.remove(id);
  }

  async function userOf({ image }: ContainerConfig): Promise<ImageUser> {
    const status = await options.imageStatus(image);
    if (!status) throw new RuntimeError('CreateContainerError', `image "${image}" is not present`);
    const [user = ''] = (status.user ?? '').split(':');
    return /^\d*$/.test(user) ? { uid: Number(user) } : { name: user };
  }

  return {
    async createContainer(config) {
      const sandbox = options.sandboxes.configOf(config.sandboxId);
      if (!sandbox) throw new RuntimeError('CreateContainerError', `no sandbox ${config.sandboxId}`);
      const imageUser = await userOf(config);
      const logPath = options.logs.file(config.name, config.attempt);
      await mkdir(path.join(sandbox.logDirectory as string, config.name), { recursive: true, mode: 0o755 });
      const { containerId } = await cri.call('CreateContainerError', CREATE_CONTAINER, {
        podSandboxId: config.sandboxId,
        config: containerConfig(config, { sandbox, host, logPath, imageUser }),
        sandboxConfig: sandbox,
      });
      const status = await read(containerId);
      if (!status)
        throw new RuntimeError('CreateContainerError', `container ${containerId} vanished after it was created`);
      table.add(status);
      return containerId;
    },

    async startContainer(containerId) {
      try {
        await cri.call('RunContainerError', START_CONTAINER, { containerId });
      } catch (error) {
        await refresh(containerId).catch(() => undefined); // the first error tells why
        throw error;
      }
      table.advance(containerId, { state: 'running', startedAt: clock.now() }); // when the event is late
      const status = table.get(containerId);
      if (status) options.logs.link(status);
    },

    async stopContainer(containerId, graceSeconds) {
      await options.synced();
      if (table.get(containerId)?.state !== 'running') return;
      const timeout = Math.max(0, Math.ceil(graceSeconds));
      await cri
        .call('KillContainerError', STOP_CONTAINER, { containerId, timeout }, timeout * 1000 + REQUEST_TIMEOUT_MS)
        .catch((error: unknown) => {
          if (!isAbsent(error)) throw error;
        });
      await refresh(containerId);
    },

    async removeContainer(containerId) {
      const status = table.get(containerId);
      await cri.call('RemoveContainerError', REMOVE_CONTAINER, { containerId }).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
      });
      if (status) options.logs.removeContainer(status);
      table.remove(containerId);
    },

    async listContainers() {
      await options.synced();
      return table.list();
    },

    async containerStatus(id) {
      await options.synced();
      return table.get(id);
    },

    async updateContainer(containerId, resources) {
      if (!table.get(containerId)) throw new RuntimeError('UpdateContainerError', `no container ${containerId}`);
      const linux = linuxResources(resources, host);
      await cri.call('UpdateContainerError', UPDATE_CONTAINER_RESOURCES, { containerId, linux });
      table.update(containerId, resources);
    },

    resync: () =>
      table.resync(async () => {
        const filter = { labelSelector: { [LABEL_INSTANCE]: options.instance } };
        const { containers } = await cri.call('ListContainersError', LIST_CONTAINERS, { filter });
        const listed = await Promise.all(
          containers.map(async ({ id, state }) => {
            const status = table.get(id);
            return status && STATE[status.state] === state ? status : read(id);
          }),
        );
        return listed.filter((status) => status !== undefined);
      }),
  };
}

const STATE = {
  created: 'CONTAINER_CREATED',
  running: 'CONTAINER_RUNNING',
  exited: 'CONTAINER_EXITED',
  unknown: 'CONTAINER_UNKNOWN',
} as const;
