// Groups answered by another server: a small one, on a port of this machine, that wants the front proxy's certificate.
import assert from 'node:assert/strict';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { ResourceType } from '../../../src/api/definition.ts';
import { apiServices, services } from '../../../src/api/resources.ts';
import type { APIService } from '../../../src/api/types/apiregistration/v1.ts';
import { hasReason } from '../../../src/apimachinery/status-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/certificate.ts';
import { eventually } from '../../support/eventually.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

const VALIDITY = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };
const GROUP = 'wardle.example.com';
const PATH = `/apis/${GROUP}/v1/namespaces/default/flunders`;
const flunders: ResourceType = { group: GROUP, version: 'v1', plural: 'flunders', kind: 'Flunder', namespaced: true };

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: NodeJS.Dict<string | string[]>;
  certificate: string | undefined;
  body: string;
}

let authority: KeyPair;
let backend: https.Server;
let api: TestServer;
const seen: Seen[] = [];
let openapi: 'good' | 'broken' = 'good';

const DISCOVERY = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/v1`,
  resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] }],
};
const OPENAPI = `/openapi/v3/apis/${GROUP}/v1?hash=ABC`;
const V2_ETAG = '"v2"';
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const OPENAPI_V2 = {
  swagger: '2.0',
  info: { title: 'wardle', version: '1' },
  paths: {
    '/version/': { get: { responses: {} } },
    [`/apis/${GROUP}/v1/flunders`]: {
      get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Flunder' } } } },
    },
  },
  definitions: {
    Flunder: { type: 'object', properties: { metadata: { $ref: `#/definitions/${OBJECT_META}` } } },
    [OBJECT_META]: { type: 'object', description: 'an older one' },
    Unused: { type: 'string' },
  },
};
/** Nothing that protobuf has a field for. */
const BROKEN_PATHS = { [`/apis/${GROUP}/v1/flunders`]: { get: { callbacks: {} } } };
const FLUNDER = { apiVersion: `${GROUP}/v1`, kind: 'Flunder', metadata: { name: 'a', namespace: 'default' } };

before(async () => {
  authority = await createAuthority('extension', VALIDITY);
  const names = { dnsNames: ['extension.default.svc'], usages: ['server' as const] };
  const serving = await issueCertificate(authority, { commonName: 'flunders', ...names, ...VALIDITY });
  const frontCa = await createAuthority('front', VALIDITY);
  const front = await issueCertificate(frontCa, { commonName: 'front-proxy-client', usages: ['client'], ...VALIDITY });
  backend = https.createServer({ ...serving, ca: frontCa.cert, requestCert: true }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers, socket } = request;
      const certificate = (socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined;
      seen.push({ method, url, headers, certificate, body: Buffer.concat(chunks).toString() });
      const answer = (code: number, body: object) => {
        response.writeHead(code, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      };
      if (url === `/apis/${GROUP}/v1`) answer(200, DISCOVERY);
      else if (url === '/openapi/v3' && openapi === 'broken') response.end('no JSON');
      else if (url === '/openapi/v3') answer(200, { paths: { [`apis/${GROUP}/v1`]: { serverRelativeURL: OPENAPI } } });
      else if (url === OPENAPI) answer(200, { openapi: '3.0.0' });
      else if (url === '/openapi/v2' && headers['if-none-match'] === V2_ETAG) response.writeHead(304).end();
      else if (url === '/openapi/v2') {
        response.setHeader('etag', V2_ETAG);
        answer(200, openapi === 'broken' ? { ...OPENAPI_V2, paths: BROKEN_PATHS } : OPENAPI_V2);
      } else if (url?.includes('watch=')) answer(200, { type: 'ADDED', object: FLUNDER });
      else if (method === 'POST') answer(201, FLUNDER);
      else if (url === `${PATH}/a`) answer(200, FLUNDER);
      else if (url?.startsWith(PATH))
        answer(404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'no flunder' });
      else answer(404, {});
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret', frontProxy: front });
  await api.client.create(services, {
    metadata: { name: 'extension', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  });
});
after(async () => {
  await api.stop();
  backend.closeAllConnections();
  backend.close();
});
beforeEach(async () => {
  await api.client.delete(apiServices, undefined, `v1.${GROUP}`).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
  seen.length = 0;
});

const register = (parts: Partial<APIService['spec']> = {}) =>
  api.client.create(apiServices, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${GROUP}` },
    spec: {
      group: GROUP,
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { namespace: 'default', name: 'extension', port: (backend.address() as AddressInfo).port },
      caBundle: Buffer.from(authority.cert).toString('base64'),
      ...parts,
    },
  });

const available = async () => {
  const { status } = await api.client.get(apiServices, undefined, `v1.${GROUP}`);
  return status?.conditions?.find(({ type }) => type === 'Available');
};
const passed = () => eventually('is there', async () => (await available())?.status === 'True');

const call = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
  new Promise<{ code: number | undefined; text: string }>((resolve, reject) => {
    const request = https.request(new URL(path, api.server.url), {
      method: options.method ?? 'GET',
      headers: { authorization: 'Bearer secret', ...options.headers },
      ca: api.ca,
      agent: false,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode, text }));
    });
    request.end(options.body);
  });

test('requests are passed on in the name of the caller, whatever he says of himself', async () => {
  await register();
  await passed();
  seen.length = 0;
  const headers = { 'content-type': 'application/json', 'x-remote-user': 'root', 'x-remote-group': 'system:masters' };
  const { code, text } = await call(`${PATH}?fieldManager=me`, {
    method: 'POST',
    headers: { ...headers, 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' },
    body: '{"a":1}',
  });
  assert.equal(code, 201);
  assert.deepEqual(JSON.parse(text), FLUNDER);
  const [request] = seen;
  assert.equal(request?.url, `${PATH}?fieldManager=me`);
  assert.equal(request?.body, '{"a":1}');
  assert.equal(request?.certificate, 'front-proxy-client');
  assert.equal(request?.headers['x-remote-user'], 'jane');
  assert.equal(request?.headers['x-remote-group'], 'system:masters, system:authenticated');
  assert.equal(request?.headers.authorization, undefined);
  assert.equal(request?.headers['impersonate-user'], undefined);
});

test('who may not is refused before anything is passed on', async () => {
  await register();
  await passed();
  seen.length = 0;
  const { code } = await call(PATH, { headers: { 'impersonate-user': 'jane' } });
  assert.equal(code, 403);
  assert.deepEqual(seen, []);
});

test('the group stands in discovery, in both forms, as long as it is registered', async () => {
  await register();
  await passed();
  const groups = async () => JSON.parse((await call('/apis')).text).groups as { name: string; versions: object[] }[];
  assert.deepEqual((await groups()).at(-1), {
    name: GROUP,
    versions: [{ groupVersion: `${GROUP}/v1`, version: 'v1' }],
    preferredVersion: { groupVersion: `${GROUP}/v1`, version: 'v1' },
  });
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const aggregated = JSON.parse((await call('/apis', { headers: { accept } })).text).items.at(-1);
  assert.equal(aggregated.metadata.name, GROUP);
  assert.equal(aggregated.versions[0].freshness, 'Current');
  assert.equal(aggregated.versions[0].resources[0].resource, 'flunders');
  assert.deepEqual(JSON.parse((await call(`/apis/${GROUP}/v1`)).text), DISCOVERY);
  await api.client.delete(apiServices, undefined, `v1.${GROUP}`);
  await eventually('is gone', async () => (await groups()).every(({ name }) => name !== GROUP));
  assert.equal((await call(`/apis/${GROUP}/v1`)).code, 404);
});

test('its OpenAPI document stands in the index, and is fetched from it', async () => {
  const paths = async () => JSON.parse((await call('/openapi/v3')).text).paths as Record<string, unknown>;
  const own = Object.keys(await paths()).length;
  await register();
  await passed();
  assert.deepEqual((await paths())[`apis/${GROUP}/v1`], { serverRelativeURL: OPENAPI });
  assert.equal(Object.keys(await paths()).length, own + 1);
  assert.deepEqual(JSON.parse((await call(OPENAPI)).text), { openapi: '3.0.0' });
});

test('what its OpenAPI v2 document has of its version is part of ours, which means what it meant', async () => {
  const v2 = async () => JSON.parse((await call('/openapi/v2')).text) as typeof OPENAPI_V2;
  const own = await v2();
  await register();
  await passed();
  const merged = await v2();
  const path = `/apis/${GROUP}/v1/flunders`;
  assert.deepEqual(merged.paths[path], OPENAPI_V2.paths[path]);
  assert.equal(Object.keys(merged.paths).length, Object.keys(own.paths).length + 1);
  assert.deepEqual(merged.definitions[OBJECT_META], own.definitions[OBJECT_META]);
  const added = Object.keys(merged.definitions).filter((name) => !Object.hasOwn(own.definitions, name));
  assert.deepEqual(added.sort(), ['Flunder', `${OBJECT_META}_v2`]);
  assert.deepEqual(merged.definitions.Flunder.properties.metadata, { $ref: `#/definitions/${OBJECT_META}_v2` });
  await api.client.delete(apiServices, undefined, `v1.${GROUP}`);
  await eventually(
    'ours alone',
    async () => Object.keys((await v2()).definitions).length === Object.keys(own.definitions).length,
  );
});

test('a server without a readable OpenAPI index is served all the same', async () => {
  openapi = 'broken';
  try {
    await register();
    await passed();
    const { paths } = JSON.parse((await call('/openapi/v3')).text) as { paths: Record<string, unknown> };
    assert.equal(paths[`apis/${GROUP}/v1`], undefined);
    const v2 = JSON.parse((await call('/openapi/v2')).text) as typeof OPENAPI_V2;
    assert.equal(v2.paths[`/apis/${GROUP}/v1/flunders`], undefined);
  } finally {
    openapi = 'good';
  }
});

test('callers in this process get objects, errors and watches like any others', async () => {
  await register();
  await passed();
  assert.equal((await api.client.get(flunders, 'default', 'a')).metadata.name, 'a');
  await assert.rejects(api.client.get(flunders, 'default', 'b'), /no flunder/);
  assert.equal((await api.client.create(flunders, { metadata: { name: 'a', namespace: 'default' } })).kind, 'Flunder');
  assert.deepEqual(JSON.parse(seen.at(-1)?.body ?? ''), {
    kind: 'Flunder',
    apiVersion: `${GROUP}/v1`,
    metadata: { name: 'a', namespace: 'default' },
  });
  const types: string[] = [];
  for await (const event of api.client.watch(flunders, { namespace: 'default' })) types.push(event.type);
  assert.deepEqual(types, ['ADDED']);
});

test('a server whose certificate is not of its authority is not there, and says so', async () => {
  const stranger = await createAuthority('stranger', VALIDITY);
  await register({ caBundle: Buffer.from(stranger.cert).toString('base64') });
  const condition = await eventually('refused', async () => {
    const condition = await available();
    return condition?.status === 'False' ? condition : undefined;
  });
  assert.equal(condition.reason, 'FailedDiscoveryCheck');
  assert.match(condition.message ?? '', /certificate|self-signed/i);
  const { code, text } = await call(`${PATH}/a`);
  assert.equal(code, 503);
  assert.match(text, /service unavailable/);
});

test('a server that comes later is found without being asked for', async () => {
  await register({ service: { namespace: 'default', name: 'later', port: (backend.address() as AddressInfo).port } });
  await eventually('missing', async () => (await available())?.reason === 'ServiceNotFound');
  await api.client.create(services, {
    metadata: { name: 'later', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  });
  // Its certificate is for another name.
  await eventually('asked', async () => (await available())?.reason === 'FailedDiscoveryCheck');
});
