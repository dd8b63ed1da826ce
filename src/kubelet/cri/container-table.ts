// The driver's memory of its containers: filled by a list, kept true by events. A container only moves forward
// (created, running, exited), so that a late event undoes nothing. A list takes a while and is of no one moment: what
// happens to a container meanwhile counts more than what the list says of it.
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
  /** No list says anything of the container while `work`, which changes it, is under way. */
  during<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Takes over what `list` finds of all containers but those that something has happened to meanwhile. */
  resync(list: () => Promise<readonly ContainerStatus[]>): Promise<void>;
  /** Resolves when the container has exited or is gone. */
  exited(id: string): Promise<void>;
}

/** What has happened since a list was begun. */
interface Meanwhile {
  changed: Set<string>;
  /** Of containers that are not in the table: the list may bring them. */
  events: ContainerdEvent[];
}

export function createContainerTable(options: {
  emit(event: RuntimeEvent): void;
  onOom(status: ContainerStatus): void;
  /** It is first seen to have ended. */
  onExit?(status: ContainerStatus): void;
  wasOomKilled(status: ContainerStatus): boolean;
}): ContainerTable {
  const containers = new Map<string, ContainerStatus>();
  const waiters = new Map<string, (() => void)[]>();
  const lists = new Set<Meanwhile>();
  const changing = new Map<string, number>();

  const changed = (id: string) => {
    for (const list of lists) list.changed.add(id);
  };

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
      changed(status.id);
      containers.set(status.id, { ...status, oomKilled: options.wasOomKilled(status) });
      if (status.state === 'exited') options.onExit?.(status);
      emit('created', status);
    },
    advance(id, change) {
      const status = containers.get(id);
      if (!status || RANK[change.state] <= RANK[status.state]) return;
      changed(id);
      const next = { ...status, ...change };
      containers.set(id, next);
      if (next.state === 'exited') options.onExit?.(next);
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
      changed(id);
      const status = containers.get(id);
      if (!status) return;
      containers.delete(id);
      emit('deleted', status);
    },
    applyEvent(event) {
      const { topic, containerId, at, exitCode } = event;
      if (containerId === undefined) return;
      const status = containers.get(containerId);
      if (topic === '/containers/delete') table.remove(containerId);
      else if (!status) for (const { events } of lists) events.push(event);
      else if (topic === '/tasks/start') table.advance(containerId, { state: 'running', startedAt: at });
      // One that never started has not ended: it is killed to be taken away, after a start that failed or was cut short.
      else if (topic === '/tasks/exit' && status.state !== 'created') {
        table.advance(containerId, { state: 'exited', finishedAt: at, exitCode });
      } else if (topic === '/tasks/oom') {
        const killed = { ...status, oomKilled: true };
        containers.set(containerId, killed);
        options.onOom(killed);
        emit('oom', killed);
      }
    },
    async during(id, work) {
      changing.set(id, (changing.get(id) ?? 0) + 1);
      try {
        return await work();
      } finally {
        changed(id);
        const left = (changing.get(id) ?? 0) - 1;
        if (left > 0) changing.set(id, left);
        else changing.delete(id);
      }
    },
    async resync(list) {
      const known = [...containers.keys()];
      const meanwhile: Meanwhile = { changed: new Set(), events: [] };
      lists.add(meanwhile);
      const statuses = await list().finally(() => lists.delete(meanwhile));
      const isSettled = (id: string) => !meanwhile.changed.has(id) && !changing.has(id);
      for (const status of statuses.filter(({ id }) => isSettled(id))) {
        table.add(status);
        table.advance(status.id, status);
      }
      const present = new Set(statuses.map(({ id }) => id));
      for (const id of known) if (!present.has(id) && isSettled(id)) table.remove(id);
      for (const event of meanwhile.events) table.applyEvent(event);
    },
    exited(id) {
      const status = containers.get(id);
      if (!status || status.state === 'exited') return Promise.resolve();
      return new Promise((resolve) => waiters.set(id, [...(waiters.get(id) ?? []), resolve]));
    },
  };
  return table;
}
