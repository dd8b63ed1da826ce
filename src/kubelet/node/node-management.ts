// What takes care of the node as a whole, put together: control groups of pods, use of resources, evictions,
// collection of what nobody needs, and what the node tells of all that.
import { type FSWatcher, watch } from 'node:fs';
import type { Pod } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import type { Clock } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { HostLedger } from '../../network/host-ledger.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import { createNodeAllocatable } from '../cgroups/node-allocatable.ts';
import { createPodCgroups, type PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { Runtime } from '../cri/runtime.ts';
import { createEvictionManager, type EvictionManager } from '../eviction/eviction-manager.ts';
import { removeEndedPods } from '../garbage/containers.ts';
import { createImageCollector } from '../garbage/images.ts';
import { createKubeletCounters } from '../metrics/kubelet-metrics.ts';
import type { ProbeMetrics } from '../metrics/probe-metrics.ts';
import type { PodWorker } from '../pod-worker.ts';
import { type NodeEndpoint, nodeEndpoints } from '../server/node-endpoints.ts';
import { createLogindSource } from '../shutdown/logind.ts';
import { createNodeShutdown } from '../shutdown/node-shutdown.ts';
import { createStatsProvider } from '../stats/stats-provider.ts';
import { podsCgroupSettings, reservationProblem } from './allocatable.ts';
import { kubeletConfiguration } from './configuration.ts';
import { createHousekeeping } from './housekeeping.ts';
import type { Machine } from './machine.ts';
import { nodeReference } from './node-object.ts';
import type { NodeSettings } from './node-settings.ts';
import { createOomWatch, type OomWatch, openKernelLog } from './oom-watch.ts';
import { createPidsWatch } from './pids-watch.ts';

export interface NodeManagementOptions {
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  machine: Machine;
  settings: NodeSettings;
  /** The kubelet's own directory. */
  nodeDir: string;
  podDirectory(uid: string): string;
  /** `root`: parent of the groups that are made. undefined: pods are where the runtime puts them. */
  cgroups?: { host: Cgroups; root: string };
  workers(): readonly PodWorker[];
  probes: Pick<ProbeMetrics, 'text'>;
  ledger?: Pick<HostLedger, 'record'>;
  /** The node's status is other than it was. */
  changed(): void;
  port: number;
}

export interface NodeManagement extends Component {
  podCgroups: PodCgroups | undefined;
  /** What the node is short of. */
  pressures: EvictionManager['conditions'];
  /** Why it is not ready; undefined: it is. */
  problem(): string | undefined;
  /** Why a pod that comes now cannot be taken. */
  refusal: EvictionManager['refusal'];
  endpoint(path: string): NodeEndpoint;
  /** Removes control groups of pods that are gone. */
  removeOthers(): Promise<void>;
  /** A pod has come: the node is looked after again. */
  wake(): void;
}

/** eviction_manager.go: evictionMonitoringPeriod; kubelet.go: ImageGCPeriod */
const EVICTION_PERIOD_MS = 10_000;
const IMAGE_PERIOD_MS = 5 * 60_000;

const EVICTIONS = 'evictions';

export function createNodeManagement(options: NodeManagementOptions): NodeManagement {
  const { runtime, clock, log, events, machine, settings, cgroups } = options;
  const pods = (): Pod[] => options.workers().map((worker) => worker.pod());
  const allocatable = podsCgroupSettings(machine, settings);
  const podCgroups = cgroups
    ? createPodCgroups({
        cgroups: cgroups.host,
        root: cgroups.root,
        allocatable,
        podPidsLimit: settings.podPidsLimit,
        clock,
        log,
      })
    : undefined;
  const nodeAllocatable = podCgroups && createNodeAllocatable({ ...options, groups: podCgroups });
  const groups = cgroups && podCgroups ? { cgroups: cgroups.host, pods: podCgroups } : undefined;
  const stats = createStatsProvider({
    ...options,
    pods,
    claimedPlaces: (pod) =>
      options
        .workers()
        .find((worker) => worker.pod().metadata.uid === pod.metadata.uid)
        ?.claimedPlaces() ?? [],
    ...(groups ? { groups } : {}),
  });
  const counters = createKubeletCounters();
  const images = createImageCollector({
    ...options,
    settings: settings.images,
    room: async () => (await stats.node()).imageFs,
    removed(reason) {
      counters.imageRemoved(reason);
      options.changed();
    },
  });
  const eviction = createEvictionManager({
    ...options,
    settings: settings.eviction,
    stats,
    podsMemoryBytes: allocatable.memoryLimitBytes ?? machine.memoryBytes,
    async reclaimDisk() {
      await removeEndedPods({ runtime, pods });
      await images.removeUnused();
    },
    evicted: counters.evicted,
    changed: options.changed,
  });
  const pids =
    groups && settings.podPidsLimit > 0
      ? createPidsWatch({ cgroups: groups.cgroups, pathOf: groups.pods.pathOf, limit: settings.podPidsLimit, events })
      : undefined;

  const oom = groups && openOomWatch(options);

  const housekeeping = createHousekeeping({
    clock,
    log,
    isNeeded: () => eviction.conditions().size > 0 || pods().some(isActive),
    chores: [
      { name: EVICTIONS, everyMs: EVICTION_PERIOD_MS, run: eviction.synchronize },
      { name: 'processes of pods', everyMs: EVICTION_PERIOD_MS, run: async () => pids?.check(pods().filter(isActive)) },
      { name: 'killed processes', everyMs: EVICTION_PERIOD_MS, run: async () => oom?.check() },
      { name: 'images', everyMs: IMAGE_PERIOD_MS, run: images.collect },
    ],
  });

  const { graceMs } = settings.shutdown;
  const shutdown = createNodeShutdown({
    ...options,
    settings: settings.shutdown,
    source: createLogindSource({ graceMs, ledger: options.ledger, log }),
  });

  const life = new AbortController();
  let watcher: FSWatcher | undefined;

  /** Memory that runs out tells so: the kernel by a file of cgroup v2, the runtime by an event. */
  function followMemory(): void {
    const look = () => housekeeping.now(EVICTIONS);
    if (groups?.cgroups.version === 2) {
      watcher = watch(groups.cgroups.file('memory', groups.pods.root, 'memory.events'), look);
      watcher.on('error', (error) => log.warn({ err: error }, 'memory events of pods are not followed'));
    }
    (async () => {
      for await (const { type } of runtime.events(life.signal)) if (type === 'oom') look();
    })().catch((error: unknown) => {
      if (!life.signal.aborted) log.error({ err: error }, 'the runtime tells no events any more');
    });
  }

  return {
    name: 'node management',
    podCgroups,
    pressures: eviction.conditions,
    problem: shutdown.problem,
    refusal: (pod) => shutdown.refusal() ?? eviction.refusal(pod),
    endpoint: nodeEndpoints({
      ...options,
      pods,
      stats,
      counters,
      cgroupVersion: cgroups?.host.version ?? 0,
      cgroupOf: (pod) => podCgroups?.pathOf(pod) ?? '',
      configuration: kubeletConfiguration(settings, { port: options.port, cgroupRoot: cgroups?.root ?? '/' }),
    }),
    wake: housekeeping.wake,
    async removeOthers() {
      await podCgroups?.removeOthers(new Set(pods().map(({ metadata }) => metadata.uid as string)));
    },
    async start() {
      const problem = reservationProblem(machine, settings);
      if (problem) throw new Error(problem);
      podCgroups?.start();
      followMemory();
      await Promise.all([nodeAllocatable?.start(), housekeeping.start(), shutdown.start()]);
    },
    async stop() {
      life.abort();
      watcher?.close();
      oom?.close();
      await Promise.all([nodeAllocatable?.stop(), housekeeping.stop(), shutdown.stop()]);
    },
  };
}

/** undefined where the kernel's log is not for us. */
function openOomWatch({ events, nodeName, log }: NodeManagementOptions): OomWatch | undefined {
  try {
    return createOomWatch({ log: openKernelLog(), node: nodeReference(nodeName), events });
  } catch (error) {
    log.info({ err: error }, 'what the kernel kills for want of memory is not told');
    return undefined;
  }
}

const isActive = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
