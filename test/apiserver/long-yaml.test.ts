// Long YAML is read beside the main thread, with the same outcome as short YAML, and the server answers others meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DecodeError } from '../../src/apimachinery/codec/decoded.ts';
import { decodeYaml } from '../../src/apimachinery/codec/yaml.ts';
import { createYamlReader } from '../../src/apiserver/yaml/long-yaml.ts';
import { systemClock } from '../../src/clock.ts';
import { httpsCaller, jsonOf } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());

const bytes = (text: string) => new TextEncoder().encode(text);
const filler = (kib: number) => `# ${'x'.repeat(1022)}\n`.repeat(kib);

test('short and long texts are read alike', async () => {
  const text = 'a: 0x10\nb: [yes, 2024-01-01]\n__proto__: {c: 123456789012345678901}\na: 2\nd: 9007199254740993\n';
  const read = createYamlReader();
  const long = read(bytes(text + filler(100)));
  assert.ok(long instanceof Promise);
  assert.deepEqual(await long, decodeYaml(text));
  assert.deepEqual(read(bytes(text)), decodeYaml(text));
});

test('what is wrong with a long text is told as of a short one, and the next is read', async () => {
  const read = createYamlReader();
  const broken = read(bytes(`a: [${filler(100)}`));
  const deep = read(bytes('['.repeat(200_000)));
  const next = read(bytes(`a: 1\n${filler(100)}`));
  await assert.rejects(Promise.resolve(broken), DecodeError);
  await assert.rejects(Promise.resolve(deep), DecodeError);
  assert.deepEqual((await next).value, { a: 1 });
});

test('JSON that is said to be YAML is read at once', () => {
  const json = JSON.stringify({ text: 'x'.repeat(100_000) });
  assert.deepEqual(createYamlReader()(bytes(json)), decodeYaml(json));
});

test('others are answered while a long body is read', async () => {
  const data = Array.from({ length: 20_000 }, (_, i) => `  key${i}: "value"\n`).join('');
  const answers: string[] = [];
  const long = call('/api/v1/namespaces/default/configmaps?dryRun=All', {
    method: 'POST',
    headers: { 'content-type': 'application/yaml' },
    body: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: long}\ndata:\n${data}`,
  }).then((answer) => {
    answers.push('long');
    return answer;
  });
  const short = call('/api/v1/namespaces/default').then(() => answers.push('short'));
  const [answer] = await Promise.all([long, short]);
  assert.deepEqual([answer.code, Object.keys(jsonOf(answer).data).length], [201, 20_000]);
  assert.deepEqual(answers, ['short', 'long']);
  const broken = await call('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    headers: { 'content-type': 'application/yaml' },
    body: `a: [\n${filler(100)}`,
  });
  assert.equal(broken.code, 400);
  assert.match(jsonOf(broken).message, /\(must be of type ConfigMap\): yaml: line \d+: /);
});
