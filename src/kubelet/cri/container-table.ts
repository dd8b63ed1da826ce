// The driver's memory of its containers: filled by one list, kept true by events. A container only moves forward
// (created, running, exited), so that a list taken before an event cannot undo the event.

import type { ContainerdEvent } from './containerd/events.ts';
import type { ContainerStatus, ContainerUser, RuntimeEvent } from './runtime.ts';

const RANK = { unknown: 0, created: 1, running: 2, exited: 3 };

export interface ContainerTable {
  get(id: string): ContainerStatus | undefined;
  list(): ContainerStatus[];
  /** A container that was just created. */
  add(status: ContainerStatus): void;
  /** Moves a known container forward; nothing happens when it is already that far. */
  advance(id: string, change: Partial<ContainerStatus> & Pick<ContainerStatus, 'state'>): void;
  /** Its limits have changed. */
  update(id: string, resources: NonNullable<ContainerStatus['resources']>): void;
  /** It is known whom its first process began as. */
  setUser(id: string, user: ContainerUser): void;
  remove(id: string): void;
  applyEvent(event: ContainerdEvent): void;
  /** Takes over a full list; `known` are the ids that were in the table before the list was asked for. */
  applyList(statuses: readonly ContainerStatus[], known: ReadonlySet<string>): void;
  /** Resolves when the container has exited or is gone. */
  exited(id: string): Promise<void>;
}

export function createContainerTable(options: {
  emit(event: RuntimeEvent): void;
  onOom(status: ContainerStatus): void;
  wasOomKilled(status: ContainerStatus): boolean;
}): ContainerTable {
  const containers = new Map<string, ContainerStatus>();
  const waiters = new Map<string, (() => void)[]>();

  const emit = (type: RuntimeEvent['type'], status: ContainerStatus) => {
    options.emit({ type, containerId: status.id, sandboxId: status.sandboxId, podUid: status.pod.uid });
    if (type !== 'exited' && type !== 'deleted') return;
    for (const resolve of waiters.get(status.id) ?? []) resolve();
    waiters.delete(status.id);
  };

  const table: ContainerTable = {
    get: (id) => containers.get(id),
    list: () => [...containers.values()],
    add(status) {
      if (containers.has(status.id)) return;
      containers.set(status.id, { ...status, oomKilled: options.wasOomKilled(status) });
      emit('created', status);
    },
    advance(id, change) {
      const status = containers.get(id);
      if (!status || RANK[change.state] <= RANK[status.state]) return;
      const next = { ...status, ...change };
      containers.set(id, next);
      if (next.state === 'running') emit('started', next);
      if (next.state === 'exited') emit('exited', next);
    },
    update(id, { cpuShares, cpuQuota, memoryLimitBytes }) {
      const status = containers.get(id);
      if (!status) return;
      const changed = {
        ...(cpuShares === undefined ? {} : { cpuShares }),
        ...(cpuQuota === undefined ? {} : { cpuQuota }),
        ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
      };
      containers.set(id, { ...status, resources: { ...status.resources, ...changed } });
    },
    setUser(id, user) {
      const status = containers.get(id);
      if (status) containers.set(id, { ...status, user });
    },
    remove(id) {
      const status = containers.get(id);
      if (!status) return;
      containers.delete(id);
      emit('deleted', status);
    },
    applyEvent({ topic, containerId, at, exitCode }) {
      const status = containerId === undefined ? undefined : containers.get(containerId);
      if (!status) return; // another's container
      if (topic === '/tasks/start') table.advance(status.id, { state: 'running', startedAt: at });
      if (topic === '/tasks/exit') table.advance(status.id, { state: 'exited', finishedAt: at, exitCode });
      if (topic === '/containers/delete') table.remove(status.id);
      if (topic === '/tasks/oom') {
        const killed = { ...status, oomKilled: true };
        containers.set(status.id, killed);
        options.onOom(killed);
        emit('oom', killed);
      }
    },
    applyList(statuses, known) {
      for (const status of statuses) {
        table.add(status);
        table.advance(status.id, status);
      }
      const present = new Set(statuses.map((s) => s.id));
      for (const id of known) if (!present.has(id)) table.remove(id);
    },
    exited(id) {
      const status = containers.get(id);
      if (!status || status.state === 'exited') return Promise.resolve();
      return new Promise((resolve) => waiters.set(id, [...(waiters.get(id) ?? []), resolve]));
    },
  };
  return table;
}
