// containerStatuses as the API shows them, from what the runtime knows, what was told before, and why a start failed.
// Rules of pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses) and prober_manager.go (UpdatePodStatus). Pure.
import type {
  ContainerStatus as ApiContainerStatus,
  Container,
  ContainerState,
  ContainerStateTerminated,
  Pod,
} from '../../api/types/core/v1.ts';
import type { ContainerStatus } from '../cri/runtime.ts';
import { isSidecar, isToStart, type PodRecord, specOf } from '../pod-record.ts';

export interface ReadinessFacts {
  /** Whether the startup probe has succeeded, or there is none. */
  hasStarted(containerId: string, container: Container): boolean;
  /** Whether the readiness probe succeeds, or there is none. */
  isReady(containerId: string, container: Container): boolean;
}

export interface WaitingReason {
  reason: string;
  message?: string;
}

export interface ContainerStatusInput {
  pod: Pod;
  record: PodRecord;
  previous: readonly ApiContainerStatus[];
  containers: readonly Container[];
  isInit: boolean;
  /** Why the last start of a container failed or waits, by name. */
  waiting: ReadonlyMap<string, WaitingReason>;
  readiness: ReadinessFacts;
  /** What the container left as its last words, by id. */
  terminationMessages: ReadonlyMap<string, string>;
  /** The pod will not run again. */
  terminal: boolean;
}

const rfc3339 = (ms: number): string | undefined =>
  ms > 0 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : undefined;

export const containerUri = (id: string): string => `containerd://${id}`;
const LOST: ContainerStateTerminated = {
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  exitCode: 137,
};

export function containerStatuses(input: ContainerStatusInput): ApiContainerStatus[] {
  const statuses = input.containers.map((container) => statusOf(container, input));
  return input.isInit ? statuses : statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(container: Container, input: ContainerStatusInput): ApiContainerStatus {
  const attempts = input.record.containers.filter((c) => c.name === container.name);
  const old = input.previous.find((s) => s.name === container.name);
  const [newest, before] = attempts;
  const status = newest ? fromRuntime(container, newest, input) : absent(container, old, input);
  if (newest && before?.state === 'exited') {
    status.lastState = { terminated: terminatedState(before, input.terminationMessages) };
  } else if (newest && old) {
    const ended = old.containerID !== status.containerID ? old.state?.terminated : undefined;
    const kept = ended ?? old.lastState?.terminated;
    if (kept) status.lastState = { terminated: kept };
  }
  const waiting = input.waiting.get(container.name);
  if (waiting && !status.state?.running && (input.isInit || isToStart(container, input.pod, input.record))) {
    if (status.state?.terminated) status.lastState = { terminated: status.state.terminated };
    status.state = { waiting: { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) } };
  }
  if (input.terminal && !status.state?.terminated && !status.state?.running && hasRunBefore(old)) {
    status.state = { terminated: LOST };
  }
  return { ...withMounts(container, status), ...readinessOf(container, status, newest, input) };
}

const hasRunBefore = (old: ApiContainerStatus | undefined): boolean =>
  old?.state?.running !== undefined || old?.lastState?.terminated !== undefined;

/** The runtime has none: never made, or lost. */
function absent(
  container: Container,
  old: ApiContainerStatus | undefined,
  input: ContainerStatusInput,
): ApiContainerStatus {
  const reason = (specOf(input.pod).initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const status: ApiContainerStatus = {
    name: container.name,
    state: { waiting: { reason } },
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  if (old?.state?.terminated) return { ...old, ready: false };
  if (!old?.state?.running) return status;
  if (input.pod.metadata.deletionTimestamp || input.terminal) return { ...status, state: { terminated: LOST } };
  const message = 'The container could not be located when the pod was deleted.  The container used to be Running';
  return {
    ...status,
    lastState: { terminated: { ...LOST, message } },
    restartCount: status.restartCount + 1,
  };
}

function fromRuntime(container: Container, newest: ContainerStatus, input: ContainerStatusInput): ApiContainerStatus {
  const resources = container.resources;
  const hasResources = resources && (resources.limits || resources.requests);
  return {
    name: container.name,
    state: stateOf(newest, input.terminationMessages),
    lastState: {},
    ready: false,
    restartCount: newest.attempt,
    image: newest.image,
    imageID: newest.imageId,
    containerID: containerUri(newest.id),
    ...(resources?.requests ? { allocatedResources: resources.requests } : {}),
    ...(hasResources ? { resources } : { resources: {} }),
  };
}

function stateOf(status: ContainerStatus, messages: ReadonlyMap<string, string>): ContainerState {
  if (status.state === 'running') return { running: { startedAt: rfc3339(status.startedAt) } };
  if (status.state === 'exited') return { terminated: terminatedState(status, messages) };
  return { waiting: { reason: 'ContainerCreating' } };
}

export function terminatedState(
  status: ContainerStatus,
  messages: ReadonlyMap<string, string>,
): ContainerStateTerminated {
  const exitCode = status.exitCode ?? 137;
  const message = messages.get(status.id) || status.message;
  return {
    exitCode,
    ...(status.signal ? { signal: status.signal } : {}),
    reason: status.oomKilled
      ? 'OOMKilled'
      : exitCode === 0
        ? 'Completed'
        : status.startedAt === 0
          ? 'StartError'
          : 'Error',
    ...(message ? { message } : {}),
    startedAt: rfc3339(status.startedAt) ?? '1970-01-01T00:00:00Z',
    finishedAt: rfc3339(status.finishedAt),
    containerID: containerUri(status.id),
  };
}

/** What the mounts of a container are told as; recursiveReadOnly is asked for by nobody but says Disabled. */
function withMounts(container: Container, status: ApiContainerStatus): ApiContainerStatus {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return status;
  return {
    ...status,
    volumeMounts: mounts.map((m) => ({
      name: m.name,
      mountPath: m.mountPath,
      ...(m.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

function readinessOf(
  container: Container,
  status: ApiContainerStatus,
  newest: ContainerStatus | undefined,
  input: ContainerStatusInput,
): { ready: boolean; started: boolean } {
  const running = status.state?.running !== undefined && newest !== undefined;
  const started = running && input.readiness.hasStarted(newest.id, container);
  if (input.isInit && !isSidecar(container)) {
    return { ready: status.state?.terminated?.exitCode === 0, started };
  }
  return { ready: started && input.readiness.isReady(newest.id, container), started };
}
