// A cluster with real containers put back to a snapshot: objects, containers, keys and watches fit together again.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { RunError } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { processesWith } from './host-state.ts';

describe('a cluster that is put back to a snapshot', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster();
    await cluster.start();
  });
  after(() => cluster.remove());

  const word = (name: string) => `${name}-${process.pid}`;
  const script = 'trap exit TERM; while true; do sleep 1000 & wait; done';
  /** A pod that always has the same name. */
  const runSolo = async (name: string) => {
    await cluster.kubectl('run', 'solo', '--image=busybox:1.36', '--command', '--', 'sh', '-c', script, word(name));
    await cluster.kubectl('wait', 'pod/solo', '--for=condition=Ready', '--timeout=60s');
  };
  const deploy = async (name: string, replicas: number) => {
    await cluster.kubectl(
      ...['create', 'deployment', name, '--image=busybox:1.36', `--replicas=${replicas}`],
      ...['--', 'sh', '-c', script, word(name)],
    );
    await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
  };
  const pods = async () => {
    const { items } = await cluster.kubectl.json<{ items: { metadata: { name: string; uid: string } }[] }>(
      'get',
      'pods',
    );
    return new Map(items.map(({ metadata }) => [metadata.name, metadata.uid]));
  };
  const gone = (name: string) =>
    eventually(`the containers of ${name} have ended`, () => processesWith(word(name)) === 0, { timeoutMs: 60_000 });

  let snapshotPods: Map<string, string>;
  let revision: string;

  test('a snapshot is made while it serves', async () => {
    const { kubectl } = cluster;
    await deploy('deleted', 2);
    await deploy('untouched', 1);
    await runSolo('solo-then');
    await kubectl('create', 'configmap', 'settings', '--from-literal=colour=blue');
    snapshotPods = await pods();
    const { stdout } = await cluster.tsukube('snapshot', 'save', 'good', '--output=json');
    const manifest = JSON.parse(stdout) as { keys: number; revision: number };
    assert.ok(manifest.keys > 100 && manifest.revision > 100, stdout);
    assert.match((await cluster.tsukube('snapshot', 'verify')).stdout, /^good is good$/m);
  });

  test('a restore is refused while the server runs', async () => {
    await assert.rejects(cluster.tsukube('snapshot', 'restore', 'good'), (error: Error) => {
      assert.ok(error instanceof RunError && error.exitCode === 1);
      assert.match(error.output, /^tsukube: the server runs \(process \d+\): stop it first with "tsukube stop"/m);
      return true;
    });
  });

  test('extra pods are ended, missing ones are started, the rest runs on', async () => {
    const { kubectl } = cluster;
    await kubectl('delete', 'deployment', 'deleted');
    await gone('deleted');
    await deploy('extra', 2);
    await kubectl('delete', 'pod', 'solo');
    await runSolo('solo-later');
    await kubectl('create', 'configmap', 'later');
    await kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"colour":"red"}}');
    const list = JSON.parse(await kubectl('get', '--raw', '/api/v1/configmaps?limit=1'));
    revision = (list as { metadata: { resourceVersion: string } }).metadata.resourceVersion;

    await cluster.end('SIGKILL'); // its newest writes are in the WAL, which must not come back
    const { stdout } = await cluster.tsukube('snapshot', 'restore', 'good');
    assert.match(stdout, /^the cluster is that of good /m);
    assert.equal(processesWith(word('extra')), 2, 'containers run on until the server looks at them');
    await cluster.start();
    await kubectl('rollout', 'status', 'deployment/deleted', '--timeout=90s');
    await gone('extra');
    await gone('solo-later'); // another pod, though its name is the same
    assert.equal(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}'), 'blue');
    await assert.rejects(kubectl('get', 'configmap', 'later'), /NotFound/);
    await eventually('just the pods of the snapshot run', () => processesWith(word('deleted')) === 2, {
      timeoutMs: 60_000,
    });
    assert.equal(processesWith(word('untouched')), 1, 'what was never touched runs once');
    await eventually('the pod of the snapshot runs', () => processesWith(word('solo-then')) === 1, {
      timeoutMs: 60_000,
    });
    const now = await pods();
    const [kept] = [...snapshotPods].filter(([name]) => name.startsWith('untouched')) as [[string, string]];
    assert.equal(now.get(kept[0]), kept[1], 'the pod that was never touched is the same one');
    const name = [...now.keys()].find((pod) => pod.startsWith('deleted')) as string;
    assert.equal(await kubectl('exec', name, '--', 'echo', 'reached'), 'reached\n');
  });

  test('a watch from before gets 410 and the revisions go on above', async () => {
    const watched = await cluster.kubectl(
      ...['get', '--raw', `/api/v1/configmaps?watch=1&timeoutSeconds=1&resourceVersion=${revision}`],
    );
    const { type, object } = JSON.parse(watched) as { type: string; object: { code: number; reason: string } };
    assert.deepEqual([type, object.code, object.reason], ['ERROR', 410, 'Expired']);
    const made = await cluster.kubectl.json<{ metadata: { resourceVersion: string } }>('create', 'configmap', 'newer');
    assert.ok(Number(made.metadata.resourceVersion) > Number(revision) + 1_000_000);
  });

  test('it can be put back to what it was before, and snapshots are pruned', async () => {
    const [replaced] = readdirSync(cluster.dataDir).filter((name) => name.startsWith('replaced-'));
    await cluster.end('SIGTERM');
    await cluster.tsukube('snapshot', 'save', 'before', `--storage=sqlite:${cluster.dataDir}/${replaced}/state.db`);
    await cluster.tsukube('snapshot', 'restore', 'before');
    await cluster.start();
    await cluster.kubectl('rollout', 'status', 'deployment/extra', '--timeout=90s');
    await gone('deleted');
    await cluster.kubectl('get', 'configmap', 'later');
    assert.match((await cluster.tsukube('snapshot', 'prune', '--keep=1')).stdout, /^good was removed$/m);
    assert.deepEqual(readdirSync(`${cluster.dataDir}/snapshots`), ['before']);
  });
});
