// What the runtime knows of one pod, and the questions that are asked of it. The newest attempt of a container counts.
import type { Container, Pod, PodSpec } from '../api/types/core/v1.ts';
import type { ContainerStatus, Sandbox } from './cri/runtime.ts';

export interface PodRecord {
  /** Newest first. */
  sandboxes: readonly Sandbox[];
  /** Newest first. */
  containers: readonly ContainerStatus[];
}

export const recordOf = (sandboxes: readonly Sandbox[], containers: readonly ContainerStatus[]): PodRecord => ({
  sandboxes: sandboxes.toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
  containers: containers.toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
});

export const newestOf = (record: PodRecord, name: string): ContainerStatus | undefined =>
  record.containers.find((c) => c.name === name);

export const isRunning = (status: ContainerStatus | undefined): boolean => status?.state === 'running';

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Regular, init and ephemeral ones. */
export const allContainers = (spec: PodSpec): Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
];

export const findContainer = (pod: Pod, name: string): Container | undefined =>
  pod.spec && allContainers(pod.spec).find((c) => c.name === name);

export const specOf = (pod: Pod): PodSpec => pod.spec as PodSpec;

/** Whether a container that ended with `exitCode` is run again: container rules, container policy, pod policy. */
export function restartsAfter(container: Container, spec: PodSpec, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const listed = rule.exitCodes?.values?.includes(exitCode) ?? false;
    const matches = rule.exitCodes?.operator === 'NotIn' ? !listed : listed;
    if (rule.exitCodes && matches && rule.action === 'Restart') return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** kubecontainer.ShouldContainerBeRestarted: whether the container is to be started, given its newest attempt. */
export function isToStart(container: Container, pod: Pod, record: PodRecord): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  const status = newestOf(record, container.name);
  if (!status) return true;
  if (status.state === 'running') return false;
  if (status.state !== 'exited') return true;
  return restartsAfter(container, specOf(pod), status.exitCode ?? 0);
}

/** Identity of a pod in messages: name_namespace(uid), as upstream's format.Pod. */
export const formatPod = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
