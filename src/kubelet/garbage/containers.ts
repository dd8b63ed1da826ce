// What is left of pods that will not run again: their containers are kept for their logs, until the disk is needed
// (pkg/kubelet/kuberuntime/kuberuntime_gc.go, with evictNonDeletedPods). Those of pods that live are collected as they
// come, by their workers.
import type { Pod } from '../../api/types/core/v1.ts';
import type { Runtime } from '../cri/runtime.ts';

export async function removeEndedPods(options: {
  runtime: Pick<Runtime, 'listContainers' | 'listSandboxes' | 'removeContainer' | 'removeSandbox'>;
  pods(): readonly Pod[];
}): Promise<void> {
  const { runtime } = options;
  const ended = new Set(
    options
      .pods()
      .filter(({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')
      .map(({ metadata }) => metadata.uid as string),
  );
  const [containers, sandboxes] = await Promise.all([runtime.listContainers(), runtime.listSandboxes()]);
  const busy = new Set(containers.filter(({ state }) => state === 'running').map(({ sandboxId }) => sandboxId));
  const dead = containers.filter(({ state, pod }) => state === 'exited' && ended.has(pod.uid));
  await Promise.all(dead.map(({ id }) => runtime.removeContainer(id)));
  const useless = sandboxes.filter(({ id, pod, state }) => ended.has(pod.uid) && state === 'notReady' && !busy.has(id));
  await Promise.all(useless.map(({ id }) => runtime.removeSandbox(id)));
}
