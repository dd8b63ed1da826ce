// A pod's whole status as the API shows it: pkg/kubelet/kubelet_pods.go, generateAPIPodStatus. Pure.
import { qosClass } from '../../api/core/qos.ts';
import type { PodStatus } from '../../api/types/core/v1.ts';
import { isRunning, specOf } from '../pod-record.ts';
import { hasStartedRegular, podConditions } from './conditions.ts';
import { type ContainerStatusInput, containerStatuses } from './container-statuses.ts';
import { type Phase, phaseOf } from './phase.ts';

export interface PodStatusInput
  extends Pick<ContainerStatusInput, 'pod' | 'record' | 'waiting' | 'readiness' | 'terminationMessages'> {
  /** The status told last; the pod's own after a restart of the kubelet. */
  old: PodStatus;
  hostIPs: readonly string[];
  /** RFC 3339 */
  now: string;
  /** The pod has been stopped for good: deleted, failed by the kubelet, or all done. */
  terminal: boolean;
  /** The kubelet itself failed the pod: DeadlineExceeded, Evicted, … */
  failure?: { reason: string; message: string };
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, record, old } = input;
  const spec = specOf(pod);
  const statuses = (containers: typeof spec.containers, previous: PodStatus['containerStatuses'], isInit: boolean) =>
    containerStatuses({ ...input, containers, previous: previous ?? [], isInit });
  const init = statuses(spec.initContainers ?? [], old.initContainerStatuses, true);
  const regular = statuses(spec.containers, old.containerStatuses, false);
  const ephemeral = statuses(spec.ephemeralContainers ?? [], old.ephemeralContainerStatuses, false).map(
    ({ started: _, ...rest }) => rest,
  );
  const computed = phaseOf(pod, [...init, ...regular], {
    hasInitialized: hasStartedRegular(regular),
    terminal: input.terminal,
  });
  const phase = settledPhase(computed, input);
  const sandbox = record.sandboxes[0];
  const sandboxReady = sandbox?.state === 'ready';
  const ips = podIPs(input);
  const keeps = phase === old.phase;
  const reason = input.failure?.reason ?? (keeps ? old.reason : undefined);
  const message = input.failure?.message ?? (keeps ? old.message : undefined);
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    conditions: podConditions({
      pod,
      phase,
      sandboxReady,
      init,
      regular,
      old: old.conditions ?? [],
      now: input.now,
    }),
    ...(input.hostIPs.length > 0 ? { hostIP: input.hostIPs[0], hostIPs: input.hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips.length > 0 ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: old.startTime ?? pod.status?.startTime ?? input.now,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: pod.status?.qosClass ?? qosClass(spec),
  };
}

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
  if (input.terminal && !isEnd) return 'Failed';
  return wanted;
}

/** A finished pod keeps the address it had. */
function podIPs(input: PodStatusInput): readonly string[] {
  if (specOf(input.pod).hostNetwork) return input.record.sandboxes.length > 0 ? input.hostIPs : [];
  const sandbox = input.record.sandboxes[0];
  if (sandbox && sandbox.ips.length > 0 && sandbox.state === 'ready') return sandbox.ips;
  return input.terminal ? (input.old.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : [])) : [];
}
