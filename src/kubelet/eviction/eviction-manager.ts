// Keeps the node from running short of memory, disk, inodes and processes (pkg/kubelet/eviction/eviction_manager.go):
// it says so in the node's conditions, gives back what nobody needs, and then evicts one pod after another.
import { qosClass } from '../../api/core/qos.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { isCritical } from '../critical-pods.ts';
import { nodeReference } from '../node/node-object.ts';
import { formatPod, specOf } from '../pod-record.ts';
import type { PodFailure } from '../pod-state.ts';
import type { StatsProvider } from '../stats/stats-provider.ts';
import { hasStorageLimit, storageExcess } from './local-storage.ts';
import { EVICTED, evictionMessage, nodeConditionMessage } from './messages.ts';
import { byEvictionPriority, conditionsOf, type Observations, observationsOf, thresholdsMet } from './observations.ts';
import { rankPods } from './ranking.ts';
import { isHard, type PressureCondition, SIGNALS, type Signal, type Threshold } from './thresholds.ts';

export interface EvictionSettings {
  thresholds: readonly Threshold[];
  /** A condition stays for so long after it was last seen. */
  pressureTransitionMs: number;
  /** The most that a pod gets to end when a soft threshold is met. */
  maxPodGraceSeconds: number;
}

interface Candidate {
  pod(): Pod;
  fail(failure: PodFailure): Promise<void>;
}

export interface EvictionManagerOptions {
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  settings: EvictionSettings;
  stats: Pick<StatsProvider, 'node' | 'podStats' | 'allPods' | 'hasDedicatedImageFs'>;
  /** What all pods together may use of memory. */
  podsMemoryBytes: number;
  workers(): readonly Candidate[];
  /** Gives back what nobody needs: dead containers, unused images. */
  reclaimDisk(): Promise<void>;
  /** For the metric of evictions. */
  evicted(signal: string): void;
  /** Other conditions hold than before. */
  changed(): void;
}

export interface EvictionManager {
  /** Looks once at what is there, and does what is to be done. */
  synchronize(): Promise<void>;
  conditions(): ReadonlySet<PressureCondition>;
  /** Why a pod that comes now cannot be taken. */
  refusal(pod: Pod): { reason: string; message: string } | undefined;
}

const IMMEDIATE_GRACE_SECONDS = 1;
/** eviction_manager.go, podCleanupTimeout */
const CLEANUP_TIMEOUT_MS = 30_000;
const MEMORY_TAINT = 'node.kubernetes.io/memory-pressure';

export function createEvictionManager(options: EvictionManagerOptions): EvictionManager {
  const { clock, log, events, settings, stats } = options;
  const node = nodeReference(options.nodeName);
  const firstSeen = new Map<Threshold, number>();
  const lastSeen = new Map<PressureCondition, number>();
  let met: readonly Threshold[] = [];
  let conditions: ReadonlySet<PressureCondition> = new Set();

  async function observe(): Promise<Observations> {
    const used = stats.allPods()?.memory?.workingSetBytes;
    const pods = used === undefined ? undefined : { workingSetBytes: used, limitBytes: options.podsMemoryBytes };
    return observationsOf(await stats.node(), pods);
  }

  /** Thresholds that are met for as long as they want to be. */
  function update(observations: Observations): Threshold[] {
    const now = clock.monotonic();
    const seen = thresholdsMet(settings.thresholds, observations, { reclaim: false });
    const unresolved = thresholdsMet(met, observations, { reclaim: true });
    const current = [...new Set([...seen, ...unresolved])];
    for (const threshold of firstSeen.keys()) if (!current.includes(threshold)) firstSeen.delete(threshold);
    for (const threshold of current) if (!firstSeen.has(threshold)) firstSeen.set(threshold, now);
    for (const condition of conditionsOf(current)) lastSeen.set(condition, now);
    const holding = [...lastSeen].filter(([, at]) => now - at < settings.pressureTransitionMs || at === now);
    const before = conditions;
    conditions = new Set(holding.map(([condition]) => condition));
    if (before.size !== conditions.size || [...before].some((one) => !conditions.has(one))) options.changed();
    met = current.filter((threshold) => now - (firstSeen.get(threshold) as number) >= threshold.graceMs);
    return met.toSorted(byEvictionPriority);
  }

  async function evict(
    worker: Candidate,
    failure: Omit<PodFailure, 'reason'>,
    { signal, annotations }: { signal: string; annotations?: Readonly<Record<string, string>> },
  ): Promise<boolean> {
    const pod = worker.pod();
    if (isCritical(pod)) {
      log.error({ pod: formatPod(pod) }, 'a critical pod is not evicted');
      return false;
    }
    events.event(pod, 'Warning', EVICTED, failure.message, annotations ? { annotations } : {});
    const over = new AbortController();
    await Promise.race([
      worker.fail({ reason: EVICTED, ...failure }),
      sleep(clock, CLEANUP_TIMEOUT_MS, over.signal).catch(() => undefined), // the pod was faster
    ]).finally(() => over.abort());
    options.evicted(signal);
    return true;
  }

  /** Returns whether any pod had to go for its own limits. */
  async function enforceStorageLimits(active: readonly Candidate[]): Promise<boolean> {
    const limited = active.filter((worker) => hasStorageLimit(worker.pod()));
    if (limited.length === 0) return false;
    const pods = limited.map((worker) => worker.pod());
    const found = await stats.podStats(pods, { disk: true, volumeAgeMs: 0 });
    const dedicatedImageFs = await stats.hasDedicatedImageFs();
    const results = await Promise.all(
      limited.map((worker) => {
        const { uid } = worker.pod().metadata;
        const own = found.find(({ podRef }) => podRef.uid === uid);
        const excess = own && storageExcess(worker.pod(), own, { dedicatedImageFs });
        if (!excess) return false;
        const { message, signal } = excess;
        return evict(worker, { message, graceSeconds: IMMEDIATE_GRACE_SECONDS }, { signal });
      }),
    );
    return results.includes(true);
  }

  async function isRelieved(signal: Signal): Promise<boolean> {
    if (SIGNALS[signal].condition !== 'DiskPressure') return false;
    // Where images are elsewhere, removing them gives the kubelet's own file system nothing.
    if (signal.startsWith('nodefs') && (await stats.hasDedicatedImageFs())) return false;
    await options
      .reclaimDisk()
      .catch((error: unknown) => log.warn({ err: error }, 'the disk gets no more room by itself'));
    return thresholdsMet(settings.thresholds, await observe(), { reclaim: true }).length === 0;
  }

  async function evictOne(
    active: readonly Candidate[],
    at: { threshold: Threshold; thresholds: readonly Threshold[]; observations: Observations },
  ): Promise<void> {
    const { threshold } = at;
    const { resource } = SIGNALS[threshold.signal];
    const pods = active.map((worker) => worker.pod());
    const disk = SIGNALS[threshold.signal].condition === 'DiskPressure';
    const found = await stats.podStats(pods, { disk });
    const statsOf = (pod: Pod) => found.find(({ podRef }) => podRef.uid === pod.metadata.uid);
    const ranked = rankPods(pods, threshold.signal, {
      statsOf,
      dedicatedImageFs: disk && (await stats.hasDedicatedImageFs()),
    });
    for (const pod of ranked) {
      const { message, annotations } = evictionMessage(pod, statsOf(pod), { resource, ...at });
      const worker = active.find((one) => one.pod() === pod) as Candidate;
      const graceSeconds = graceOf(pod, threshold);
      const disruption = { reason: 'TerminationByKubelet', message };
      const failure = { message, graceSeconds, disruption };
      if (await evict(worker, failure, { signal: threshold.signal, annotations })) return;
    }
    log.error({ resource }, 'no pod of this node can be evicted');
  }

  const graceOf = (pod: Pod, threshold: Threshold): number =>
    isHard(threshold)
      ? IMMEDIATE_GRACE_SECONDS
      : Math.min(settings.maxPodGraceSeconds, specOf(pod).terminationGracePeriodSeconds ?? settings.maxPodGraceSeconds);

  return {
    conditions: () => conditions,

    refusal(pod) {
      if (conditions.size === 0 || isCritical(pod)) return undefined;
      if (conditions.size === 1 && conditions.has('MemoryPressure')) {
        if (qosClass(specOf(pod)) !== 'BestEffort' || toleratesMemoryPressure(pod)) return undefined;
      }
      return { reason: EVICTED, message: nodeConditionMessage([...conditions]) };
    },

    async synchronize() {
      const observations = await observe();
      const thresholds = update(observations);
      const active = options.workers().filter((worker) => isActive(worker.pod()));
      if (await enforceStorageLimits(active)) return;
      const [threshold] = thresholds;
      if (!threshold) return;
      const { resource } = SIGNALS[threshold.signal];
      events.event(node, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`);
      if (await isRelieved(threshold.signal)) return;
      if (active.length === 0) return log.error({ resource }, 'the node is short of it, and no pod uses it');
      await evictOne(active, { threshold, thresholds, observations });
    },
  };
}

const isActive = ({ status, metadata }: Pod): boolean =>
  status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && metadata.deletionTimestamp === undefined;

const toleratesMemoryPressure = (pod: Pod): boolean =>
  (specOf(pod).tolerations ?? []).some(
    ({ key, effect, operator, value }) =>
      (effect === undefined || effect === 'NoSchedule') &&
      (key === undefined ? operator === 'Exists' : key === MEMORY_TAINT && (operator === 'Exists' || !value)),
  );
