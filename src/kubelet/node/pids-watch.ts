// Tells of a pod that may start no more processes, by an event: the kernel refuses a fork silently. Version 1 counts
// the refusals without a notification, so they are read when the node is looked at anyway.
import type { Pod } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';

export interface PidsWatch {
  check(pods: readonly Pod[]): void;
}

export function createPidsWatch(options: {
  cgroups: Pick<Cgroups, 'children' | 'read'>;
  pathOf(pod: Pod): string;
  limit: number;
  events: EventRecorder;
}): PidsWatch {
  const { cgroups, events, limit } = options;
  let refused = new Map<string, number>();

  const refusalsOf = (cgroup: string): number => {
    const own = Number(/^max (\d+)$/m.exec(cgroups.read('pids', cgroup, 'pids.events') ?? '')?.[1] ?? 0);
    return cgroups.children(cgroup).reduce((sum, child) => sum + refusalsOf(`${cgroup}/${child}`), own);
  };

  return {
    check(pods) {
      const now = new Map<string, number>();
      for (const pod of pods) {
        const uid = pod.metadata.uid as string;
        const cgroup = options.pathOf(pod);
        // Where there is room nothing is refused, and the groups of its containers need not be read.
        if (Number(cgroups.read('pids', cgroup, 'pids.current') ?? 0) < limit / 2) continue;
        const count = refusalsOf(cgroup);
        now.set(uid, count);
        if (count <= (refused.get(uid) ?? 0)) continue;
        const message = `The pod has reached its limit of ${limit} processes and threads; more could not be started`;
        events.event(pod, 'Warning', 'PidsLimitReached', message);
      }
      refused = now;
    },
  };
}
