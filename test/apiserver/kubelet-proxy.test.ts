// Logs and exec are passed on to the kubelet of the pod's node: here an HTTPS server that says what it was asked.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { nodes, pods } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { createAuthority, issueCertificate } from '../../src/pki/certificate.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let api: TestServer;
let kubelet: https.Server;
const sockets = new Set<Duplex>();

before(async () => {
  const validity = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };
  const authority = await createAuthority('kubelet', validity);
  const identity = { commonName: 'n', ips: ['127.0.0.1'], ...validity };
  const serving = await issueCertificate(authority, { ...identity, usages: ['server'] });
  const client = await issueCertificate(authority, { ...identity, usages: ['client'] });
  kubelet = https.createServer({ ...serving, ca: authority.cert, requestCert: true }, (req, res) => {
    res.end(`${req.method} ${req.url}`);
  });
  const websockets = new WebSocketServer({ noServer: true });
  kubelet.on('connection', (socket) => sockets.add(socket));
  kubelet.on('upgrade', (req, socket, head) => {
    if (req.url?.includes('command=refused')) {
      socket.end(
        'HTTP/1.1 500 Refused\r\ncontent-type: text/plain\r\ncontent-length: 25\r\n\r\ncontainer not found ("c")',
      );
      return;
    }
    websockets.handleUpgrade(req, socket, head, (ws) => {
      ws.send(`${req.url}`);
      ws.on('message', (data) => ws.send(`echo ${data}`));
    });
  });
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  api = await startTestServer({
    clock: systemClock,
    port: 0,
    staticToken: 'secret',
    kubeletTls: { ...client, ca: authority.cert },
    connectKubelet(nodeName) {
      if (nodeName !== 'within') return undefined;
      const [near, far] = duplexPair();
      kubelet.emit('secureConnection', far);
      return near;
    },
  });
  const node = await api.client.create(nodes, { metadata: { name: 'n' }, spec: {} });
  const { port } = kubelet.address() as AddressInfo;
  await api.client.updateStatus(nodes, {
    ...node,
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  });
  const within = await api.client.create(nodes, { metadata: { name: 'within' }, spec: {} });
  const nowhere = { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] };
  await api.client.updateStatus(nodes, { ...within, status: nowhere });
  const spec = { containers: [{ name: 'c', image: 'x' }] };
  await api.client.create(pods, { metadata: { name: 'a', namespace: 'default' }, spec: { ...spec, nodeName: 'n' } });
  const b = { metadata: { name: 'b', namespace: 'default' }, spec: { ...spec, nodeName: 'within' } };
  await api.client.create(pods, b);
  await api.client.create(pods, { metadata: { name: 'unscheduled', namespace: 'default' }, spec });
});

after(async () => {
  await api.stop();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => kubelet.close(resolve));
});

const get = (path: string): Promise<{ code: number | undefined; body: string }> =>
  new Promise((resolve, reject) => {
    const url = new URL(path, api.server.url);
    const headers = { authorization: 'Bearer secret' };
    https
      .get(url, { headers, ca: api.ca, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ code: response.statusCode, body }));
      })
      .on('error', reject);
  });

const POD = '/api/v1/namespaces/default/pods/a';

test('logs are those of the only container, with the options that were given', async () => {
  const { code, body } = await get(`${POD}/log?tailLines=3&timestamps=true`);
  assert.deepEqual([code, body], [200, 'GET /containerLogs/default/a/c?timestamps=true&tailLines=3']);
});

test('logs of a pod whose kubelet is in this process come without a socket', async () => {
  const { code, body } = await get('/api/v1/namespaces/default/pods/b/log?follow=true');
  assert.deepEqual([code, body], [200, 'GET /containerLogs/default/b/c?follow=true']);
});

test('a container that the pod has not is 400, a pod without a node has no logs yet', async () => {
  assert.equal((await get(`${POD}/log?container=other`)).code, 400);
  assert.deepEqual(await get('/api/v1/namespaces/default/pods/unscheduled/log'), { code: 204, body: '' });
});

test('what is under the proxy of a node is the API of its kubelet', async () => {
  const { body } = await get('/api/v1/nodes/n/proxy/stats/summary?x=1');
  assert.equal(body, 'GET /stats/summary?x=1');
});

test('exec becomes one connection from the client to the kubelet', async () => {
  const url = new URL(`${POD}/exec?command=ls&command=-l&stdout=true`, api.server.url.replace('https', 'wss'));
  const socket = new WebSocket(url, 'v5.channel.k8s.io', { ca: api.ca, headers: { authorization: 'Bearer secret' } });
  const messages: string[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => {
      messages.push(String(data));
      if (messages.length === 2) resolve();
    });
  });
  socket.terminate();
  assert.deepEqual(messages, ['/exec/default/a/c?output=1&command=ls&command=-l', 'echo hello']);
});

test('a kubelet that refuses is heard, with its code and words', async () => {
  const url = new URL(`${POD}/exec?command=refused&stdout=true`, api.server.url.replace('https', 'wss'));
  const socket = new WebSocket(url, 'v5.channel.k8s.io', { ca: api.ca, headers: { authorization: 'Bearer secret' } });
  const refusal = await new Promise<IncomingMessage>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => resolve(response));
  });
  assert.equal(refusal.statusCode, 500);
  assert.equal(refusal.headers['content-type'], 'text/plain');
  assert.equal(await text(refusal), 'container not found ("c")');
});

test('a kubelet that cannot be reached is told in the words that upstream has for it', async () => {
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 1 } },
  };
  const node = await api.client.create(nodes, { metadata: { name: 'gone' }, spec: {} });
  await api.client.updateStatus(nodes, { ...node, status });
  const spec = { nodeName: 'gone', containers: [{ name: 'c', image: 'x' }] };
  await api.client.create(pods, { metadata: { name: 'lost', namespace: 'default' }, spec });
  const { code, body } = await get('/api/v1/nodes/gone/proxy/healthz');
  const { reason, message } = JSON.parse(body);
  assert.deepEqual(
    [code, reason, message],
    [503, 'ServiceUnavailable', 'error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused'],
  );
  const url = new URL('/api/v1/namespaces/default/pods/lost/exec?command=ls', api.server.url.replace('https', 'wss'));
  const socket = new WebSocket(url, 'v5.channel.k8s.io', { ca: api.ca, headers: { authorization: 'Bearer secret' } });
  const refusal = await new Promise<IncomingMessage>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => resolve(response));
  });
  assert.equal(refusal.statusCode, 500);
  assert.equal(
    JSON.parse(await text(refusal)).message,
    'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused',
  );
});
