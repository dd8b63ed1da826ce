// What a resize that was granted takes: containers to start anew and limits to change, the lowering ones first
// (kuberuntime_manager.go, computePodResizeAction and IsPodResizeInProgress). Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod } from '../../api/types/core/v1.ts';
import type { ContainerStatus } from '../cri/runtime.ts';
import { isRunning, newestOf, type PodRecord, specOf } from '../pod-record.ts';
import { type Allocation, type ContainerAmounts, containerAmounts, resizable } from './allocation.ts';

export interface ContainerUpdate {
  container: Container;
  status: ContainerStatus;
  current: ContainerAmounts;
  wanted: ContainerAmounts;
}

export interface ResizeActions {
  /** Names of containers whose resizePolicy asks for a restart. */
  restart: ReadonlySet<string>;
  update: readonly ContainerUpdate[];
  /** What runs is not yet what was granted. */
  isInProgress: boolean;
}

export function computeResize(pod: Pod, record: PodRecord, actuated: Allocation): ResizeActions {
  const podResources = specOf(pod).resources;
  const running = resizable(pod).flatMap((container) => {
    const status = newestOf(record, container.name);
    return status && isRunning(status) ? [{ container, status }] : [];
  });
  const different = running.flatMap(({ container, status }): ContainerUpdate[] => {
    const current = containerAmounts(actuated.containers[container.name], actuated.pod);
    const wanted = containerAmounts(container.resources, podResources);
    return isDeepStrictEqual(current, wanted) ? [] : [{ container, status, current, wanted }];
  });
  return {
    restart: new Set(different.filter(needsRestart).map((d) => d.container.name)),
    update: different.filter((d) => !needsRestart(d)),
    isInProgress: different.length > 0 || (running.length > 0 && !isDeepStrictEqual(podResources, actuated.pod)),
  };
}

function needsRestart({ container, current, wanted }: ContainerUpdate): boolean {
  const restarts = (name: string) =>
    container.resizePolicy?.find((p) => p.resourceName === name)?.restartPolicy === 'RestartContainer';
  const cpu = current.cpuLimit !== wanted.cpuLimit || current.cpuRequest !== wanted.cpuRequest;
  const memory = current.memoryLimit !== wanted.memoryLimit || current.memoryRequest !== wanted.memoryRequest;
  return (cpu && restarts('cpu')) || (memory && restarts('memory'));
}

/** Of two sets of amounts the smaller ones: what is safe before the pod's own control group has been changed. */
export function lower(a: ContainerAmounts, b: ContainerAmounts): ContainerAmounts {
  const limit = (x: number, y: number) => (x === 0 || y === 0 ? x || y : Math.min(x, y));
  return {
    cpuRequest: Math.min(a.cpuRequest, b.cpuRequest),
    memoryRequest: Math.min(a.memoryRequest, b.memoryRequest),
    cpuLimit: limit(a.cpuLimit, b.cpuLimit),
    memoryLimit: limit(a.memoryLimit, b.memoryLimit),
  };
}

export const lowersMemory = ({ current, wanted }: ContainerUpdate): boolean =>
  wanted.memoryLimit > 0 && (current.memoryLimit === 0 || wanted.memoryLimit < current.memoryLimit);

/** Why a memory limit cannot be lowered now; undefined: it can. `usage` is in bytes by container id. */
export function memoryTooLow(
  updates: readonly ContainerUpdate[],
  usage: ReadonlyMap<string, number | undefined>,
): string | undefined {
  const errors = updates.filter(lowersMemory).flatMap(({ container, status, wanted }) => {
    const used = usage.get(status.id);
    if (used === undefined) return [`missing container "${container.name}" memory usage`];
    if (used < wanted.memoryLimit) return [];
    return [
      `attempting to set container "${container.name}" memory limit (${wanted.memoryLimit}) below current usage (${used})`,
    ];
  });
  if (errors.length === 0) return undefined;
  return `cannot decrease memory limits: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`;
}
