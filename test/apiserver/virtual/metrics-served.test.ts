// metrics.k8s.io as clients find it: discovery, OpenAPI, Tables, its APIService, and a kubelet that answers.
import assert from 'node:assert/strict';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { apiServices, nodes } from '../../../src/api/resources.ts';
import { createAuthority, issueCertificate } from '../../../src/pki/certificate.ts';
import { eventually } from '../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

let api: TestServer;
let clock: FakeClock;
let kubelet: https.Server;

before(async () => {
  const validity = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };
  const authority = await createAuthority('kubelet', validity);
  const identity = { commonName: 'n', ips: ['127.0.0.1'], ...validity };
  const serving = await issueCertificate(authority, { ...identity, usages: ['server'] });
  const own = await issueCertificate(authority, { ...identity, usages: ['client'] });
  clock = fakeClock();
  kubelet = https.createServer(
    { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      if (request.url !== '/stats/summary?only_cpu_and_memory=true') return response.writeHead(404).end();
      const time = new Date(clock.now()).toISOString();
      const cpu = { time, usageCoreNanoSeconds: clock.monotonic() * 5e5 };
      return response.end(JSON.stringify({ node: { cpu, memory: { time, workingSetBytes: 4096 } }, pods: [] }));
    },
  );
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  api = await startTestServer({
    clock,
    port: 0,
    staticToken: 'secret',
    nodeMetrics: true,
    kubeletTls: { ...own, ca: authority.cert },
  });
  await api.server.registerApiServices();
  const node = await api.client.create(nodes, { metadata: { name: 'n', labels: { zone: 'a' } }, spec: {} });
  const { port } = kubelet.address() as AddressInfo;
  const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
  await api.client.updateStatus(nodes, {
    ...node,
    status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  });
});
after(async () => {
  await api.stop();
  kubelet.closeAllConnections();
  await new Promise((resolve) => kubelet.close(resolve));
});

/** A GET over the port; time goes on while it is answered. */
async function get(path: string, accept = 'application/json'): Promise<{ code: number; body: string }> {
  const headers = { authorization: 'Bearer secret', accept };
  const answer = new Promise<{ code: number; body: string }>((resolve, reject) => {
    https
      .get(`${api.server.url}${path}`, { ca: api.ca, headers }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
      })
      .on('error', reject);
  });
  let found: { code: number; body: string } | undefined;
  answer.then((one) => {
    found = one;
  });
  await eventually(`an answer to ${path}`, async () => {
    await clock.advance(200);
    return found;
  });
  return answer;
}

test('nodes are listed with what they use, and selected by their labels', async () => {
  const { code, body } = await get('/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=zone%3Da');
  assert.equal(code, 200, body);
  const { kind, apiVersion, items } = JSON.parse(body);
  assert.deepEqual([kind, apiVersion, items.length], ['NodeMetricsList', 'metrics.k8s.io/v1beta1', 1]);
  assert.deepEqual(items[0].usage, { cpu: '500000000n', memory: '4Ki' });
  assert.match(items[0].window, /^[\d.]+s$/);
  const none = await get('/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=zone%3Db');
  assert.deepEqual(JSON.parse(none.body).items, []);
});

test('kubectl get prints them', async () => {
  const { body } = await get('/apis/metrics.k8s.io/v1beta1/nodes', 'application/json;as=Table;v=v1;g=meta.k8s.io');
  const { columnDefinitions, rows } = JSON.parse(body);
  assert.deepEqual(
    columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'Cpu', 'Memory', 'Window'],
  );
  assert.deepEqual(rows[0].cells.slice(0, 3), ['n', '500000000n', '4Ki']);
});

test('clients find them, and what cannot be done with them', async () => {
  const { resources } = JSON.parse((await get('/apis/metrics.k8s.io/v1beta1')).body);
  assert.deepEqual(
    resources.map(({ name, kind, namespaced, verbs }: Record<string, unknown>) => [name, kind, namespaced, verbs]),
    [
      ['nodes', 'NodeMetrics', false, ['get', 'list']],
      ['pods', 'PodMetrics', true, ['get', 'list']],
    ],
  );
  assert.match((await get('/openapi/v3/apis/metrics.k8s.io/v1beta1')).body, /"NodeMetrics"/);
  const local = await api.client.get(apiServices, undefined, 'v1beta1.metrics.k8s.io');
  assert.equal(local.spec.service ?? undefined, undefined);
  assert.equal((await get('/apis/metrics.k8s.io/v1beta1/nodes?watch=true')).code, 405);
  assert.equal((await get('/apis/metrics.k8s.io/v1beta1/nodes/none')).code, 404);
});

test('the group is this server’s again when a metrics-server that took it over is gone', async () => {
  const name = 'v1beta1.metrics.k8s.io';
  const service = { namespace: 'kube-system', name: 'metrics-server' };
  const body = { spec: { service, insecureSkipTLSVerify: true } };
  await api.client.patch(apiServices, undefined, name, { type: 'merge', body });
  assert.equal((await get('/apis/metrics.k8s.io/v1beta1/nodes')).code, 503, 'nobody is behind that Service');
  await api.client.delete(apiServices, undefined, name);
  await eventually(
    'its own',
    async () => !(await api.client.get(apiServices, undefined, name).catch(() => ({ spec: { service } }))).spec.service,
  );
  assert.equal((await get('/apis/metrics.k8s.io/v1beta1/nodes')).code, 200);
});
