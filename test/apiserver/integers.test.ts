// Integers of 64 bits that doubles cannot hold, in fields of built-in types: what is written is what is stored, compared
// and answered, in every format. Clients in JavaScript get doubles, in this process too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jobs, pods } from '../../src/api/resources.ts';
import { decodeCbor } from '../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../src/apimachinery/codec/cbor-writer.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { decodeProtobuf, encodeProtobuf } from '../../src/apiserver/protobuf-body.ts';
import { systemClock } from '../../src/clock.ts';
import { httpsCaller, jsonOf } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const PODS = '/api/v1/namespaces/default/pods';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const ODD = '9007199254740993';
const MAX = '9223372036854775807';

let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
const send = async (method: string, path: string, text: string | Uint8Array, type = 'application/json') => {
  const body = Buffer.from(text);
  // Node sends no length with a DELETE of its own accord.
  return await call(path, { method, headers: { 'content-type': type, 'content-length': `${body.length}` }, body });
};
const get = async (path: string, accept = 'application/json') => await call(path, { headers: { accept } });

before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN, cbor: true });
});
after(() => api.stop());

const job = (name: string, seconds: string) =>
  `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"${name}"},"spec":{"activeDeadlineSeconds":${seconds},` +
  '"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}';
const deadline = (text: { toString(): string }) => /"activeDeadlineSeconds": ?(-?[\d.e+]+)/.exec(text.toString())?.[1];

test('a field of int64 is what was sent, and so is each change of it', async () => {
  assert.equal(deadline((await send('POST', JOBS, job('a', ODD))).body), ODD);
  const merge = 'application/merge-patch+json';
  const changes = [
    ['PATCH', '{"spec":{"activeDeadlineSeconds":9007199254740995}}', merge, '9007199254740995'],
    [
      'PATCH',
      '{"spec":{"activeDeadlineSeconds":9007199254740997}}',
      'application/strategic-merge-patch+json',
      '9007199254740997',
    ],
    [
      'PATCH',
      `[{"op":"test","path":"/spec/activeDeadlineSeconds","value":9007199254740997},{"op":"replace","path":"/spec/activeDeadlineSeconds","value":${MAX}}]`,
      'application/json-patch+json',
      MAX,
    ],
  ] as const;
  for (const [method, body, type, seconds] of changes) {
    assert.equal(deadline((await send(method, `${JOBS}/a`, body, type)).body), seconds);
  }
  assert.equal(deadline((await get(JOBS)).body), MAX);
  const wrong = '[{"op":"test","path":"/spec/activeDeadlineSeconds","value":9223372036854775806}]';
  assert.equal((await send('PATCH', `${JOBS}/a`, wrong, 'application/json-patch+json')).code, 422);
});

test('YAML, protobuf and CBOR carry it both ways', async () => {
  const made = await send('POST', JOBS, job('b', ODD), 'application/yaml');
  assert.equal(deadline(made.body), ODD);
  const written = await get(`${JOBS}/b`, PROTOBUF);
  const read = decodeProtobuf(written.body).value as unknown as KubeObject & {
    spec: { activeDeadlineSeconds: unknown };
  };
  assert.equal(read.spec.activeDeadlineSeconds, BigInt(ODD));
  read.spec.activeDeadlineSeconds = BigInt(MAX);
  assert.equal(deadline((await send('PUT', `${JOBS}/b`, Buffer.concat(encodeProtobuf(read)), PROTOBUF)).body), MAX);
  const cbor = decodeCbor((await get(`${JOBS}/b`, 'application/cbor')).body).value as unknown as typeof read;
  assert.equal(cbor.spec.activeDeadlineSeconds, BigInt(MAX));
  cbor.spec.activeDeadlineSeconds = BigInt(ODD);
  assert.equal(deadline((await send('PUT', `${JOBS}/b`, encodeCbor(cbor), 'application/cbor')).body), ODD);
  assert.match(
    (await get(`${JOBS}/b`, 'application/yaml')).body.toString(),
    /activeDeadlineSeconds: 9007199254740993\n/,
  );
});

test('who applies another number is in conflict, who applies the same is not', async () => {
  const apply = (manager: string, seconds: string) =>
    send('PATCH', `${JOBS}/c?fieldManager=${manager}`, job('c', seconds), 'application/apply-patch+yaml');
  assert.equal((await apply('one', ODD)).code, 201);
  assert.equal((await apply('two', ODD)).code, 200);
  assert.equal((await apply('two', '9007199254740992')).code, 409);
});

test('beyond 64 bits, or of 32 only, it is refused with its literal', async () => {
  const message = async (seconds: string) => jsonOf(await send('POST', JOBS, job('d', seconds))).message;
  const type = 'JobSpec.spec.activeDeadlineSeconds of type int64';
  for (const literal of ['9223372036854775808', '-9223372036854775809', '1.0', '1e3']) {
    assert.match(await message(literal), new RegExp(`number ${literal} into Go struct field ${type}`));
  }
  const wide = `{"metadata":{"name":"d"},"spec":{"parallelism":${ODD}}}`;
  assert.match(jsonOf(await send('POST', JOBS, wide)).message, /number 9007199254740993 into .* of type int32/);
});

test('expressions of policies see it', async () => {
  const policy = {
    metadata: { name: 'odd' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [{ expression: `object.spec.terminationGracePeriodSeconds != ${ODD}` }],
    },
  };
  const at = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const binding = { metadata: { name: 'odd' }, spec: { policyName: 'odd', validationActions: ['Deny'] } };
  await send('POST', at, JSON.stringify(policy));
  await send('POST', at.replace('policies', 'policybindings'), JSON.stringify(binding));
  const pod = (seconds: string) =>
    `{"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":${seconds},"containers":[{"name":"c","image":"i"}]}}`;
  assert.equal((await send('POST', `${PODS}?dryRun=All`, pod(ODD))).code, 422);
  assert.equal((await send('POST', `${PODS}?dryRun=All`, pod('9007199254740992'))).code, 201);
});

test('a grace beyond what durations of Go hold ends where they do', async () => {
  const bound = `{"metadata":{"name":"long"},"spec":{"nodeName":"n","terminationGracePeriodSeconds":${MAX},"containers":[{"name":"c","image":"i"}]}}`;
  assert.equal((await send('POST', PODS, bound)).code, 201);
  const { metadata } = jsonOf(await send('DELETE', `${PODS}/long`, '{}'));
  assert.ok(Math.abs(Date.parse(metadata.deletionTimestamp) - Date.now()) < 60_000, metadata.deletionTimestamp);
  const shorter = jsonOf(await send('DELETE', `${PODS}/long`, '{"gracePeriodSeconds":5}'));
  assert.equal(shorter.metadata.deletionGracePeriodSeconds, 5);
});

test('callers in the process get doubles, which the server takes back', async () => {
  await send('POST', JOBS, job('e', MAX));
  const { items } = await api.client.list(jobs, { namespace: 'default' });
  const found = items.find(({ metadata }) => metadata.name === 'e');
  assert.equal(typeof found?.spec.activeDeadlineSeconds, 'number');
  const read = await api.client.get(jobs, 'default', 'e');
  const updated = await api.client.update(jobs, { ...read, metadata: { ...read.metadata, labels: { a: 'b' } } });
  assert.equal(updated.spec.activeDeadlineSeconds, 2 ** 63 - 1024);
  assert.equal(typeof (await api.client.get(pods, 'default', 'long')).spec.terminationGracePeriodSeconds, 'number');
});
