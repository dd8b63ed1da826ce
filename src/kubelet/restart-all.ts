// restartPolicyRules with the action RestartAllContainers: the exit of one container takes all of them away, and the pod
// begins again in its sandbox (container/helpers.go, kuberuntime_manager.go getContainersToReset). Pure.
import type { Container, Pod, PodStatus } from '../api/types/core/v1.ts';
import type { ContainerStatus } from './cri/runtime.ts';
import { newestOf, type PodRecord, ruleFor, specOf } from './pod-record.ts';

export const RESTARTING_ALL = 'RestartingAllContainers';

export interface ContainerToReset {
  status: ContainerStatus;
  /** It runs, and has to be stopped first. */
  kill: boolean;
}

const restartable = (pod: Pod): Container[] => [...(specOf(pod).initContainers ?? []), ...specOf(pod).containers];

export const canRestartAll = (pod: Pod): boolean =>
  restartable(pod).some((c) => c.restartPolicyRules?.some((rule) => rule.action === 'RestartAllContainers'));

export const isRestartingAll = (status: PodStatus): boolean =>
  status.conditions?.some((c) => c.type === 'AllContainersRestarting' && c.status === 'True') ?? false;

const restartsAll = (container: Container, exitCode: number | undefined): boolean =>
  exitCode !== undefined && ruleFor(container, exitCode)?.action === 'RestartAllContainers';

/** It has been told so, or a container has ended with such an exit code, now or as it was told last. */
export function shouldRestartAll(pod: Pod, record: PodRecord, told: PodStatus): boolean {
  if (isRestartingAll(told)) return true;
  const statuses = [...(told.initContainerStatuses ?? []), ...(told.containerStatuses ?? [])];
  return restartable(pod).some((container) => {
    const newest = newestOf(record, container.name);
    const before = statuses.find((s) => s.name === container.name)?.state?.terminated?.exitCode;
    const now = newest?.state === 'exited' ? newest.exitCode : undefined;
    return restartsAll(container, now) || restartsAll(container, before);
  });
}

export const isCleanedUp = (pod: Pod, record: PodRecord): boolean =>
  restartable(pod).every((container) => newestOf(record, container.name) === undefined);

/** Those whose exit asked for it go last, so that a restart of the kubelet in between still knows why. */
export function containersToReset(pod: Pod, record: PodRecord): ContainerToReset[] {
  const { initContainers = [], containers } = specOf(pod);
  const of = (list: readonly Container[], areSources: boolean) =>
    list.flatMap((container) =>
      record.containers
        .filter((status) => status.name === container.name)
        .filter((s) => (s.state === 'exited' && restartsAll(container, s.exitCode)) === areSources)
        .map((status) => ({ status, kill: status.state !== 'exited' })),
    );
  return [...of(containers, false), ...of(initContainers, false), ...of(containers, true), ...of(initContainers, true)];
}
