// What survives the server: containers run on, are adopted with their ids, and nothing acknowledged is lost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RunError } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { processes } from './host-state.ts';

interface PodView {
  metadata: { name: string; uid: string };
  status: { containerStatuses: { containerID: string; restartCount: number; ready: boolean }[]; podIP: string };
}

describe('a server that ends', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster();
    await cluster.start();
  });
  after(() => cluster.remove());

  const pods = async () => {
    const { items } = await cluster.kubectl.json<{ items: PodView[] }>('get', 'pods');
    return items.map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      ip: status.podIP,
      containers: status.containerStatuses.map(({ containerID, restartCount, ready }) => ({
        containerID,
        restartCount,
        ready,
      })),
    }));
  };

  test('by SIGKILL leaves its containers running; the next one adopts them', async () => {
    const { kubectl } = cluster;
    await kubectl(
      'create',
      'deployment',
      'web',
      '--image=busybox:1.36',
      '--replicas=2',
      '--',
      'sh',
      '-c',
      'trap exit TERM; echo started; sleep 10000 & wait',
    );
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
    const before = await pods();
    // Written just before the end: acknowledged is kept.
    await Promise.all(Array.from({ length: 20 }, (_, i) => kubectl('create', 'configmap', `kept-${i}`)));
    const running = processes(cluster.folder);
    await cluster.end('SIGKILL');
    assert.deepEqual(processes(cluster.folder), running, 'containers run on');

    await cluster.start();
    assert.deepEqual(await pods(), before);
    const maps = await kubectl('get', 'configmaps', '-o', 'name');
    for (let i = 0; i < 20; i++) assert.match(maps, new RegExp(`configmap/kept-${i}\\n`));
    const name = before[0]?.name as string;
    assert.equal(await kubectl('exec', name, '--', 'echo', 'reached'), 'reached\n');
    assert.match(await kubectl('logs', name), /started/);
  });

  test('a container that died meanwhile is restarted once the server is back', async () => {
    const { kubectl } = cluster;
    const pod = (await pods())[0];
    const { stdout } = await cluster.tsukube('status', '--json');
    assert.equal((JSON.parse(stdout) as { pid: number }).pid, cluster.pid());
    await cluster.end('SIGTERM');
    assert.ok(processes(cluster.folder).length > 0, 'containers run on after SIGTERM as well');
    await cluster.start();
    await kubectl('exec', pod?.name as string, '--', 'kill', '1').catch((error: unknown) => {
      // With process 1 the kernel may end the rest before kill itself has ended.
      if (!(error instanceof RunError) || error.exitCode !== 137) throw error;
    });
    await eventually(
      'one restart',
      async () => (await pods()).find(({ name }) => name === pod?.name)?.containers[0]?.restartCount === 1,
      { timeoutMs: 30_000 },
    );
  });

  test('`stop --all` stops the pods too, and the next start brings them back', async () => {
    const { stdout } = await cluster.tsukube('stop', '--all');
    assert.match(stdout, /2 pods were stopped/);
    assert.deepEqual(processes(cluster.folder), []);
    await cluster.start();
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=40s');
  });
});
