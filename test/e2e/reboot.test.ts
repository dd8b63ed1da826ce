// A machine that restarts: what ran is gone, and with it the run directory, namespaces, mounts and control groups. The
// next server brings its pods back with their volumes, once each.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { instanceOf } from '../../src/daemon/instance.ts';
import { run } from '../../src/exec.ts';
import { subjects } from '../kubelet/cri/harness.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'lasting' },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [
      { name: 'kept', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ],
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        imagePullPolicy: 'Never',
        command: ['sh', '-c', 'echo start >> /kept/starts; trap exit TERM; sleep 10000 & wait'],
        volumeMounts: [
          { name: 'kept', mountPath: '/kept' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
  },
};

const cgroupsOf = (dataDir: string): string[] =>
  readdirSync('/sys/fs/cgroup').map((controller) =>
    path.join('/sys/fs/cgroup', controller, instanceOf(dataDir).cgroup),
  );

/** Deepest first. */
function foldersBelow(folder: string): string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...inner.flatMap(({ name }) => foldersBelow(path.join(folder, name))), folder];
  } catch {
    return []; // there is no such control group
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended with another
  }
}

const processesOf = (cluster: Cluster, cgroups: readonly string[]): number[] => {
  const contained = cgroups.flatMap((folder) => readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').split('\n'));
  const around = readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(cluster.folder);
    } catch {
      return false; // it is over
    }
  });
  return [...contained, ...around].filter(Boolean).map(Number);
};

/** All that a restart of the machine takes away. */
async function loseAllButDisk(cluster: Cluster): Promise<void> {
  await cluster.end('SIGKILL');
  const cgroups = cgroupsOf(cluster.dataDir).flatMap(foldersBelow);
  await eventually('no process of it', () => {
    const pids = processesOf(cluster, cgroups);
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  });
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${cluster.folder}/`));
  for (const mount of mounts.sort((a, b) => b.length - a.length)) await run(['umount', '-l', mount]);
  for (const folder of cgroups) rmdirSync(folder);
  rmSync(path.join(cluster.folder, 'run'), { recursive: true, force: true });
}

const withoutPodman = subjects.find(({ name }) => name === 'podman')?.unavailable;

for (const driver of ['nerdctl', 'cri', 'podman']) {
  const skip = (driver === 'podman' && withoutPodman) || false;
  describe(`a machine that restarts, with ${driver}`, { skip, timeout: 150_000 }, () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await createCluster([`--container-runtime=${driver}`]);
      await cluster.start();
    });
    after(() => cluster.remove());
    const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');

    test('has its pods again, each once, with what their volumes had', async () => {
      const { kubectl } = cluster;
      await kubectl.withInput(JSON.stringify(POD), 'apply', '-f', '-');
      await kubectl('wait', '--for=condition=Ready', 'pod/lasting', '--timeout=60s');
      await kubectl('exec', 'lasting', '--', 'sh', '-c', 'echo gone > /memory/file');
      const { metadata } = await kubectl.json<Pod>('get', 'pod', 'lasting');
      await loseAllButDisk(cluster);
      await cluster.start();
      const pod = await eventually(
        'the pod is ready again',
        async () => {
          const now = await kubectl.json<Pod>('get', 'pod', 'lasting');
          return isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1 ? now : undefined;
        },
        { timeoutMs: 60_000 },
      );
      assert.equal(pod.metadata.uid, metadata.uid);
      const read = async (command: string) => kubectl('exec', 'lasting', '--', 'sh', '-c', command);
      assert.equal(await read('cat /kept/starts'), 'start\nstart\n');
      assert.equal(await read('ls /memory'), '');
      const running = cgroupsOf(cluster.dataDir)
        .flatMap(foldersBelow)
        .flatMap((folder) => readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').split('\n'))
        .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\0'));
      assert.equal(new Set(running).size, 1, 'the container runs once');
    });
  });
}
