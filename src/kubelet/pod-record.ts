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

/** The part of the pod that an event about one of its containers names (container/ref.go). */
export function aboutContainer(pod: Pod, name: string): { fieldPath: string } {
  const { initContainers = [], ephemeralContainers = [] } = specOf(pod);
  const has = (list: readonly Container[]) => list.some((c) => c.name === name);
  const list = has(initContainers) ? 'initContainers' : has(ephemeralContainers) ? 'ephemeralContainers' : 'containers';
  return { fieldPath: `spec.${list}{${name}}` };
}

type RestartRule = NonNullable<Container['restartPolicyRules']>[number];

/** The first of the container's own rules that its exit code meets (api/v1/pod/util.go). */
export function ruleFor(container: Container, exitCode: number): RestartRule | undefined {
  return container.restartPolicyRules?.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === 'NotIn' ? !listed : exitCodes?.operator === 'In' && listed;
  });
}

/** Whether a container that ended with `exitCode` is run again: its rules, its policy, the pod's policy. */
export function restartsAfter(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined && ruleFor(container, exitCode)) return true;
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

/** Of which nothing will run again, as it has been told. */
export const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Identity of a pod in messages: name_namespace(uid), as upstream's format.Pod. */
export const formatPod = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
