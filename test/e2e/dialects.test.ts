// A cluster whose containers podman or docker runs: a Deployment with probes and volumes, what kubectl asks of it, a server that is
// killed and adopts it, images by the command line; the uninstallation compares the host with what it was.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Node, Pod } from '../../src/api/types/core/v1.ts';
import { subjects } from '../kubelet/cri/harness.ts';
import { eventually } from '../support/eventually.ts';
import { openChannels } from './channels.ts';
import { type Cluster, createCluster } from './cluster.ts';

const WEB = `
apiVersion: v1
kind: ConfigMap
metadata: { name: page }
data: { index.html: from the volume }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      volumes:
      - { name: page, configMap: { name: page } }
      - { name: scratch, emptyDir: {} }
      containers:
      - name: web
        image: busybox:1.36
        imagePullPolicy: Never
        command: [sh, -c, 'echo serving; rm -f /scratch/broken; touch /scratch/started; exec httpd -f -p 8080 -h /page']
        securityContext: { runAsUser: 1000, runAsGroup: 1001 }
        volumeMounts:
        - { name: page, mountPath: /page }
        - { name: scratch, mountPath: /scratch }
        startupProbe: { exec: { command: [test, -e, /scratch/started] }, periodSeconds: 1 }
        readinessProbe: { httpGet: { path: /index.html, port: 8080 }, periodSeconds: 1 }
        livenessProbe: { exec: { command: [test, '!', -e, /scratch/broken] }, periodSeconds: 1, failureThreshold: 1 }
`;

const SHELL = `
apiVersion: v1
kind: Pod
metadata: { name: shell }
spec:
  restartPolicy: Never
  containers: [{ name: main, image: 'busybox:1.36', imagePullPolicy: Never, command: [sh], stdin: true, tty: true }]
`;

for (const { name: driver, unavailable } of subjects.filter(({ name }) => ['podman', 'docker'].includes(name))) {
  describe(`pods by ${driver}`, { skip: unavailable ?? false, timeout: 180_000 }, () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await createCluster([`--container-runtime=${driver}`]);
      await cluster.start();
    });
    after(() => cluster.remove());

    const pods = async () => (await cluster.kubectl.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=web')).items;
    const statusOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0];
    const identities = async () =>
      (await pods()).map((pod) => [pod.metadata?.name, pod.status?.podIP, statusOf(pod)?.containerID]);

    test('become ready by their probes, with their volumes, logs and exec', async () => {
      const { kubectl } = cluster;
      await kubectl.withInput(WEB, 'apply', '-f', '-');
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
      const [one, other] = await pods();
      const name = one?.metadata?.name as string;
      assert.match(statusOf(one)?.containerID ?? '', new RegExp(`^${driver}://[0-9a-f]{64}$`));
      assert.equal(await kubectl('logs', name), 'serving\n');
      const url = `http://${other?.status?.podIP}:8080/`;
      assert.equal(await kubectl('exec', name, '--', 'wget', '-qO-', url), 'from the volume');
      assert.equal(await kubectl('exec', name, '--', 'sh', '-c', 'id -u; id -G'), '1000\n1001\n');
      const [node] = (await kubectl.json<{ items: Node[] }>('get', 'nodes')).items;
      assert.match(node?.status?.nodeInfo?.containerRuntimeVersion ?? '', new RegExp(`^${driver}://\\d`));
    });

    test('outlive a killed server, and are restarted by the next when they end or fail their probe', async () => {
      const { kubectl } = cluster;
      const before = await identities();
      await cluster.end('SIGKILL');
      await cluster.start();
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
      assert.deepEqual(await identities(), before);
      assert.deepEqual(
        (await pods()).map((pod) => statusOf(pod)?.restartCount),
        [0, 0],
      );

      const name = before[0]?.[0] as string;
      await kubectl('exec', name, '--', 'touch', '/scratch/broken');
      const restarted = await eventually(
        'the restart',
        async () => {
          const status = statusOf((await pods()).find((pod) => pod.metadata?.name === name));
          return status?.restartCount === 1 && status.ready ? status : undefined;
        },
        { timeoutMs: 40_000 },
      );
      assert.equal(restarted.lastState?.terminated?.exitCode, 137);
      assert.equal(await kubectl('logs', name, '--previous'), 'serving\n');
    });

    test('have their images listed by the command line, which keeps those in use', async () => {
      const { stdout } = await cluster.tsukube('image', 'list');
      assert.match(stdout, /docker\.io\/library\/busybox:1\.36 /);
      await assert.rejects(
        cluster.tsukube('image', 'remove', 'busybox:1.36'),
        /image "busybox:1.36" is in use by container/,
      );
    });

    test('are attached to: a shell outlives who typed in it, and is not there when it has ended', async () => {
      const { kubectl } = cluster;
      await kubectl.withInput(SHELL, 'apply', '-f', '-');
      await kubectl('wait', '--for=condition=Ready', 'pod/shell', '--timeout=60s');
      const attach = { protocol: 'v5.channel.k8s.io', query: 'stdin=1&stdout=1&tty=1' };
      for (const word of ['first', 'second']) {
        const { socket, send, text } = await openChannels(kubectl, 'shell/attach', attach);
        send(4, '{"Width":101,"Height":41}');
        await eventually('the size', () => {
          send(0, `echo ${word}; stty size\n`);
          return text[1]?.includes(`${word}\r\n41 101\r\n`);
        });
        socket.close();
      }
      const { send, closed } = await openChannels(kubectl, 'shell/attach', attach);
      send(0, 'exit 3\n');
      await closed;
      await kubectl('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/shell', '--timeout=30s');
      await assert.rejects(kubectl('attach', 'shell'), /cannot attach a container in a completed pod/);
    });
  });
}

describe('an engine that does not answer', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'engine-'));
  const { PATH } = process.env;
  let cluster: Cluster;
  before(async () => {
    const answers = '[ "$1" != events ] || exec sleep 1000';
    const file = path.join(folder, 'docker');
    writeFileSync(file, `#!/bin/sh\n[ -e "$0.up" ] || { echo "no engine at the socket" >&2; exit 1; }\n${answers}\n`);
    chmodSync(file, 0o755);
    process.env.PATH = `${folder}:${PATH}`;
    cluster = await createCluster(['--container-runtime=docker']);
  });
  after(async () => {
    writeFileSync(path.join(folder, 'docker.up'), '');
    await cluster.remove();
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true, force: true });
  });

  test('ends the start and the uninstallation in one sentence', async () => {
    const refused = { exitCode: 1, message: /tsukube: (docker tells of no more events: )?no engine at the socket/ };
    await assert.rejects(cluster.tsukube('server'), refused);
    await assert.rejects(cluster.tsukube('uninstall', '--yes'), refused);
  });
});
