// A node whose disk is full, on real containers: it says so, gives back images and containers that nobody needs, evicts,
// and takes no pods. The threshold is above what this machine has free; nothing is filled.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EventList, Node, Pod } from '../../src/api/types/core/v1.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type FollowedPods, followPods } from './follow-pods.ts';

const podOf = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'busybox:1.36', command: ['sleep', '1000'] }], ...spec },
});

describe('a node whose disk is full', { timeout: 180_000 }, () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  let pods: FollowedPods;
  let imagesBefore: string[];

  const images = async () => (await cluster.tsukube('image', 'list')).stdout.trim().split('\n').slice(1);
  const node = async () => (await kubectl.json<{ items: Node[] }>('get', 'nodes')).items[0] as Node;
  const failed = (name: string) => pods.when(name, 'failed', (p) => p.status?.phase === 'Failed' && p);

  before(async () => {
    cluster = await createCluster(['--eviction-hard=nodefs.available<99.9%', '--image-minimum-gc-age=0']);
    await cluster.start();
    kubectl = cluster.kubectl;
    imagesBefore = await images();
    pods = followPods(kubectl);
    await kubectl.withInput(JSON.stringify(podOf('first', {})), 'apply', '-f', '-');
  });
  after(async () => {
    pods?.stop();
    await cluster.remove();
  });

  test('evicts a pod and says why', async () => {
    const { status } = await failed('first');
    assert.equal(status?.reason, 'Evicted');
    assert.match(
      status?.message ?? '',
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+, available: \S+\. /,
    );
  });

  test('tells its condition, its taint, and what it tries', async () => {
    const { status } = await node();
    const condition = status?.conditions?.find(({ type }) => type === 'DiskPressure');
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'KubeletHasDiskPressure']);
    await eventually('the taint', async () =>
      (await node()).spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/disk-pressure'),
    );
    const { items } = await kubectl.json<EventList>('get', 'events', '-A');
    const event = items.find(({ reason }) => reason === 'EvictionThresholdMet');
    assert.deepEqual(
      [event?.involvedObject.kind, event?.type, event?.message],
      ['Node', 'Warning', 'Attempting to reclaim ephemeral-storage'],
    );
  });

  test('removes images that nobody uses, and then those of pods that ended', async () => {
    assert.ok(imagesBefore.length > 1);
    await eventually('no images', async () => (await images()).length === 0, { timeoutMs: 60_000 });
  });

  test('takes no pod: one is not scheduled, one that was placed by hand is rejected', async () => {
    await kubectl.withInput(JSON.stringify(podOf('second', {})), 'apply', '-f', '-');
    const nodeName = (await node()).metadata.name as string;
    await kubectl.withInput(JSON.stringify(podOf('placed', { nodeName })), 'apply', '-f', '-');
    const { status } = await failed('placed');
    assert.equal(status?.reason, 'Evicted');
    assert.equal(status?.message, 'Pod was rejected: The node had condition: [DiskPressure]. ');
    const second = pods.get('second') as Pod;
    assert.deepEqual([second.status?.phase, second.spec.nodeName], ['Pending', undefined]);
  });
});
