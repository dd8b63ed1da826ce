import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../../../src/api/types/core/v1.ts';
import { storageExcess } from '../../../src/kubelet/eviction/local-storage.ts';
import { evictionMessage } from '../../../src/kubelet/eviction/messages.ts';
import { observationsOf } from '../../../src/kubelet/eviction/observations.ts';
import { rankPods } from '../../../src/kubelet/eviction/ranking.ts';
import { type Signal, thresholdsOf } from '../../../src/kubelet/eviction/thresholds.ts';
import type { PodStats } from '../../../src/kubelet/stats/summary-types.ts';
import { MEBIBYTE, nodeThat, podThat, statsThat, type Uses } from './bed.ts';

const rank = (signal: Signal, all: readonly [Pod, Uses?][], dedicatedImageFs = false): string[] => {
  const stats = new Map<string, PodStats>();
  for (const [pod, uses] of all)
    if (uses) stats.set(pod.metadata.name as string, statsThat(pod.metadata.name as string, uses));
  const pods = all.map(([pod]) => pod);
  const ranked = rankPods(pods, signal, {
    statsOf: ({ metadata }) => stats.get(metadata.name as string),
    dedicatedImageFs,
  });
  return ranked.map(({ metadata }) => metadata.name as string);
};
const important = { priority: 100 };

describe('which pod goes first', () => {
  test('memory: more than asked for, then the less important, then the most above what was asked', () => {
    const order = rank('memory.available', [
      [podThat('within', { memory: '500Mi' }), { memory: 400 * MEBIBYTE }],
      [podThat('important', { memory: '1Mi' }, important), { memory: 500 * MEBIBYTE }],
      [podThat('little-above', { memory: '90Mi' }), { memory: 100 * MEBIBYTE }],
      [podThat('much-above', { memory: '1Mi' }), { memory: 60 * MEBIBYTE }],
      [podThat('unknown', {})],
    ]);
    assert.deepEqual(order, ['unknown', 'much-above', 'little-above', 'important', 'within']);
  });

  test('processes: the less important, then the one with the most', () => {
    const order = rank('pid.available', [
      [podThat('important', {}, important), { processes: 500 }],
      [podThat('few', {}), { processes: 2 }],
      [podThat('many', {}), { processes: 90 }],
    ]);
    assert.deepEqual(order, ['many', 'few', 'important']);
  });

  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
  ];
  const writers: [Pod, Uses][] = [
    [podThat('image-writer', {}), { rootfs: 300 }],
    [podThat('logger', {}), { logs: 200 }],
    [podThat('volume-writer', {}, { volumes }), { volumes: { data: 100, memory: 10_000 } }],
  ];
  test('disk: all that a pod has on it where there is one file system', () => {
    assert.deepEqual(rank('nodefs.available', writers), ['image-writer', 'logger', 'volume-writer']);
    assert.deepEqual(rank('imagefs.available', writers), ['image-writer', 'logger', 'volume-writer']);
  });
  test('disk: only what is on the one that is short where there are two', () => {
    assert.deepEqual(rank('nodefs.available', writers, true), ['logger', 'volume-writer', 'image-writer']);
    assert.deepEqual(rank('imagefs.available', writers, true)[0], 'image-writer');
  });
  test('inodes: the most files', () => {
    const order = rank('nodefs.inodesFree', [
      [podThat('few', {}), { inodes: 1, rootfs: 900 }],
      [podThat('many', {}), { inodes: 50 }],
    ]);
    assert.deepEqual(order, ['many', 'few']);
  });
});

describe("an eviction's message", () => {
  const observations = observationsOf(nodeThat({ memory: 1000 * MEBIBYTE, disk: 950 }));
  const thresholds = thresholdsOf({ hard: { 'memory.available': '100Mi', 'nodefs.available': '10%' } });

  test('tells what was short, and which container used more than it asked for', () => {
    const pod = podThat('web', { memory: '10Mi' });
    const stats = statsThat('web', { memory: 20 * MEBIBYTE });
    const { message, annotations } = evictionMessage(pod, stats, { resource: 'memory', thresholds, observations });
    assert.equal(
      message,
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 24Mi. ' +
        'Container main was using 20Mi, request is 10Mi, has larger consumption of memory. ',
    );
    assert.deepEqual(annotations, {
      offending_containers: 'main',
      offending_containers_usage: '20Mi',
      starved_resource: 'memory',
    });
  });

  test('tells of the pod when it asked for itself', () => {
    const pod = podThat('web', {}, { containers: [{ name: 'other' }], resources: { requests: { memory: '30Mi' } } });
    const stats = statsThat('web', { memory: 20 * MEBIBYTE });
    const { message } = evictionMessage(pod, stats, { resource: 'memory', thresholds: [], observations });
    assert.equal(
      message,
      'The node was low on resource: memory. ' +
        'Pod web was using 20Mi, request is 30Mi, has larger consumption of memory. ',
    );
  });

  test('counts files and logs where the disk is short', () => {
    const stats = statsThat('web', { rootfs: 1000, logs: 24 });
    const at = { resource: 'ephemeral-storage', thresholds, observations } as const;
    assert.equal(
      evictionMessage(podThat('web', {}), stats, at).message,
      'The node was low on resource: ephemeral-storage. Threshold quantity: 100, available: 50. ' +
        'Container main was using 1Ki, request is 0, has larger consumption of ephemeral-storage. ',
    );
  });

  test('says less of a pod of which nothing is known', () => {
    const at = { resource: 'pids', thresholds, observations } as const;
    assert.deepEqual(evictionMessage(podThat('web', {}), undefined, at), {
      message: 'The node was low on resource: pids. ',
      annotations: {},
    });
  });
});

describe('limits of ephemeral storage', () => {
  const limits = (storage: string) => ({
    containers: [{ name: 'main', resources: { limits: { 'ephemeral-storage': storage } } }],
  });
  const excess = (pod: Pod, uses: Uses, dedicatedImageFs = false) =>
    storageExcess(pod, statsThat('p', uses), { dedicatedImageFs });

  test('of an emptyDir', () => {
    const pod = podThat('p', {}, { volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Ki' } }] });
    assert.equal(excess(pod, { volumes: { data: 1024 } }), undefined);
    assert.deepEqual(excess(pod, { volumes: { data: 1025 } }), {
      signal: 'emptydirfs.limit',
      message: 'Usage of EmptyDir volume "data" exceeds the limit "1Ki". ',
    });
  });
  test('of the pod: its containers, logs and volumes together', () => {
    const pod = podThat('p', {}, { ...limits('1Ki'), volumes: [{ name: 'data', emptyDir: {} }] });
    assert.equal(excess(pod, { rootfs: 500, logs: 500 }), undefined);
    assert.deepEqual(excess(pod, { rootfs: 500, logs: 500, volumes: { data: 100 } }), {
      signal: 'ephemeralpodfs.limit',
      message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
    });
  });
  test('of a container, while another leaves the pod enough', () => {
    const { containers } = limits('1Ki');
    const other = { name: 'other', resources: { limits: { 'ephemeral-storage': '1Mi' } } };
    const pod = podThat('p', {}, { containers: [...containers, other] });
    assert.deepEqual(excess(pod, { rootfs: 1000, logs: 100 }), {
      signal: 'ephemeralcontainerfs.limit',
      message: 'Container main exceeded its local ephemeral storage limit "1Ki". ',
    });
    assert.equal(excess(pod, { rootfs: 1000, logs: 100 }, true), undefined, 'its files are elsewhere');
  });
});
