// From the path of a request (namespace, pod, container) to what the runtime has of it.
import type { Pod } from '../../api/types/core/v1.ts';
import type { ContainerStatus, Runtime } from '../cri/runtime.ts';
import { findContainer } from '../pod-record.ts';
import type { PodWorkers } from '../pod-workers.ts';

/** What was asked for is not there, or cannot be had; `code` is the HTTP status. */
export class NotThereError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'NotThereError';
    this.code = code;
  }
}

interface Sources {
  workers: Pick<PodWorkers, 'byName'>;
  runtime: Runtime;
}

const podOf = ([namespace = '', name = '']: readonly string[], { workers }: Sources) => {
  const pod = workers.byName(namespace, name)?.pod();
  if (!pod) throw new NotThereError(404, `pod "${name}" not found`);
  return pod;
};

/** The newest container of that name, or the one before it. */
export async function findPodContainer(
  parts: readonly string[],
  sources: Sources,
  options: { previous: boolean },
): Promise<{ status: ContainerStatus }> {
  const pod = podOf(parts, sources);
  const name = parts.at(-1) ?? '';
  if (!findContainer(pod, name))
    throw new NotThereError(404, `container "${name}" not found in pod "${pod.metadata.name}"`);
  const all = (await sources.runtime.listContainers())
    .filter((c) => c.pod.uid === pod.metadata.uid && c.name === name && (c.state === 'running' || c.state === 'exited'))
    .toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
  const status = all[options.previous ? 1 : 0];
  if (status) return { status };
  const what = options.previous ? 'previous terminated container' : 'container';
  const why = options.previous ? 'not found' : `is waiting to start: ${whyWaiting(pod, name)}`;
  throw new NotThereError(400, `${what} "${name}" in pod "${pod.metadata.name}" ${why}`);
}

/** In upstream's words (kubelet_pods.go validateContainerLogStatus). */
function whyWaiting({ status }: Pod, name: string): string {
  const all = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses].flat();
  const reason = all.find((one) => one?.name === name)?.state?.waiting?.reason;
  if (reason === 'ErrImagePull') return "image can't be pulled";
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image';
  return reason ?? 'ContainerCreating';
}

/** Commands run in what runs; upstream's words and code (kubelet_pods.go GetExec). */
export async function runningContainer(parts: readonly string[], sources: Sources): Promise<ContainerStatus> {
  const { uid } = podOf(parts, sources).metadata;
  const name = parts.at(-1) ?? '';
  const containers = await sources.runtime.listContainers();
  const status = containers.find((c) => c.pod.uid === uid && c.name === name && c.state === 'running');
  if (!status) throw new NotThereError(500, `container not found (${JSON.stringify(name)})`);
  return status;
}

export async function readySandbox(parts: readonly string[], sources: Sources): Promise<string> {
  const pod = podOf(parts, sources);
  const sandboxes = await sources.runtime.listSandboxes();
  const sandbox = sandboxes.find((s) => s.pod.uid === pod.metadata.uid && s.state === 'ready');
  if (!sandbox) throw new NotThereError(400, `pod "${pod.metadata.name}" is not running`);
  return sandbox.id;
}
