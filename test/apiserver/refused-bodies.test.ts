// What a body is refused with before validation sees it, in upstream's words, which people read in kubectl.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { httpsCaller, jsonOf } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const PATH = '/api/v1/namespaces/default/configmaps';
const UNREAD =
  "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ";
const TYPE = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const SCHEME = 'in scheme "pkg/runtime/scheme.go:111"';
const handled = (given: string) => `${given} cannot be handled as a ConfigMap: `;

let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());

async function refusal(method: string, path: string, body: string, type = 'application/json') {
  const headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
  const answer = await call(path, { method, headers, body });
  return [answer.code, jsonOf(answer).message] as const;
}

for (const [body, message] of [
  ['', `${UNREAD}unexpected end of JSON input (<empty>)`],
  ['[]', `${UNREAD}json: cannot unmarshal array into Go value of type ${TYPE} (5b5d)`],
  ['{"kind":5}', `${UNREAD}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})`],
  ['\ufeff{}', `${UNREAD}invalid character 'ï' looking for beginning of value (efbbbf7b7d)`],
  ['{"a":"\u0001"}', `${UNREAD}invalid character '\\x01' in string literal ({"a":"\u0001"})`],
  [`{"a":"${'x'.repeat(40)}"`, `${UNREAD}unexpected end of JSON input ({"a":"${'x'.repeat(24)} ...)`],
  [
    '{"apiVersion":"a/b/c"}',
    'the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})',
  ],
  ['{"kind":"Pod"}', `${handled('Pod in version "v1"')}converting (v1.Pod) to (core.ConfigMap): unknown conversion`],
  [
    '{"apiVersion":"v2"}',
    `${handled('ConfigMap in version "v2"')}no kind "ConfigMap" is registered for version "v2" ${SCHEME}`,
  ],
  [
    '{"data":{"k":1.5}}',
    `${handled('ConfigMap in version "v1"')}json: cannot unmarshal number into Go struct field ConfigMap.data of type string`,
  ],
] as const) {
  test(`a body ${JSON.stringify(body).slice(0, 40)}`, async () => {
    assert.deepEqual(await refusal('POST', PATH, body), [400, message]);
  });
}

test('an update that names nothing', async () => {
  const [code, message] = await refusal('PUT', `${PATH}/a`, '{"metadata":{}}');
  assert.deepEqual(
    [code, message],
    [400, 'the name of the object (a based on URL) was undeterminable: name must be provided'],
  );
});

for (const [body, message] of [
  ['', 'invalid object type: /, Kind='],
  ['apiVersion: v1\nkind: Secret', 'invalid object type: /v1, Kind=Secret'],
  [
    'x',
    'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
] as const) {
  test(`an apply of ${JSON.stringify(body)}`, async () => {
    const path = `${PATH}/a?fieldManager=m`;
    assert.deepEqual(await refusal('PATCH', path, body, 'application/apply-patch+yaml'), [400, message]);
  });
}

test('options of a delete that are none', async () => {
  assert.deepEqual(await refusal('DELETE', `${PATH}/a`, '{"apiVersion":"v1","kind":"Pod"}'), [
    400,
    `no kind "Pod" is registered for version "v1" ${SCHEME}`,
  ]);
});

test('keys that YAML repeats are told in a warning each', async () => {
  const body = 'metadata: {name: twice}\ndata: {k: a, k: b, l: a, l: b}';
  const headers = { 'content-type': 'application/yaml' };
  const { headers: answered } = await call(`${PATH}?dryRun=All`, { method: 'POST', headers, body });
  const told = (key: string) => `299 - "line 2: key \\"${key}\\" already set in map"`;
  assert.equal([answered.warning].flat().join(', '), `${told('k')}, ${told('l')}`);
});

test("supported values are told in upstream's order", async () => {
  const node = '{"metadata":{"name":"n"},"spec":{"taints":[{"key":"a","effect":"Nope"}]}}';
  const [, message] = await refusal('POST', '/api/v1/nodes', node);
  assert.match(message, /supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"$/);
});
