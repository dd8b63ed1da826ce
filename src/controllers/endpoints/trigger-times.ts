// When what changed a Service's endpoints happened: the annotation that the network programming latency is measured by
// (k8s.io/endpointslice util/trigger_time_tracker.go).
import type { Pod, Service } from '../../api/types/core/v1.ts';

const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';

export interface TriggerTimes {
  /** The earliest change since the last call for this key; undefined when nothing says when. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined;
  forget(key: string): void;
}

export function createTriggerTimes(): TriggerTimes {
  const seen = new Map<string, { service: string; pods: Map<string, string> }>();

  return {
    next(key, service, pods) {
      const before = seen.get(key);
      const created = service.metadata.creationTimestamp ?? '';
      const current = new Map(
        pods.map((pod) => {
          const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
          return [pod.metadata.name ?? '', ready?.lastTransitionTime ?? ''];
        }),
      );
      seen.set(key, { service: created, pods: current });
      if (!before) return created || undefined;
      const changed = [...current]
        .filter(([name, time]) => time > (before.pods.get(name) ?? ''))
        .map(([, time]) => time);
      if (created > before.service) changed.push(created);
      return changed.toSorted()[0];
    },
    forget: (key) => seen.delete(key),
  };
}

/** `annotations` with the time, or without one when there is none to tell. */
export function withTriggerTime(annotations: Record<string, string> | undefined, time: string | undefined) {
  const { [LAST_CHANGE]: _, ...others } = annotations ?? {};
  return time ? { ...others, [LAST_CHANGE]: time } : others;
}
