// The phase of a pod from the statuses of its containers: pkg/kubelet/kubelet_pods.go, getPhase. Pure.
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from '../../api/types/core/v1.ts';
import { isSidecar, restartsAfter, specOf } from '../pod-record.ts';
import { RESTARTING_ALL } from '../restart-all.ts';
import { isStaticPod } from '../static-pods/annotations.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export function phaseOf(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  options: { hasInitialized: boolean; terminal: boolean },
): Phase {
  const spec = specOf(pod);
  const count = { pendingInit: 0, pendingSidecar: 0, failedInit: 0, unknown: 0, running: 0, waiting: 0 };
  const stopped = { all: 0, forGood: 0, succeeded: 0 };
  const find = (container: Container) => statuses.find((s) => s.name === container.name);
  const isRestarted = (container: Container, { exitCode, reason }: ContainerStateTerminated) =>
    reason === RESTARTING_ALL || restartsAfter(container, spec, exitCode);

  for (const container of spec.initContainers ?? []) {
    const status = find(container);
    if (isSidecar(container)) {
      if (!status) count.unknown++;
      else if (status.state?.running) {
        if (!status.started) count.pendingSidecar++;
        count.running++;
      } else if (status.state?.waiting && !status.lastState?.terminated) {
        count.pendingSidecar++;
        count.waiting++;
      }
      continue;
    }
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (!ended) count.pendingInit++;
    else if (ended.exitCode !== 0 && !isRestarted(container, ended)) count.failedInit++;
  }
  for (const container of spec.containers) {
    const status = find(container);
    if (!status) count.unknown++;
    else if (status.state?.running) count.running++;
    else {
      const ended = status.state?.terminated ?? status.lastState?.terminated;
      if (!ended) {
        count.waiting++;
        continue;
      }
      stopped.all++;
      if (!isRestarted(container, ended)) stopped.forGood++;
      if (status.state?.terminated?.exitCode === 0) stopped.succeeded++;
    }
  }

  if (count.failedInit > 0) return 'Failed';
  if (count.pendingInit > 0 || (count.pendingSidecar > 0 && !options.hasInitialized) || count.waiting > 0) {
    return 'Pending';
  }
  if (count.running > 0 && count.unknown === 0) return 'Running';
  if (count.running > 0 || stopped.all === 0 || count.unknown > 0) return 'Pending';
  if (!(options.terminal && !isStaticPod(pod)) && stopped.all !== stopped.forGood) return 'Running';
  return stopped.all === stopped.succeeded ? 'Succeeded' : 'Failed';
}
