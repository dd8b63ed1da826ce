// Uninstalling leaves nothing, whatever state the last server left: each case breaks one and compares the host.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { instanceOf } from '../../src/daemon/instance.ts';
import { run } from '../../src/exec.ts';
import { type Cluster, createCluster } from '../e2e/cluster.ts';
import { eventually } from '../support/eventually.ts';

/** A container that does not hear SIGTERM, one with a terminal, and a host port. */
const PODS = `
apiVersion: v1
kind: Pod
metadata: { name: stubborn }
spec:
  containers:
  - name: stubborn
    image: busybox:1.36
    command: [sh, -c, 'trap "" TERM; while true; do sleep 1; done']
    ports: [{ containerPort: 80, hostPort: 18482 }]
  - { name: terminal, image: 'busybox:1.36', command: [sh], stdin: true, tty: true }
`;

function killContainerd(cluster: Cluster): void {
  const file = path.join(cluster.folder, 'run', 'containerd', 'containerd.pid');
  process.kill((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, 'SIGKILL');
}

const withPods = async (cluster: Cluster) => {
  await cluster.kubectl.withInput(PODS, 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/stubborn', '--timeout=40s');
};

const CASES: Record<string, (cluster: Cluster) => Promise<void>> = {
  async 'a running server whose container ignores SIGTERM'(cluster) {
    await withPods(cluster);
  },
  async 'a server that was killed'(cluster) {
    await withPods(cluster);
    await cluster.end('SIGKILL');
  },
  async 'a server and a containerd that were killed'(cluster) {
    await withPods(cluster);
    await cluster.end('SIGKILL');
    killContainerd(cluster);
  },
  async 'a server that was killed while pods got their network'(cluster) {
    await cluster.kubectl('create', 'deployment', 'web', '--image=busybox:1.36', '--replicas=6', '--', 'sleep', '1000');
    const { bridge } = instanceOf(path.join(cluster.folder, 'data'));
    const links = () => readdirSync('/sys/class/net').includes(bridge) && readdirSync(`/sys/class/net/${bridge}/brif`);
    await eventually('a first link of a pod', () => (links() || []).length > 0, { everyMs: 5 });
    await cluster.end('SIGKILL');
  },
};

describe('uninstall leaves nothing behind after', { timeout: 300_000 }, () => {
  for (const [name, breakIt] of Object.entries(CASES)) {
    test(name, async () => {
      const cluster = await createCluster();
      try {
        await cluster.start();
        await breakIt(cluster);
      } finally {
        await cluster.remove(); // throws with what is left
      }
      assert.equal(await run(['ls', cluster.folder]).catch(() => 'gone'), 'gone');
    });
  }
});
