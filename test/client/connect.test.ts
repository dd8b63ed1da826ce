// A client by what is at hand: the kubeconfig of the environment, and the service account of a pod.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { namespaces } from '../../src/api/resources.ts';
import { connect, connectInCluster } from '../../src/client/connect.ts';
import { systemClock } from '../../src/clock.ts';
import { startTestServer } from '../support/server.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'connect-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a pod reaches the server by its service account, whose token is read anew each time', async (t) => {
  const folder = place(t);
  const { server, ca, stop } = await startTestServer({ clock: systemClock, port: 0, staticToken: 'second' });
  t.after(stop);
  for (const [name, text] of Object.entries({ 'ca.crt': ca, token: 'first\n', namespace: 'web\n' })) {
    writeFileSync(path.join(folder, name), text);
  }
  const { hostname, port } = new URL(server.url);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const { client, namespace, close } = connectInCluster({ env, folder });
  t.after(close);
  assert.equal(namespace, 'web');
  await assert.rejects(client.list(namespaces), { code: 401 });
  writeFileSync(path.join(folder, 'token'), 'second\n');
  assert.equal((await client.list(namespaces)).items[0]?.metadata.name, 'default');
});

test('what a pod lacks is told', (t) => {
  const folder = place(t);
  assert.throws(() => connectInCluster({ env: {}, folder }), {
    name: 'ClientConfigError',
    message: /^this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; use connect\(\)/,
  });
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  assert.throws(() => connectInCluster({ env, folder }), {
    name: 'ClientConfigError',
    message: /token cannot be read: ENOENT.*: has the pod a service account token\?$/,
  });
});

test('a kubeconfig is taken with the program named to the server; an address of IPv6 stands in brackets', async (t) => {
  const folder = place(t);
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers['user-agent']);
    response.end(JSON.stringify({ kind: 'NamespaceList', metadata: {}, items: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const file = path.join(folder, 'kubeconfig');
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'dev', context: { cluster: 'c', user: 'u', namespace: 'web' } }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  const { client, namespace, close } = await connect({ file, context: 'dev', userAgent: 'lister/1' });
  await client.list(namespaces);
  await close();
  assert.deepEqual([namespace, seen], ['web', ['lister/1']]);
  await assert.rejects(connect({ file }), { name: 'ClientConfigError', message: /has no current-context/ });

  mkdirSync(path.join(folder, 'pod'));
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(path.join(folder, 'pod', name), '');
  const env = { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '1' };
  const pod = connectInCluster({ env, folder: path.join(folder, 'pod') });
  await assert.rejects(pod.client.list(namespaces), { message: /^no answer from https:\/\/\[::1\]:1: / });
  await pod.close();
});
