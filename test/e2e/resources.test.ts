// What pods may use, on real containers: control groups by class and pod, what happens beyond a limit, and that the
// node stays up. The node is made small, so that it runs short of memory without this machine doing so.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Event, EventList, Node, Pod } from '../../src/api/types/core/v1.ts';
import { parseQuantity, value } from '../../src/apimachinery/quantity.ts';
import { instanceOf } from '../../src/daemon/instance.ts';
import { type Cgroups, openCgroups } from '../../src/kubelet/cgroups/cgroups.ts';
import { cpuWeight } from '../../src/kubelet/cgroups/settings.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type FollowedPods, followPods } from './follow-pods.ts';

const MEBIBYTE = 1024 ** 2;
/** Of which pods have 300 Mi before the node says that it is short. */
const FOR_PODS = 400 * MEBIBYTE;
const PIDS = 40;

describe('resources of pods', { timeout: 240_000 }, () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  let pods: FollowedPods;
  let cgroups: Cgroups;

  before(async () => {
    cluster = await createCluster([
      `--pod-max-pids=${PIDS}`,
      '--kube-reserved=cpu=200m,pid=1000',
      `--system-reserved=memory=${Math.floor(totalmem() / 1024) * 1024 - FOR_PODS}`,
      '--eviction-hard=memory.available<100Mi',
      '--eviction-pressure-transition-period=12s',
    ]);
    await cluster.start();
    kubectl = cluster.kubectl;
    cgroups = openCgroups();
    pods = followPods(kubectl);
    const manifests = readFileSync(path.join(import.meta.dirname, 'testdata/resources/pods.yaml'), 'utf8');
    await kubectl.withInput(manifests, 'apply', '-f', '-');
  });
  after(async () => {
    pods?.stop();
    await cluster.remove();
  });

  const node = async () => (await kubectl.json<{ items: Node[] }>('get', 'nodes')).items[0] as Node;
  const condition = async (type: string) => (await node()).status?.conditions?.find((one) => one.type === type);
  const running = (name: string) => pods.when(name, 'running', (p) => isReady(p) && p);
  const failed = (name: string) => pods.when(name, 'failed', (p) => p.status?.phase === 'Failed' && p);
  const eventOf = (name: string, reason: string): Promise<Event> =>
    eventually(
      `the event ${reason} of ${name}`,
      async () =>
        (await kubectl.json<EventList>('get', 'events')).items.find(
          (one) => one.reason === reason && one.involvedObject.name === name,
        ),
      { timeoutMs: 30_000 },
    );

  /** Files of a group by their names in v1, so that tests read the same in both versions. */
  const settings = (group: string) => {
    const cgroup = `/${instanceOf(cluster.dataDir).cgroup}/kubepods${group}`;
    const [cpu, quota, memory] =
      cgroups.version === 1
        ? ['cpu.shares', 'cpu.cfs_quota_us', 'memory.limit_in_bytes']
        : ['cpu.weight', 'cpu.max', 'memory.max'];
    return {
      cpu: Number(cgroups.read('cpu', cgroup, cpu)),
      quota: Number.parseInt(cgroups.read('cpu', cgroup, quota)?.replace('max', '-1') ?? '', 10),
      memory: Number(cgroups.read('memory', cgroup, memory)),
      pids: cgroups.read('pids', cgroup, 'pids.max'),
    };
  };
  const shares = (count: number) => (cgroups.version === 1 ? count : cpuWeight(count));

  test('the node has less for pods than it has, by what is reserved and what evictions keep free', async () => {
    const { capacity, allocatable } = (await node()).status as Required<NonNullable<Node['status']>>;
    assert.equal(value(parseQuantity(allocatable.memory as string)), FOR_PODS - 100 * MEBIBYTE);
    assert.equal(Number.parseInt(allocatable.cpu as string, 10), Number(capacity.cpu) * 1000 - 200);
    assert.equal(settings('').memory, FOR_PODS);
  });

  test('each pod has a group below that of its class', async () => {
    const [guaranteed, burstable, bestEffort, podLevel] = await Promise.all(
      ['guaranteed', 'burstable', 'best-effort', 'pod-level'].map(running),
    );
    assert.deepEqual(settings(`/pod${guaranteed?.metadata.uid}`), {
      cpu: shares(102),
      quota: 10_000,
      memory: 16 * MEBIBYTE,
      pids: String(PIDS),
    });
    const { cpu, memory } = settings(`/burstable/pod${burstable?.metadata.uid}`);
    assert.deepEqual([cpu, memory], [shares(51), 16 * MEBIBYTE]);
    assert.equal(settings(`/besteffort/pod${bestEffort?.metadata.uid}`).cpu, shares(2));
    const level = settings(`/burstable/pod${podLevel?.metadata.uid}`);
    assert.deepEqual([level.quota, level.memory], [20_000, 32 * MEBIBYTE]);
    assert.equal(settings('/besteffort').cpu, shares(2));
  });

  test('a group goes with its pod', async () => {
    const { uid } = (await running('best-effort')).metadata;
    await kubectl('delete', 'pod', 'best-effort');
    const { cgroup } = instanceOf(cluster.dataDir);
    await eventually('no group', () => !cgroups.exists(`/${cgroup}/kubepods/besteffort/pod${uid}`));
  });

  test('a container that takes more memory than its limit is OOMKilled', async () => {
    const pod = await failed('too-much-memory');
    const { exitCode, reason } = pod.status?.containerStatuses?.[0]?.state?.terminated ?? {};
    assert.deepEqual([exitCode, reason], [137, 'OOMKilled']);
  });

  test('a container that forks without end takes no processes from others, and an event says so', async () => {
    const event = await eventOf('fork-bomb', 'PidsLimitReached');
    assert.match(event.message ?? '', /limit of 40 processes and threads/);
    assert.equal(await kubectl('exec', 'guaranteed', '--', 'echo', 'others go on'), 'others go on\n');
    assert.equal((await condition('Ready'))?.status, 'True');
    await kubectl('delete', 'pod', 'fork-bomb', '--wait=true');
  });

  test('a container or a volume that takes more disk than its limit is evicted, and nobody else', async () => {
    const files = await failed('fills-its-files');
    assert.equal(files.status?.reason, 'Evicted');
    assert.equal(
      files.status?.message,
      'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
    );
    const volume = await failed('fills-its-volume');
    assert.equal(volume.status?.message, 'Usage of EmptyDir volume "data" exceeds the limit "10Mi". ');
    assert.equal((await eventOf('fills-its-volume', 'Evicted')).type, 'Warning');
    assert.equal((await condition('DiskPressure'))?.status, 'False');
    await running('burstable');
  });

  test('what somebody says that the node has besides is given to pods, as far as it goes', async () => {
    const { metadata } = await node();
    const capacity = { 'example.com/dongle': '4' };
    const body = JSON.stringify({ status: { capacity } });
    await kubectl('patch', 'node', metadata.name as string, '--subresource=status', '-p', body);
    await running('dongles');
    assert.equal((await node()).status?.allocatable?.['example.com/dongle'], '4');
    const { message } = await eventOf('more-dongles', 'FailedScheduling');
    assert.match(message ?? '', /1 Insufficient example\.com\/dongle/);
  });

  test('a node short of memory says so, evicts the pod that has the most, and takes no more of its kind', async () => {
    const hog = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'hog' },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'busybox:1.36',
            // Memory of a file in /dev/shm counts as the writer's, and stays.
            command: ['sh', '-c', 'head -c 320m /dev/zero > /memory/full; sleep 1000'],
            volumeMounts: [{ name: 'memory', mountPath: '/memory' }],
          },
        ],
        volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }],
      },
    };
    await kubectl.withInput(JSON.stringify(hog), 'apply', '-f', '-');
    const pod = await failed('hog');
    assert.equal(pod.status?.reason, 'Evicted');
    assert.match(
      pod.status?.message ?? '',
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: .*Container main was using .*, request is 0, has larger consumption of memory\. $/,
    );
    const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual([target?.status, target?.reason], ['True', 'TerminationByKubelet']);
    const pressure = await condition('MemoryPressure');
    assert.deepEqual([pressure?.status, pressure?.reason], ['True', 'KubeletHasInsufficientMemory']);
    await eventually('the taint', async () =>
      (await node()).spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/memory-pressure'),
    );
    await eventually('the end of the pressure', async () => (await condition('MemoryPressure'))?.status === 'False', {
      timeoutMs: 60_000,
    });
    await running('guaranteed');
  });
});

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
