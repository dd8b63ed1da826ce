import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../../../src/api/types/core/v1.ts';
import { createEvictionManager } from '../../../src/kubelet/eviction/eviction-manager.ts';
import { type ThresholdSettings, thresholdsOf } from '../../../src/kubelet/eviction/thresholds.ts';
import type { PodFailure } from '../../../src/kubelet/pod-state.ts';
import type { NodeUsage } from '../../../src/kubelet/stats/node-usage.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { MEBIBYTE, nodeThat, podThat, statsThat, type Uses } from './bed.ts';

function bed(settings: ThresholdSettings, pods: readonly [Pod, Uses][] = []) {
  const clock = fakeClock();
  const state = {
    usage: nodeThat(),
    ofPods: undefined as number | undefined,
    changes: 0,
    reclaims: 0,
    afterReclaim: undefined as NodeUsage | undefined,
    reclaimError: undefined as Error | undefined,
    stuck: false,
    dedicated: false,
  };
  const failures: [pod: string, failure: PodFailure][] = [];
  const told: string[] = [];
  const counted: string[] = [];
  const manager = createEvictionManager({
    clock,
    log: silentLogger,
    events: { event: (about, type, reason, message) => void told.push(`${about.kind} ${type} ${reason} ${message}`) },
    nodeName: 'node-1',
    settings: { thresholds: thresholdsOf(settings), pressureTransitionMs: 300_000, maxPodGraceSeconds: 20 },
    stats: {
      node: async () => state.usage,
      hasDedicatedImageFs: async () => state.dedicated,
      allPods: () =>
        state.ofPods === undefined
          ? undefined
          : {
              memory: { usageBytes: 0, workingSetBytes: state.ofPods, rssBytes: 0, pageFaults: 0, majorPageFaults: 0 },
            },
      podStats: async (wanted) =>
        wanted.map(({ metadata: { name = '' } }) => {
          const [, uses] = pods.find(([pod]) => pod.metadata.name === name) as [Pod, Uses];
          return statsThat(name, uses);
        }),
    },
    podsMemoryBytes: 1024 * MEBIBYTE,
    workers: () =>
      pods.map(([pod]) => ({
        pod: () => pod,
        fail: async (failure) => {
          failures.push([pod.metadata.name as string, failure]);
          if (state.stuck) await new Promise(() => undefined);
        },
      })),
    reclaimDisk: async () => {
      state.reclaims++;
      if (state.reclaimError) throw state.reclaimError;
      state.usage = state.afterReclaim ?? state.usage;
    },
    evicted: (signal) => void counted.push(signal),
    changed: () => void state.changes++,
  });
  return { clock, manager, state, failures, told, counted };
}

const SHORT_OF_MEMORY = nodeThat({ memory: 1000 * MEBIBYTE });
const hard = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'pid.available': '10%' };

describe('the eviction manager', () => {
  test('does nothing while there is enough of everything', async () => {
    const { manager, failures, told, state } = bed({ hard }, [[podThat('web', {}), { memory: 1 }]]);
    await manager.synchronize();
    assert.deepEqual([failures, told, state.changes, manager.conditions().size], [[], [], 0, 0]);
  });

  test('evicts one pod, at once, when memory is short, and says why', async () => {
    const pods: [Pod, Uses][] = [
      [podThat('small', {}), { memory: MEBIBYTE }],
      [podThat('large', {}), { memory: 500 * MEBIBYTE }],
    ];
    const { manager, failures, told, counted, state } = bed({ hard }, pods);
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    const message =
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 24Mi. ' +
      'Container main was using 500Mi, request is 0, has larger consumption of memory. ';
    assert.deepEqual(failures, [
      [
        'large',
        { reason: 'Evicted', message, graceSeconds: 1, disruption: { reason: 'TerminationByKubelet', message } },
      ],
    ]);
    assert.deepEqual(told, [
      'Node Warning EvictionThresholdMet Attempting to reclaim memory',
      `Pod Warning Evicted ${message}`,
    ]);
    assert.deepEqual(counted, ['memory.available']);
    assert.deepEqual([...manager.conditions()], ['MemoryPressure']);
  });

  test('what pods may have together can be short while the node has more', async () => {
    const { manager, failures, state, counted } = bed({ hard }, [[podThat('web', {}), { memory: MEBIBYTE }]]);
    state.ofPods = 1000 * MEBIBYTE;
    await manager.synchronize();
    assert.deepEqual([failures.length, counted], [1, ['allocatableMemory.available']]);
  });

  test('a soft threshold waits for its grace, and gives pods theirs', async () => {
    const soft = { soft: { 'memory.available': '100Mi' }, softGraceMs: { 'memory.available': 60_000 } };
    const { manager, failures, state, clock } = bed({ hard: {}, ...soft }, [
      [podThat('web', {}, { terminationGracePeriodSeconds: 15 }), { memory: MEBIBYTE }],
    ]);
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    assert.deepEqual([failures.length, [...manager.conditions()]], [0, ['MemoryPressure']]);
    await clock.advance(60_000);
    await manager.synchronize();
    assert.equal(failures[0]?.[1].graceSeconds, 15);
  });

  test('a condition stays for a while after the pressure is over, and both changes are told', async () => {
    const { manager, state, clock } = bed({ hard });
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    state.usage = nodeThat();
    await clock.advance(299_000);
    await manager.synchronize();
    assert.deepEqual([[...manager.conditions()], state.changes], [['MemoryPressure'], 1]);
    await clock.advance(2_000);
    await manager.synchronize();
    assert.deepEqual([[...manager.conditions()], state.changes], [[], 2]);
  });

  test('more has to be free than the threshold when it asks for that', async () => {
    const minReclaim = { 'memory.available': '100Mi' };
    const { manager, failures, state } = bed({ hard: { 'memory.available': '100Mi' }, minReclaim }, [
      [podThat('web', {}), { memory: MEBIBYTE }],
    ]);
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    state.usage = nodeThat({ memory: 900 * MEBIBYTE });
    await manager.synchronize();
    assert.equal(failures.length, 2, '124Mi are free, 200Mi have to be');
    state.usage = nodeThat({ memory: 800 * MEBIBYTE });
    await manager.synchronize();
    assert.equal(failures.length, 2);
  });

  test('a full disk costs dead containers and unused images first', async () => {
    const { manager, failures, state, told } = bed({ hard }, [[podThat('web', {}), { rootfs: 5 }]]);
    state.usage = nodeThat({ disk: 950 });
    state.afterReclaim = nodeThat({ disk: 500 });
    await manager.synchronize();
    assert.deepEqual([failures, state.reclaims, [...manager.conditions()]], [[], 1, ['DiskPressure']]);
    assert.deepEqual(told, ['Node Warning EvictionThresholdMet Attempting to reclaim ephemeral-storage']);
    state.usage = nodeThat({ disk: 950 });
    state.afterReclaim = undefined;
    await manager.synchronize();
    assert.deepEqual([failures[0]?.[0], state.reclaims], ['web', 2]);
  });

  test('a disk that cannot be given room costs a pod', async () => {
    const { manager, failures, state } = bed({ hard }, [[podThat('web', {}), { rootfs: 5 }]]);
    state.usage = nodeThat({ disk: 950 });
    state.reclaimError = new Error('the runtime is down');
    await manager.synchronize();
    assert.deepEqual(failures[0]?.[0], 'web');
  });

  test('images on a file system of their own are not removed for the other', async () => {
    const { manager, state } = bed({ hard }, [[podThat('web', {}), { logs: 5 }]]);
    state.dedicated = true;
    state.usage = nodeThat({ disk: 950 });
    await manager.synchronize();
    assert.equal(state.reclaims, 0);
  });

  test('processes', async () => {
    const { manager, failures, state } = bed({ hard }, [[podThat('bomb', {}), { processes: 900 }]]);
    state.usage = nodeThat({ pids: 950 });
    await manager.synchronize();
    assert.equal(
      failures[0]?.[1].message,
      'The node was low on resource: pids. Threshold quantity: 100, available: 50. ',
    );
    assert.deepEqual([...manager.conditions()], ['PIDPressure']);
  });

  test('a pod over its own limit goes although the node has room', async () => {
    const volumes = [{ name: 'data', emptyDir: { sizeLimit: '1Ki' } }];
    const { manager, failures, counted } = bed({ hard: {} }, [
      [podThat('web', {}, { volumes }), { volumes: { data: 2000 } }],
    ]);
    await manager.synchronize();
    const message = 'Usage of EmptyDir volume "data" exceeds the limit "1Ki". ';
    assert.deepEqual(failures, [['web', { reason: 'Evicted', message, graceSeconds: 1 }]]);
    assert.deepEqual(counted, ['emptydirfs.limit']);
  });

  test('critical pods and pods that have ended are left alone', async () => {
    const ended = { ...podThat('ended', {}), status: { phase: 'Failed' as const } };
    const { manager, failures, state } = bed({ hard }, [
      [podThat('critical', {}, { priority: 2_000_000_000 }), { memory: 500 * MEBIBYTE }],
      [ended, { memory: 500 * MEBIBYTE }],
    ]);
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    assert.deepEqual(failures, []);
  });

  test('a pod that does not end holds it up for half a minute only', async () => {
    const { manager, state, clock } = bed({ hard }, [[podThat('web', {}), { memory: MEBIBYTE }]]);
    state.usage = SHORT_OF_MEMORY;
    state.stuck = true;
    const round = manager.synchronize();
    await clock.advance(30_000);
    await round;
  });

  test('pods that come under pressure: memory takes all but best effort, disk none, critical ones always', async () => {
    const { manager, state } = bed({ hard });
    const bestEffort = podThat('best-effort', {});
    const burstable = podThat('burstable', { cpu: '1' });
    const toleration = {
      key: 'node.kubernetes.io/memory-pressure',
      operator: 'Exists' as const,
      effect: 'NoSchedule' as const,
    };
    const tolerant = podThat('tolerant', {}, { tolerations: [toleration] });
    const critical = podThat('critical', {}, { priority: 2_000_000_000 });
    const refused = () =>
      [bestEffort, burstable, tolerant, critical]
        .filter((pod) => manager.refusal(pod))
        .map(({ metadata }) => metadata.name);
    assert.deepEqual(refused(), []);
    state.usage = SHORT_OF_MEMORY;
    await manager.synchronize();
    assert.deepEqual(refused(), ['best-effort']);
    const message = 'The node had condition: [MemoryPressure]. ';
    assert.deepEqual(manager.refusal(bestEffort), { reason: 'Evicted', message });
    state.usage = nodeThat({ memory: 1000 * MEBIBYTE, disk: 950 });
    await manager.synchronize();
    assert.deepEqual(refused(), ['best-effort', 'burstable', 'tolerant']);
  });
});
