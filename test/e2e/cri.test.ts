// Pods over the CRI: that of our own containerd, and of one that somebody else runs.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Node, Pod } from '../../src/api/types/core/v1.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { run } from '../../src/exec.ts';
import { startContainerd, stopContainerd } from '../../src/kubelet/cri/containerd-process.ts';
import { createNerdctl } from '../../src/kubelet/cri/nerdctl/cli.ts';
import { createImages } from '../../src/kubelet/cri/nerdctl/images.ts';
import { PAUSE_IMAGE, pauseArchive } from '../../src/kubelet/cri/pause.ts';
import { silentLogger as log } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const pod = (name: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          imagePullPolicy: 'Never',
          command: ['sh', '-c', 'echo started; trap "exit 0" TERM; while true; do sleep 0.1; done'],
        },
      ],
    },
  });

/** Leaves no link behind, as a bridge would. */
const theirNetwork = (dataDir: string) => ({
  cniVersion: '1.0.0',
  name: 'theirs',
  plugins: [{ type: 'ptp', ipam: { type: 'host-local', ranges: [[{ subnet: '10.52.0.0/24' }]], dataDir } }],
});

async function runPod({ kubectl }: Cluster, name: string): Promise<Pod> {
  await kubectl.withInput(pod(name), 'apply', '-f', '-');
  await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  return kubectl.json<Pod>('get', 'pod', name);
}

const statusOf = (one: Pod) => one.status?.containerStatuses?.[0];

describe('the CRI of our own containerd', { timeout: 180_000 }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster(['--container-runtime=cri']);
    await cluster.start();
  });
  after(() => cluster.remove());

  test('runs pods, whose containers outlive a killed server as they are', async () => {
    const { kubectl } = cluster;
    const before = await runPod(cluster, 'adopted');
    assert.match(statusOf(before)?.containerID ?? '', /^containerd:\/\//);
    assert.equal(await kubectl('exec', 'adopted', '--', 'echo', 'hello'), 'hello\n');
    assert.equal(await kubectl('logs', 'adopted'), 'started\n');
    await cluster.end('SIGKILL');
    await cluster.start();
    const after = await runPod(cluster, 'adopted');
    assert.deepEqual(
      [statusOf(after)?.containerID, statusOf(after)?.restartCount, after.status?.podIP],
      [statusOf(before)?.containerID, 0, before.status?.podIP],
    );
    await kubectl('delete', 'pod', 'adopted');
  });

  test('that hangs makes the node not ready in its words, while pods run on, and ready again when it answers', async () => {
    const { kubectl } = cluster;
    const made = await runPod(cluster, 'serving');
    const file = path.join(cluster.folder, 'run/containerd/containerd.pid');
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    const ready = async () => {
      const [node] = (await kubectl.json<{ items: Node[] }>('get', 'nodes')).items;
      return node?.status?.conditions?.find(({ type }) => type === 'Ready');
    };
    process.kill(pid, 'SIGSTOP');
    try {
      const condition = await eventually(
        'the condition',
        async () => {
          const now = await ready();
          return now?.status === 'False' ? now : undefined;
        },
        { timeoutMs: 40_000 },
      );
      assert.equal(condition.reason, 'KubeletNotReady');
      assert.match(condition.message ?? '', /^container runtime is down: .*Status took longer than 10 s$/);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await eventually('the node is ready', async () => (await ready())?.status === 'True', { timeoutMs: 40_000 });
    const after = await kubectl.json<Pod>('get', 'pod', 'serving');
    assert.equal(statusOf(after)?.containerID, statusOf(made)?.containerID);
    assert.equal(statusOf(after)?.restartCount, 0);
    await kubectl('delete', 'pod', 'serving');
  });

  test('does not take over what nerdctl ran, and the other way round', async () => {
    await cluster.end('SIGTERM');
    const [program, ...args] = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js'), 'server'];
    const other = cluster.settings.map((setting) => setting.replace('=cri', '=nerdctl'));
    await assert.rejects(run([program as string, ...args, ...other], { timeout: 30_000 }), {
      message: /run with "cri": stop them with "tsukube stop --all", then start with another/,
    });
    await cluster.start();
  });
});

describe('the CRI of a containerd that somebody else runs', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-c-'));
  const place = { dataDir: path.join(folder, 'data'), runDir: path.join(folder, 'run'), clock, log };
  let cluster: Cluster;
  let made: string | undefined;
  before(async () => {
    const cniConfDir = path.join(folder, 'net.d');
    mkdirSync(cniConfDir);
    made = mkdirSync('/var/lib/cni/results', { recursive: true }); // theirs, not the cluster's
    writeFileSync(path.join(cniConfDir, '10-theirs.conflist'), JSON.stringify(theirNetwork(place.runDir)));
    const cniBinDir = ['/opt/cni/bin', '/usr/lib/cni'].find((bin) => existsSync(path.join(bin, 'bridge'))) ?? '';
    const { address } = await startContainerd({
      ...place,
      cri: { sandboxImage: PAUSE_IMAGE, cniConfDir, cniBinDir, registries: folder, restrictOomScoreAdj: true },
    });
    const nerdctl = createNerdctl({ binary: 'nerdctl', address, dataRoot: path.join(folder, 'nerdctl') });
    const pause = path.join(folder, 'pause.tar');
    writeFileSync(pause, pauseArchive());
    await createImages(nerdctl, { logins: folder }).loadImages(pause);
    cluster = await createCluster([`--container-runtime-endpoint=unix://${address}`]);
    await createImages(nerdctl, { logins: folder }).loadImages(path.join(cluster.dataDir, 'images/busybox.tar'));
    await cluster.start();
  });
  after(async () => {
    await cluster.remove();
    await stopContainerd(place);
    for (const mine of [folder, ...(made ? [made] : [])]) rmSync(mine, { recursive: true, force: true });
  });

  test('runs pods, and is what the node tells of', async () => {
    const made = await runPod(cluster, 'theirs');
    assert.equal(statusOf(made)?.restartCount, 0);
    const [node] = (await cluster.kubectl.json<{ items: Node[] }>('get', 'nodes')).items;
    assert.match(node?.status?.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\/\d/);
    await cluster.kubectl('delete', 'pod', 'theirs');
  });
});
