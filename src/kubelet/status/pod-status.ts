// A pod's whole status as the API shows it: pkg/kubelet/kubelet_pods.go, generateAPIPodStatus. Pure.
import { qosClass } from '../../api/core/qos.ts';
import type { ContainerStatus, Pod, PodCondition, PodSpec, PodStatus } from '../../api/types/core/v1.ts';
import { allContainers, isRunning, type PodRecord, specOf } from '../pod-record.ts';
import type { PodFailure } from '../pod-state.ts';
import { canRestartAll, isCleanedUp, isRestartingAll, shouldRestartAll } from '../restart-all.ts';
import { isStaticPod } from '../static-pods/annotations.ts';
import { podConditions } from './conditions.ts';
import { type ContainerStatusInput, containerStatuses } from './container-statuses.ts';
import { finalStates } from './final-states.ts';
import { type Phase, phaseOf } from './phase.ts';
import { podResources } from './pod-resources.ts';
import { rejectedStatus } from './rejected.ts';

export interface PodStatusInput
  extends Pick<
    ContainerStatusInput,
    'pod' | 'record' | 'waiting' | 'readiness' | 'terminationMessages' | 'actuated' | 'engine'
  > {
  resizeConditions: readonly PodCondition[];
  /** The status told last; the pod's own after a restart of the kubelet. */
  old: PodStatus;
  hostIPs: readonly string[];
  /** RFC 3339 */
  now: string;
  /** The pod has been stopped for good: deleted, failed by the kubelet, or all done. */
  terminal: boolean;
  /** The kubelet itself failed the pod: DeadlineExceeded, Evicted, … */
  failure?: PodFailure;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const rejected = rejectedStatus(input);
  if (rejected) return rejected;
  const { pod, record, old } = input;
  const spec = specOf(pod);
  const restartsAll = canRestartAll(pod) && shouldRestartAll(pod, record, old);
  const statuses = (containers: typeof spec.containers, previous: PodStatus['containerStatuses'], isInit: boolean) =>
    containerStatuses({ ...input, containers, previous: previous ?? [], isInit, isRestartingAll: restartsAll });
  const seen = {
    init: statuses(spec.initContainers ?? [], old.initContainerStatuses, true),
    regular: statuses(spec.containers, old.containerStatuses, false),
  };
  const phase = settledPhase(
    phaseOf(pod, [...seen.init, ...seen.regular], {
      hasInitialized: hasStartedRegular(spec, record),
      terminal: input.terminal,
    }),
    input,
  );
  const { init, regular } = input.terminal ? finalStates(pod, seen) : seen;
  const ephemeral = statuses(spec.ephemeralContainers ?? [], old.ephemeralContainerStatuses, false).map(
    ({ started: _, ...rest }) => ({ ...rest, ready: false }), // nobody waits for them
  );
  const limit = messageLimit(spec);
  const ips = podIPs(input);
  const keeps = phase === old.phase;
  const failure = phase === 'Failed' ? input.failure : undefined;
  const reason = failure?.reason ?? (keeps ? old.reason || pod.status?.reason : undefined);
  const message = failure?.message ?? (keeps ? old.message || pod.status?.message : undefined);
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    conditions: podConditions({
      pod,
      phase,
      sandboxReady: hasUsableSandbox(spec, record),
      init,
      regular,
      old: old.conditions ?? [],
      resize: input.resizeConditions,
      more: disruption(pod, failure),
      ...(canRestartAll(pod) ? { restartingAll: restartsAll && !isCleanedUp(pod, record) } : {}),
      now: input.now,
    }),
    ...(input.hostIPs.length > 0 ? { hostIP: input.hostIPs[0], hostIPs: input.hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips.length > 0 ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: old.startTime ?? pod.status?.startTime ?? input.now,
    ...(init.length > 0 ? { initContainerStatuses: init.map((s) => limited(s, limit)) } : {}),
    containerStatuses: regular.map((s) => limited(s, limit)),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral.map((s) => limited(s, limit)) } : {}),
    qosClass: pod.status?.qosClass ?? qosClass(spec),
    ...podResources(pod),
  };
}

/** kubecontainer.HasAnyActiveRegularContainerStarted: those of former sandboxes do not count. */
const hasStartedRegular = (spec: PodSpec, record: PodRecord): boolean =>
  record.containers.some(
    (status) => status.sandboxId === record.sandboxes[0]?.id && spec.containers.some((c) => c.name === status.name),
  );

const hasUsableSandbox = (spec: PodSpec, { sandboxes: [newest] }: PodRecord): boolean =>
  newest?.state === 'ready' && (spec.hostNetwork === true || newest.ips.length > 0);

function disruption(pod: Pod, failure: PodFailure | undefined): PodCondition[] {
  if (!failure?.disruption) return [];
  const generation = pod.metadata.generation;
  return [
    {
      type: 'DisruptionTarget',
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status: 'True',
      ...failure.disruption,
    },
  ];
}

/** All last words of a pod's containers together (status_manager.go, normalizeStatus). */
const MAX_MESSAGES = 12 * 1024;

const messageLimit = (spec: PodSpec): number => Math.floor(MAX_MESSAGES / Math.max(1, allContainers(spec).length));

function limited(status: ContainerStatus, limit: number): ContainerStatus {
  const cut = (state: ContainerStatus['state']) => {
    const message = state?.terminated?.message;
    if (!state?.terminated || message === undefined || Buffer.byteLength(message) <= limit) return state;
    return { terminated: { ...state.terminated, message: firstBytes(message, limit) } };
  };
  return { ...status, state: cut(status.state), lastState: cut(status.lastState) };
}

/** Without half a character at the end. */
const firstBytes = (text: string, length: number): string =>
  Buffer.from(text)
    .subarray(0, length)
    .toString('utf8')
    .replace(/\uFFFD$/, '');

/** Nobody leaves a terminal phase; and a pod with something running is not yet in one. */
function settledPhase(computed: Phase, input: PodStatusInput): Phase {
  for (const phase of [input.old.phase, input.pod.status?.phase]) {
    if (phase === 'Failed' || phase === 'Succeeded') return phase;
  }
  const wanted = input.failure ? 'Failed' : computed;
  const isEnd = wanted === 'Failed' || wanted === 'Succeeded';
  if (isEnd && input.record.containers.some(isRunning)) {
    // The last running container decides when it has ended (status manager: kubernetes#117615).
    return input.old.phase === undefined || input.old.phase === 'Unknown' ? 'Pending' : input.old.phase;
  }
  // Those that a restart of all has stopped begin again; upstream tells no status between the stop and the new start.
  if (isEnd && !input.terminal && !input.failure && isRestartingAll(input.old)) return input.old.phase as Phase;
  if (input.terminal && !isEnd && !isStaticPod(input.pod)) return 'Failed';
  return wanted;
}

/** A pod without a sandbox that runs keeps the address it had (pleg/generic.go, getPodIPs). */
function podIPs(input: PodStatusInput): readonly string[] {
  const told = (input.old.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  if (specOf(input.pod).hostNetwork) return told.length > 0 ? told : input.hostIPs;
  const sandbox = input.record.sandboxes[0];
  if (sandbox?.state === 'ready') return sandbox.ips;
  return sandbox || input.terminal ? told : [];
}
