// The pod network as packets see it: host ports, a pod that reaches itself through its Service, the node, and what
// lies beyond the node (a network namespace that knows no way back to pods, so that only masquerading gets an answer).
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { run, spawn } from '../../src/exec.ts';
import { type Cluster, createCluster } from '../e2e/cluster.ts';
import { eventually } from '../support/eventually.ts';

const HOST_PORT = 18_480;
const OUTSIDE = { netns: 'tsk-outside', link: 'tsk-out0', node: '198.51.100.1', address: '198.51.100.2', port: 18_481 };

const MANIFEST = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: busybox:1.36
    command: [sh, -c, 'hostname >/tmp/index.html; exec httpd -f -p 80 -h /tmp']
    ports: [{ containerPort: 80, hostPort: ${HOST_PORT} }]
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: client, image: 'busybox:1.36', command: [sleep, '10000'] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

/** Answers every request with the address it came from. */
const ECHO = `require('http').createServer((q, r) => r.end(q.socket.remoteAddress)).listen(${OUTSIDE.port}, '0.0.0.0', () => console.log('up'))`;

describe('the pod network', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let outside: ReturnType<typeof spawn> | undefined;
  let nodeAddress: string;
  before(async () => {
    cluster = await createCluster();
    await cluster.start();
    await cluster.kubectl.withInput(MANIFEST, 'apply', '-f', '-');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', 'pod/client', '--timeout=40s');
    nodeAddress = (await get('pod', 'web', '{.status.hostIP}')).trim();
  });
  after(async () => {
    outside?.kill('SIGKILL');
    await run(['ip', 'netns', 'delete', OUTSIDE.netns]).catch(() => undefined); // a failed test may not have made it
    await cluster.remove();
  });

  const get = (kind: string, name: string, jsonpath: string) =>
    cluster.kubectl('get', kind, name, '-o', `jsonpath=${jsonpath}`);
  const fetchFrom = async (pod: string, url: string) =>
    (await cluster.kubectl('exec', pod, '--', 'timeout', '5', 'wget', '-q', '-O', '-', url)).trim();
  const answer = (what: string, ask: () => Promise<string>) => eventually(what, ask, { timeoutMs: 10_000 });

  test('a host port leads to the pod: on the node address, on loopback, and from a pod', async () => {
    for (const address of [nodeAddress, '127.0.0.1']) {
      const text = await answer(address, async () => (await fetch(`http://${address}:${HOST_PORT}/`)).text());
      assert.equal(text.trim(), 'web');
    }
    assert.equal(await fetchFrom('client', `http://${nodeAddress}:${HOST_PORT}/`), 'web');
    assert.equal(await fetchFrom('web', `http://${nodeAddress}:${HOST_PORT}/`), 'web');
  });

  test('pods reach each other by address, and a pod reaches itself through its Service', async () => {
    const [podIP, clusterIP] = [
      await get('pod', 'web', '{.status.podIP}'),
      await get('svc', 'web', '{.spec.clusterIP}'),
    ];
    assert.equal(await fetchFrom('client', `http://${podIP}/`), 'web');
    assert.equal(await answer('the Service', () => fetchFrom('client', `http://${clusterIP}/`)), 'web');
    assert.equal(await answer('the hairpin', () => fetchFrom('web', `http://${clusterIP}/`)), 'web');
  });

  test('a pod reaches the node with its own address', async () => {
    await using server = createServer((request, response) => response.end(request.socket.remoteAddress));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as AddressInfo;
    const podIP = await get('pod', 'client', '{.status.podIP}');
    assert.equal(await fetchFrom('client', `http://${nodeAddress}:${port}/`), podIP);
  });

  test('what a pod sends beyond the node bears the address of the node', async () => {
    const { netns, link, node, address, port } = OUTSIDE;
    await run(['ip', 'netns', 'add', netns]);
    await run(['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns]);
    await run(['ip', 'address', 'add', `${node}/30`, 'dev', link]);
    await run(['ip', 'link', 'set', link, 'up']);
    for (const args of [
      ['address', 'add', `${address}/30`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
    ]) {
      await run(['ip', '-n', netns, ...args]);
    }
    const server = spawn(['ip', 'netns', 'exec', netns, process.execPath, '-e', ECHO]);
    outside = server;
    await new Promise((resolve) => server.stdout?.once('data', resolve));
    assert.equal(await fetchFrom('client', `http://${address}:${port}/`), node);
  });
});
