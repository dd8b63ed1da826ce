// The next step of a pod as a pure function of its spec and of what the runtime knows; the decisions are those of
// pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and kuberuntime_container.go.
import type { Container, Pod, PodStatus } from '../api/types/core/v1.ts';
import { isChanged } from './container-hash.ts';
import type { ContainerStatus } from './cri/runtime.ts';
import { isSidecar, isToStart, newestOf, type PodRecord, restartsAfter, specOf } from './pod-record.ts';
import { type ContainerToReset, containersToReset, isRestartingAll } from './restart-all.ts';

export type ProbeOutcome = 'success' | 'failure' | 'unknown';

/** Last outcome of a probe by container id; undefined when there is none yet. */
export interface ProbeOutcomes {
  liveness(containerId: string): ProbeOutcome | undefined;
  startup(containerId: string): ProbeOutcome | undefined;
}

export interface ContainerToKill {
  status: ContainerStatus;
  container: Container;
  message: string;
  reason?: 'LivenessProbe' | 'StartupProbe' | 'Unknown';
}

export interface PodActions {
  /** Stop everything, sandbox included. */
  killPod: boolean;
  createSandbox: boolean;
  /** Attempt of the sandbox to create. */
  attempt: number;
  /** The sandbox to run containers in, when there is one to keep. */
  sandboxId?: string;
  start: Container[];
  kill: ContainerToKill[];
  /** Containers to stop and take away before anything else, because the exit of one restarts them all. */
  reset: ContainerToReset[];
}

export function computePodActions(
  pod: Pod,
  record: PodRecord,
  given: {
    probes: ProbeOutcomes;
    /** As it was told last. */
    status: PodStatus;
    /** Names of containers that a resize starts anew. */
    resizeRestarts: ReadonlySet<string>;
  },
): PodActions {
  const reset = isRestartingAll(given.status) ? containersToReset(pod, record) : [];
  if (reset.length > 0) {
    return { killPod: false, createSandbox: false, attempt: 0, start: [], kill: [], reset };
  }
  const spec = specOf(pod);
  const sandbox = record.sandboxes[0];
  const usable = sandbox?.state === 'ready' && (spec.hostNetwork || sandbox.ips.length > 0);
  if (!usable) return withNewSandbox(pod, record, sandbox ? sandbox.attempt + 1 : 0);

  const actions: PodActions = {
    killPod: false,
    createSandbox: false,
    attempt: sandbox.attempt,
    sandboxId: sandbox.id,
    start: [],
    kill: [],
    reset,
  };
  const ephemeral = (spec.ephemeralContainers ?? []).filter((c) => !newestOf(record, c.name));
  const init = computeInitActions(pod, record, given);
  actions.kill.push(...init.kill);
  if (init.failed) return { ...actions, killPod: true };
  actions.start.push(...ephemeral, ...init.start);
  if (!init.initialized) return actions;

  let kept = 0;
  const regular: Container[] = [];
  for (const container of spec.containers) {
    const status = newestOf(record, container.name);
    if (status?.state !== 'running') {
      if (!isToStart(container, pod, record)) continue;
      regular.push(container);
      if (status?.state === 'unknown') actions.kill.push(unknownState(container, status, 'Container'));
      continue;
    }
    const why = reasonToKill(container, status, given);
    if (!why) {
      kept++;
      continue;
    }
    // A changed definition or size restarts it whatever its policy.
    const restart = why.reason === undefined || (container.restartPolicy ?? spec.restartPolicy) !== 'Never';
    if (restart) regular.push(container);
    const message = `Container ${container.name} ${why.what}${restart && why.what !== RESIZE ? ', will be restarted' : ''}`;
    actions.kill.push({ status, container, message, ...(why.reason ? { reason: why.reason } : {}) });
  }
  if (kept === 0 && regular.length === 0) return { ...actions, killPod: true, start: ephemeral };
  actions.start.push(...regular);
  return actions;
}

/** Without a usable sandbox everything starts from the beginning, unless the pod is done. */
function withNewSandbox(pod: Pod, record: PodRecord, attempt: number): PodActions {
  const spec = specOf(pod);
  const actions: PodActions = { killPod: true, createSandbox: true, attempt, start: [], kill: [], reset: [] };
  if (spec.restartPolicy === 'Never' && attempt !== 0 && record.containers.length > 0) {
    return { ...actions, createSandbox: false };
  }
  const start = spec.containers.filter((container) => {
    const status = newestOf(record, container.name);
    const runsOnce = (container.restartPolicy ?? spec.restartPolicy) === 'OnFailure';
    return !(runsOnce && status?.state === 'exited' && status.exitCode === 0);
  });
  if (start.length === 0 && spec.containers.some((c) => newestOf(record, c.name))) {
    return { ...actions, createSandbox: false };
  }
  const first = spec.initContainers?.[0];
  return { ...actions, start: first ? [first] : start };
}

interface InitActions {
  initialized: boolean;
  /** An init container failed for good. */
  failed: boolean;
  start: Container[];
  kill: ContainerToKill[];
}

/**
 * Looks at the init containers from the last to the first: the last one that has run says how far the pod is, those
 * before it are done (and may have been removed), and of them only sidecars are kept running.
 */
function computeInitActions(pod: Pod, record: PodRecord, given: Given): InitActions {
  const spec = specOf(pod);
  const init = spec.initContainers ?? [];
  const result: InitActions = { initialized: init.length === 0, failed: false, start: [], kill: [] };
  if (init.length === 0) return result;
  result.initialized = spec.containers.some((c) => {
    const state = newestOf(record, c.name)?.state;
    return state === 'running' || state === 'created';
  });
  let laterHasRun = result.initialized;
  const starts = new Set<number>();

  for (let i = init.length - 1; i >= 0; i--) {
    const container = init[i] as Container;
    const status = newestOf(record, container.name);
    if (!status) {
      if (laterHasRun && isSidecar(container)) starts.add(i);
      continue;
    }
    if (laterHasRun && !isSidecar(container)) continue;
    const isLast = i === init.length - 1;
    const goOn = () => {
      if (isLast) result.initialized = true;
      else if (!laterHasRun) starts.add(i + 1);
    };
    if (isSidecar(container)) computeSidecar(container, status, { given, result, again: () => starts.add(i), goOn });
    else if (status.state === 'created') starts.add(i);
    else if (status.state === 'exited' && status.exitCode === 0) goOn();
    else if (status.state !== 'running') {
      const restarts =
        status.state === 'exited'
          ? restartsInit(container, pod, status.exitCode ?? 0)
          : (container.restartPolicy ?? spec.restartPolicy) !== 'Never';
      if (!restarts) return { ...result, failed: true, start: [] };
      if (status.state === 'unknown') result.kill.push(unknownState(container, status, 'Init container'));
      starts.add(i);
    }
    laterHasRun = true;
  }
  if (!laterHasRun) starts.add(0);
  result.start = [...starts].sort((a, b) => a - b).map((i) => init[i] as Container);
  return result;
}

/** An init container is done only when it succeeds: with restartPolicy Always it runs again on failure only. */
const restartsInit = (container: Container, pod: Pod, exitCode: number): boolean =>
  restartsAfter(container, specOf(pod), exitCode);

function computeSidecar(
  container: Container,
  status: ContainerStatus,
  at: { given: Given; result: InitActions; again(): void; goOn(): void },
): void {
  const killFor = (probe: 'startup' | 'liveness') => {
    at.result.kill.push({
      status,
      container,
      message: `Init container ${container.name} failed ${probe} probe`,
      reason: probe === 'liveness' ? 'LivenessProbe' : 'StartupProbe',
    });
    at.again();
  };
  const killAs = (message: string) => {
    at.result.kill.push({ status, container, message });
    at.again();
  };
  if (status.state === 'unknown') at.result.kill.push(unknownState(container, status, 'Init container'));
  const startup = container.startupProbe ? at.given.probes.startup(status.id) : 'success';
  if (status.state !== 'running') at.again();
  else if (startup === 'failure') killFor('startup');
  else if (startup === 'success') {
    at.goOn();
    if (isChanged(container, status)) killAs(`Init container ${container.name} definition changed`);
    else if (container.livenessProbe && at.given.probes.liveness(status.id) === 'failure') killFor('liveness');
    else if (at.given.resizeRestarts.has(container.name)) killAs(`Container ${container.name} ${RESIZE}`);
  }
}

interface Given {
  probes: ProbeOutcomes;
  resizeRestarts: ReadonlySet<string>;
}

const RESIZE = 'resize requires restart';

function reasonToKill(
  container: Container,
  status: ContainerStatus,
  { probes, resizeRestarts }: Given,
): { what: string; reason?: 'LivenessProbe' | 'StartupProbe' } | undefined {
  if (isChanged(container, status)) return { what: 'definition changed' };
  if (probes.liveness(status.id) === 'failure') return { what: 'failed liveness probe', reason: 'LivenessProbe' };
  if (probes.startup(status.id) === 'failure') return { what: 'failed startup probe', reason: 'StartupProbe' };
  if (resizeRestarts.has(container.name)) return { what: RESIZE };
  return undefined;
}

const unknownState = (container: Container, status: ContainerStatus, what: string): ContainerToKill => ({
  status,
  container,
  message: `${what} is in "unknown" state, try killing it before restart`,
  reason: 'Unknown',
});
