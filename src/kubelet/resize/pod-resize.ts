// In-place resize of one pod: takes a changed spec as a wish, grants it when the node has room, brings it to the
// containers, and tells conditions and events (allocation_manager.go, kuberuntime_manager.go doPodResizeAction).
import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, PodCondition } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import { type Clock, timestamp } from '../../clock.ts';
import type { ContainerResources, Runtime } from '../cri/runtime.ts';
import { type PodRecord, specOf } from '../pod-record.ts';
import { type Allocation, allocationOf, type ContainerAmounts, withAllocation } from './allocation.ts';
import type { AllocationFile } from './allocation-file.ts';
import type { Shortage } from './fit.ts';
import { computeResize, lower, lowersMemory, memoryTooLow, type ResizeActions } from './resize-actions.ts';

export interface PodResizeOptions {
  file: AllocationFile;
  clock: Clock;
  events: EventRecorder;
  runtime: Pick<Runtime, 'updateContainer' | 'listContainerStats'>;
  /** What the node lacks for the pod as it is wished; undefined: it has room. */
  shortage(wish: Pod): Shortage | undefined;
  runtimeResources(container: Container, pod: Pod): ContainerResources;
  /** Sets the pod's own control group. */
  setPodCgroup(pod: Pod): void;
}

export interface PodResize {
  /** The pod as it is to be run, given what the API wishes. */
  take(wish: Pod): Pod;
  /** A wish has to wait. */
  isPending(): boolean;
  /** Looks again at a wish that had to wait; the pod when it has been granted. */
  retry(): Pod | undefined;
  actions(pod: Pod, record: PodRecord): ResizeActions;
  /** Brings the limits to containers that need no restart. Throws when that cannot be done now. */
  actuate(pod: Pod, actions: ResizeActions): Promise<void>;
  /** A container is made with what it was given. */
  created(pod: Pod, container: Container): void;
  /** What runs, for the status. */
  actuated(): Allocation;
  conditions(): PodCondition[];
}

type ConditionType = 'PodResizePending' | 'PodResizeInProgress';

export function createPodResize(first: Pod, options: PodResizeOptions): PodResize {
  const { file, clock, events, runtime } = options;
  const kept = file.read();
  let { allocated, actuated } = kept ?? { allocated: allocationOf(first), actuated: allocationOf(first) };
  let wish = first;
  const conditions = new Map<ConditionType, PodCondition>();
  for (const condition of kept ? (first.status?.conditions ?? []) : []) {
    if (condition.type === 'PodResizePending' || condition.type === 'PodResizeInProgress') {
      conditions.set(condition.type, condition);
    }
  }

  const save = () => file.write({ allocated, actuated });
  const isPending = () => conditions.has('PodResizePending');
  const generationOf = (pod: Pod) => pod.metadata.generation ?? 0;

  function tell(
    kind: 'Normal' | 'Warning',
    reason: string,
    text: { prefix: string; pod: Pod; generation: number; error?: string },
  ): void {
    events.event(text.pod, kind, reason, `${text.prefix}: ${summary(text.pod, text.generation, text.error)}`);
  }

  /** Returns whether it says something new. The generation of a resize in progress stays until it is over. */
  function set(type: ConditionType, why: { reason?: string; message?: string; generation: number }): boolean {
    const before = conditions.get(type);
    const { reason = before?.reason, message = before?.message } = why;
    const generation = type === 'PodResizeInProgress' ? (before?.observedGeneration ?? why.generation) : why.generation;
    const isNew = before?.reason !== reason || before?.observedGeneration !== generation;
    // What says the same keeps its times, or every look would be a write, and every write another look.
    if (before && !isNew && before.message === message) return false;
    const now = timestamp(clock);
    conditions.set(type, {
      type,
      status: 'True',
      observedGeneration: generation,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
      lastProbeTime: now,
      lastTransitionTime: before && before.reason === reason ? before.lastTransitionTime : now,
    });
    return isNew;
  }

  function judge(): void {
    if (isDeepStrictEqual(allocationOf(wish), allocated)) {
      conditions.delete('PodResizePending');
      return;
    }
    const generation = generationOf(wish);
    const shortage = options.shortage(wish);
    if (!shortage) {
      allocated = allocationOf(wish);
      save();
      conditions.delete('PodResizePending');
      conditions.delete('PodResizeInProgress');
      set('PodResizeInProgress', { generation });
      tell('Normal', 'ResizeStarted', { prefix: 'Pod resize started', pod: wish, generation });
      return;
    }
    const { reason, message } = shortage;
    if (set('PodResizePending', { reason: 'Deferred', message, generation })) {
      tell('Warning', 'ResizeDeferred', { prefix: `Pod resize ${reason}`, pod: wish, generation, error: message });
    }
  }

  const current = () => withAllocation(wish, allocated);
  if (!kept) save();

  async function update(
    pod: Pod,
    { update: updates }: ResizeActions,
    choose: (u: { current: ContainerAmounts; wanted: ContainerAmounts }) => ContainerAmounts,
  ) {
    for (const { container, status, ...amounts } of updates) {
      const resources = asResources(choose(amounts));
      await runtime.updateContainer(status.id, options.runtimeResources({ ...container, resources }, pod));
    }
  }

  async function checkMemory({ update: updates }: ResizeActions): Promise<void> {
    if (!updates.some(lowersMemory)) return;
    const usage = new Map((await runtime.listContainerStats()).map((s) => [s.id, s.memory?.usageBytes]));
    const tooLow = memoryTooLow(updates, usage);
    if (tooLow) throw new Error(tooLow);
  }

  return {
    take(next) {
      wish = next;
      judge();
      return current();
    },
    isPending,
    retry() {
      if (!isPending()) return undefined;
      judge();
      return isPending() ? undefined : current();
    },
    actions(pod, record) {
      const actions = computeResize(pod, record, actuated);
      if (actions.isInProgress) set('PodResizeInProgress', { generation: generationOf(pod) });
      else {
        const over = conditions.get('PodResizeInProgress');
        if (conditions.delete('PodResizeInProgress')) {
          const generation = over?.observedGeneration ?? 0;
          tell('Normal', 'ResizeCompleted', { prefix: 'Pod resize completed', pod, generation });
        }
      }
      return actions;
    },
    async actuate(pod, actions) {
      if (!actions.isInProgress) return;
      try {
        await checkMemory(actions);
        // A group never has less than those in it: what is lowered goes before it, what is raised after it.
        await update(pod, actions, ({ current: now, wanted }) => lower(now, wanted));
        options.setPodCgroup(pod);
        await update(pod, actions, ({ wanted }) => wanted);
      } catch (cause) {
        const { message } = cause as Error;
        if (set('PodResizeInProgress', { reason: 'Error', message, generation: generationOf(pod) })) {
          const generation = conditions.get('PodResizeInProgress')?.observedGeneration ?? 0;
          tell('Warning', 'ResizeError', { prefix: 'Pod resize error', pod, generation, error: message });
        }
        throw cause;
      }
      const changed = actions.update.map(({ container }) => [container.name, container.resources ?? {}]);
      const { resources } = specOf(pod);
      actuated = {
        containers: { ...actuated.containers, ...Object.fromEntries(changed) },
        ...(resources ? { pod: resources } : {}),
      };
      save();
    },
    created(pod, container) {
      const { resources } = specOf(pod);
      const next = {
        containers: { ...actuated.containers, [container.name]: container.resources ?? {} },
        ...(resources ? { pod: resources } : {}),
      };
      if (isDeepStrictEqual(next, actuated)) return;
      actuated = next;
      save();
    },
    actuated: () => actuated,
    conditions: () =>
      (['PodResizePending', 'PodResizeInProgress'] as const).flatMap((type) => conditions.get(type) ?? []),
  };
}

const asResources = ({ cpuRequest, cpuLimit, memoryRequest, memoryLimit }: ContainerAmounts) => ({
  requests: {
    ...(cpuRequest > 0 ? { cpu: `${cpuRequest}m` } : {}),
    ...(memoryRequest > 0 ? { memory: String(memoryRequest) } : {}),
  },
  limits: {
    ...(cpuLimit > 0 ? { cpu: `${cpuLimit}m` } : {}),
    ...(memoryLimit > 0 ? { memory: String(memoryLimit) } : {}),
  },
});

/** events/resize.go, podResourceSummary */
function summary(pod: Pod, generation: number, error?: string): string {
  const shown = (list: readonly Container[] = []) =>
    list.map(({ name, resources }) => ({ name, resources: resources ?? {} }));
  const { initContainers, containers } = specOf(pod);
  return JSON.stringify({
    ...(initContainers?.length ? { initContainers: shown(initContainers) } : {}),
    containers: shown(containers),
    generation,
    ...(error ? { error } : {}),
  });
}
