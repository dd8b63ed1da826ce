import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployments, namespaces, nodes, pods } from '../../src/api/resources.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import type { TransportRequest } from '../../src/client/transport.ts';
import { deploymentObject, nodeObject, podObject } from '../support/objects.ts';

function recording(answer: object = { metadata: {}, items: [] }) {
  const requests: TransportRequest[] = [];
  const client = createClient({
    async request(request) {
      requests.push(request);
      return answer as never;
    },
    async *stream(request) {
      requests.push(request);
      yield { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } as never };
    },
  });
  return { client, requests };
}

const cases: [string, (client: Client) => Promise<unknown>, string][] = [
  ['get', (c) => c.get(pods, 'ns', 'a b'), 'GET /api/v1/namespaces/ns/pods/a%20b'],
  ['get, cluster-scoped', (c) => c.get(nodes, undefined, 'n'), 'GET /api/v1/nodes/n'],
  ['list of all namespaces', (c) => c.list(deployments), 'GET /apis/apps/v1/deployments'],
  [
    'list with selectors',
    (c) =>
      c.list(pods, {
        namespace: 'ns',
        labelSelector: 'a=b',
        fieldSelector: 'spec.nodeName=n',
        limit: 5,
        continue: 'x',
      }),
    'GET /api/v1/namespaces/ns/pods?labelSelector=a%3Db&fieldSelector=spec.nodeName%3Dn&limit=5&continue=x',
  ],
  [
    'create',
    (c) => c.create(pods, podObject('a'), { fieldManager: 'm', dryRun: true }),
    'POST /api/v1/namespaces/default/pods?dryRun=All&fieldManager=m',
  ],
  ['update', (c) => c.update(nodes, nodeObject('n')), 'PUT /api/v1/nodes/n'],
  [
    'update of status',
    (c) => c.updateStatus(deployments, deploymentObject('d')),
    'PUT /apis/apps/v1/namespaces/default/deployments/d/status',
  ],
  ['delete', (c) => c.delete(namespaces, undefined, 'n'), 'DELETE /api/v1/namespaces/n'],
  [
    'deletecollection',
    (c) => c.deleteCollection(pods, { namespace: 'ns', labelSelector: 'a=b' }),
    'DELETE /api/v1/namespaces/ns/pods?labelSelector=a%3Db',
  ],
  [
    'subresource',
    (c) => c.createSubresource(pods, 'ns', 'a', 'binding', podObject('a')),
    'POST /api/v1/namespaces/ns/pods/a/binding',
  ],
  [
    'apply',
    (c) =>
      c.patch(pods, 'ns', 'a', { type: 'apply', body: {}, force: true }, { fieldManager: 'm', subresource: 'status' }),
    'PATCH /api/v1/namespaces/ns/pods/a/status?fieldManager=m&force=true',
  ],
];
for (const [what, call, line] of cases) {
  test(`${what} is ${line.split('?')[0]}`, async () => {
    const { client, requests } = recording();
    await call(client);
    const { method, path, query } = requests[0] as TransportRequest;
    assert.equal(`${method} ${path}${query?.size ? `?${query}` : ''}`, line);
  });
}

test('patches have the content type of their kind', async () => {
  const types = {
    json: 'json-patch+json',
    merge: 'merge-patch+json',
    strategic: 'strategic-merge-patch+json',
    apply: 'apply-patch+yaml',
  } as const;
  for (const [type, wanted] of Object.entries(types)) {
    const { client, requests } = recording();
    await client.patch(pods, 'ns', 'a', { type: type as keyof typeof types, body: {} });
    assert.equal(requests[0]?.contentType, `application/${wanted}`);
  }
});

test('delete options go in the body', async () => {
  const { client, requests } = recording();
  await client.delete(pods, 'ns', 'a', {
    gracePeriodSeconds: 0,
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u' },
  });
  assert.deepEqual(requests[0]?.body, {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds: 0,
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u' },
  });
});

test('what is sent and what a list holds has its kind', async () => {
  const { client, requests } = recording({ metadata: {}, items: [{ metadata: { name: 'a' } }] });
  await client.create(pods, { metadata: { name: 'a', namespace: 'ns' }, spec: { containers: [] } });
  assert.equal((requests[0] as { body: { kind: string } }).body.kind, 'Pod');
  assert.equal((await client.list(deployments)).items[0]?.apiVersion, 'apps/v1');
});

test('an ERROR event of a watch is thrown as its Status', async () => {
  const { client, requests } = recording();
  const watching = client.watch(pods, { sendInitialEvents: true, allowWatchBookmarks: true })[Symbol.asyncIterator]();
  await assert.rejects(watching.next(), (error) => error instanceof StatusError && error.code === 410);
  assert.equal(
    `${requests[0]?.query}`,
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  );
});

test('a namespace or name that is missing is the caller’s mistake', async () => {
  const { client, requests } = recording();
  await assert.rejects(client.get(pods, undefined, 'a'), /Pod is namespaced/);
  await assert.rejects(client.get(pods, 'ns', ''), /a name is needed/);
  assert.equal(requests.length, 0);
});
