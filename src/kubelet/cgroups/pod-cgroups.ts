// The groups that pods live in: one for all, one below it for burstable and for best effort pods, and one for each pod
// (pkg/kubelet/cm/{qos_container_manager,pod_container_manager,node_container_manager}_linux.go). Guaranteed pods are
// right below the one for all.
import path from 'node:path';
import { qosClass } from '../../api/core/qos.ts';
import { podRequests } from '../../api/quota/pod-resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { milliValue, ZERO } from '../../apimachinery/quantity.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { specOf } from '../pod-record.ts';
import { MIN_SHARES, podCgroupSettings, sharesOf } from '../resources.ts';
import { CgroupError, type Cgroups } from './cgroups.ts';
import type { CgroupSettings } from './settings.ts';

export interface PodCgroupsOptions {
  cgroups: Cgroups;
  /** Parent of all that this kubelet makes, `/tsukube`. */
  root: string;
  /** What all pods together may use. */
  allocatable: CgroupSettings;
  /** Processes of one pod; -1 for no limit. */
  podPidsLimit: number;
  clock: Clock;
  log: Logger;
}

export interface PodCgroups {
  /** The group of all pods. */
  readonly root: string;
  /** Makes the groups that pods are put into. Throws CgroupError. */
  start(): void;
  /** Holds all pods together to what is allocatable. Throws CgroupError, as when they use more already. */
  enforce(): void;
  pathOf(pod: Pod): string;
  /** Makes the pod's group, or sets it anew, and resolves with its path. Throws CgroupError. */
  put(pod: Pod): string;
  /** Takes over the group of a pod that ran before this kubelet did, if there is one. */
  adopt(pod: Pod): void;
  /** Kills what still runs in it. Idempotent; never rejects: what stays is told, and tried again at the next start. */
  remove(pod: Pod): Promise<void>;
  /** Removes the groups of pods that are not among these. */
  removeOthers(podUids: ReadonlySet<string>): Promise<void>;
}

/** What the worker of a pod does with its group. */
export type PodCgroup = Pick<PodCgroups, 'put' | 'remove'>;

const ALL = 'kubepods';
const PREFIX = 'pod';
/** Dead processes leave their group a moment later; upstream looks again at its next housekeeping. */
const PAUSES_MS = [10, 50, 250, 1000];

export function createPodCgroups(options: PodCgroupsOptions): PodCgroups {
  const { cgroups, clock, log } = options;
  const root = path.join(options.root, ALL);
  const parents = { Guaranteed: root, Burstable: `${root}/burstable`, BestEffort: `${root}/besteffort` };
  const burstable = new Map<string, Pod>();
  const pathOf = (pod: Pod) => `${parents[qosClass(specOf(pod))]}/${PREFIX}${pod.metadata.uid}`;

  /** The burstable ones together weigh what they ask for. */
  function weighBurstable(): void {
    const requests = [...burstable.values()].map(({ status: _, ...pod }) => podRequests(pod).get('cpu') ?? ZERO);
    const milliCpu = requests.reduce((sum, quantity) => sum + milliValue(quantity), 0);
    cgroups.put(parents.Burstable, { cpuShares: sharesOf(milliCpu) });
  }

  async function removeGroup(cgroup: string): Promise<void> {
    for (const pause of [...PAUSES_MS, undefined]) {
      try {
        for (const pid of cgroups.processes(cgroup)) kill(pid);
        return cgroups.remove(cgroup);
      } catch (error) {
        if (!(error instanceof CgroupError)) throw error;
        if (pause === undefined) log.warn({ err: error }, 'the group of a pod that is gone is still in use');
        else await sleep(clock, pause);
      }
    }
  }

  const put = (pod: Pod): string => {
    const cgroup = pathOf(pod);
    cgroups.put(cgroup, podCgroupSettings(pod, { pidsLimit: options.podPidsLimit }));
    if (qosClass(specOf(pod)) === 'Burstable') {
      burstable.set(pod.metadata.uid as string, pod);
      weighBurstable();
    }
    return cgroup;
  };

  return {
    root,
    pathOf,
    put,
    adopt(pod) {
      if (cgroups.exists(pathOf(pod))) put(pod);
    },
    start() {
      cgroups.put(root, {});
      cgroups.put(parents.BestEffort, { cpuShares: MIN_SHARES });
      weighBurstable();
    },
    enforce: () => cgroups.put(root, options.allocatable),
    async remove(pod) {
      if (burstable.delete(pod.metadata.uid as string)) weighBurstable();
      await removeGroup(pathOf(pod));
    },
    async removeOthers(podUids) {
      const found = Object.values(parents).flatMap((parent) =>
        cgroups
          .children(parent)
          .filter((name) => name.startsWith(PREFIX) && !podUids.has(name.slice(PREFIX.length)))
          .map((name) => `${parent}/${name}`),
      );
      await Promise.all(found.map(removeGroup));
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended by itself
  }
}
