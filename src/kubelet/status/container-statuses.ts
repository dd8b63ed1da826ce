// containerStatuses as the API shows them, from what the runtime knows, what was told before, and why a start failed.
// Rules of pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses) and prober_manager.go (UpdatePodStatus). Pure.
import type {
  ContainerStatus as ApiContainerStatus,
  Container,
  ContainerState,
  ContainerStateTerminated,
  Pod,
  VolumeMount,
} from '../../api/types/core/v1.ts';
import { normalizeReference } from '../cri/image-reference.ts';
import type { ContainerStatus, ContainerUser } from '../cri/runtime.ts';
import { isSidecar, isToStart, newestOf, type PodRecord, specOf } from '../pod-record.ts';
import type { Allocation } from '../resize/allocation.ts';
import { RESTARTING_ALL } from '../restart-all.ts';

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
  /** The resources that running containers have. */
  actuated: Allocation;
  /** The runtime's, as the ids of containers are told with. */
  engine: string;
  /** An exit restarts all containers (restartPolicyRules). */
  isRestartingAll: boolean;
}

const rfc3339 = (ms: number): string | undefined =>
  ms > 0 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : undefined;

/** pkg/kubelet/container/runtime.go ContainerID.String */
const containerUri = (engine: string, id: string): string => `${engine}://${id}`;

/** A container of which nobody knows how it ended. */
export const lost = (message: string): ContainerStateTerminated => ({
  reason: 'ContainerStatusUnknown',
  message,
  exitCode: 137,
});
const USED_TO_RUN = 'The container could not be located when the pod was deleted.  The container used to be Running';
const INIT_IS_DONE =
  'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally';
const RESET = 'The container is removed because RestartAllContainers in place';

export function containerStatuses(input: ContainerStatusInput): ApiContainerStatus[] {
  const statuses = input.containers.map((container) => statusOf(container, input));
  return input.isInit ? statuses : statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(container: Container, input: ContainerStatusInput): ApiContainerStatus {
  const { record, pod } = input;
  const attempts = record.containers.filter((c) => c.name === container.name);
  const old = input.previous.find((s) => s.name === container.name);
  const [newest, before] = attempts;
  const status = newest ? fromRuntime(container, newest, input) : absent(container, old, input);
  if (newest && old) status.restartCount = restartCountOf(status, old);
  // A runtime may tell it once, when the container starts.
  if (newest && !status.user && old?.user && old.containerID === status.containerID) status.user = old.user;
  if (newest && before?.state === 'exited') {
    status.lastState = { terminated: terminatedState(before, input) };
  } else if (newest && old) {
    const ended = old.containerID !== status.containerID ? old.state?.terminated : undefined;
    const kept = ended ?? old.lastState?.terminated;
    if (kept) status.lastState = { terminated: kept };
  }
  const isInitDone = input.isInit && newest?.state === 'exited' && newest.exitCode === 0;
  const waiting = input.waiting.get(container.name);
  if (waiting && !isInitDone && isToStart(container, pod, record)) {
    if (status.state?.terminated) status.lastState = { terminated: status.state.terminated };
    status.state = { waiting: { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) } };
  }
  return { ...withMounts(container, status), ...readinessOf(container, status, newest, input) };
}

/** After a restart of all, the runtime counts from the beginning. */
function restartCountOf(status: ApiContainerStatus, old: ApiContainerStatus): number {
  if (status.state?.running && old.state?.terminated && old.restartCount >= status.restartCount) {
    return old.containerID === status.containerID ? old.restartCount : old.restartCount + 1;
  }
  return Math.max(status.restartCount, old.restartCount);
}

/** The runtime has none: never made, taken away, or lost. */
function absent(
  container: Container,
  old: ApiContainerStatus | undefined,
  input: ContainerStatusInput,
): ApiContainerStatus {
  const { pod, record } = input;
  const reason = (specOf(pod).initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const status: ApiContainerStatus = {
    name: container.name,
    state: { waiting: { reason } },
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  if (input.isRestartingAll && old && !old.state?.waiting) {
    const ended = { reason: RESTARTING_ALL, message: RESET, exitCode: 137 };
    return {
      ...status,
      state: { waiting: { reason: RESTARTING_ALL, message: RESET } },
      lastState: { terminated: ended },
      restartCount: old.restartCount + 1,
    };
  }
  if (old?.state?.terminated) return { ...old, ready: false };
  if (input.isInit && !isSidecar(container) && !input.isRestartingAll && isInitialized(pod, record)) {
    return { ...status, state: { terminated: { reason: 'Completed', message: INIT_IS_DONE, exitCode: 0 } } };
  }
  if (!old?.state?.running || old.lastState?.terminated) return status;
  return {
    ...status,
    lastState: { terminated: lost(USED_TO_RUN) },
    restartCount: status.restartCount + (pod.metadata.deletionTimestamp ? 0 : 1),
  };
}

/** Regular containers are made when all init containers are done. */
const isInitialized = (pod: Pod, record: PodRecord): boolean =>
  specOf(pod).containers.some((c) => newestOf(record, c.name) !== undefined);

function fromRuntime(container: Container, newest: ContainerStatus, input: ContainerStatusInput): ApiContainerStatus {
  const given = container.resources;
  const actual = newest.state === 'running' ? (input.actuated.containers[container.name] ?? given) : given;
  return {
    name: container.name,
    state: stateOf(newest, input),
    lastState: {},
    ready: false,
    restartCount: newest.attempt,
    image: normalizeReference(newest.image), // its full name, as containerd's CRI tells it
    imageID: newest.imageId,
    containerID: containerUri(input.engine, newest.id),
    ...(given?.requests ? { allocatedResources: given.requests } : {}),
    resources: actual ?? {},
    ...(newest.user ? { user: userOf(newest.user) } : {}),
  };
}

/** Upstream leaves an empty list of groups out. */
const userOf = ({ uid, gid, supplementalGroups: groups }: ContainerUser): ApiContainerStatus['user'] => ({
  linux: { uid, gid, ...(groups.length > 0 ? { supplementalGroups: [...groups] } : {}) },
});

type Told = Pick<ContainerStatusInput, 'terminationMessages' | 'engine'>;

function stateOf(status: ContainerStatus, input: Told): ContainerState {
  if (status.state === 'running') return { running: { startedAt: rfc3339(status.startedAt) } };
  if (status.state === 'exited') return { terminated: terminatedState(status, input) };
  return { waiting: { reason: 'ContainerCreating' } };
}

function terminatedState(status: ContainerStatus, { terminationMessages, engine }: Told): ContainerStateTerminated {
  const exitCode = status.exitCode ?? 137;
  const message = [status.message, terminationMessages.get(status.id)].filter(Boolean).join(': ');
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
    containerID: containerUri(engine, status.id),
  };
}

/** What the mounts of a container are told as: a runtime that runs them has what they ask for, or does not run them. */
function withMounts(container: Container, status: ApiContainerStatus): ApiContainerStatus {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return status;
  return {
    ...status,
    volumeMounts: mounts.map((m) => ({
      name: m.name,
      mountPath: m.mountPath,
      ...(m.readOnly ? { readOnly: true, recursiveReadOnly: recursionOf(m) } : {}),
    })),
  };
}

const recursionOf = ({ recursiveReadOnly = 'Disabled' }: VolumeMount): string =>
  recursiveReadOnly === 'Disabled' ? 'Disabled' : 'Enabled';

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
