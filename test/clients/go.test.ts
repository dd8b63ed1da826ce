// Programs written with client-go, and upstream's generated code as a reader of our protobuf. Needs Go (version in
// go/go.mod) and, the first time, its module proxy.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { builtinDefinitions, builtinSchema } from '../../src/api/index.ts';
import { openapiDocuments } from '../../src/apiserver/openapi/documents.ts';
import { encodeProtobuf } from '../../src/apiserver/protobuf-body.ts';
import { systemClock } from '../../src/clock.ts';
import { run } from '../../src/exec.ts';
import { anyObject } from '../support/any-object.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const folder = mkdtempSync(path.join(tmpdir(), 'clients-'));
let api: TestServer;

before(async () => {
  await run(['go', 'build', '-o', folder, './...'], { cwd: path.join(import.meta.dirname, 'go') });
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('client-go in protobuf: objects, watches, errors, metadata, informers', async () => {
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, api.ca);
  const { stdout } = await run([path.join(folder, 'encodings'), api.server.url ?? '', ca, TOKEN]);
  assert.deepEqual(stdout.trim().split('\n'), ['objects', 'watch', 'errors', 'metadata', 'informer']);
});

test('client-go as controllers use it: apply, streaming informers of every kind, leader election', async () => {
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, api.ca);
  const { stdout } = await run([path.join(folder, 'followers'), api.server.url, ca, TOKEN]);
  assert.deepEqual(stdout.trim().split('\n'), ['apply', 'informers', 'leader']);
});

test("OpenAPI documents in protobuf are what upstream's compiler makes of them", async () => {
  const documents = openapiDocuments(builtinDefinitions(), builtinSchema);
  const base64 = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('base64');
  const { paths } = JSON.parse(documents.index().json) as { paths: Record<string, unknown> };
  const lines = Object.keys(paths).map((name) =>
    JSON.stringify({ version: 3, json: documents.v3(name)?.json, protobuf: base64(documents.v3Protobuf(name)) }),
  );
  lines.push(JSON.stringify({ version: 2, json: documents.v2().json, protobuf: base64(documents.v2Protobuf()) }));
  const { stdout } = await run([path.join(folder, 'openapi')], { input: lines.join('\n') });
  const outcomes = stdout.trim().split('\n');
  assert.equal(outcomes.length, lines.length);
  assert.deepEqual(new Set(outcomes), new Set(['same']));
});

test("upstream's code reads any object and would write the same bytes", async () => {
  // client-go's scheme has no APIService, which is kube-aggregator's.
  const kinds = builtinDefinitions().filter(
    ({ verbs, group }) => verbs.includes('list') && group !== 'apiregistration.k8s.io',
  );
  const objects = kinds.flatMap((definition) => fc.sample(anyObject(definition), { numRuns: 5, seed: 36 }));
  const sent = objects.map((object) => Buffer.concat(encodeProtobuf(object)).toString('base64'));
  const { stdout } = await run([path.join(folder, 'reread')], { input: `${sent.join('\n')}\n` });
  const answers = stdout.trim().split('\n');
  assert.equal(answers.length, sent.length);
  for (const [i, line] of answers.entries()) {
    const { protobuf, error } = JSON.parse(line) as { protobuf?: string; error?: string };
    assert.equal(error, undefined, JSON.stringify(objects[i]));
    assert.equal(protobuf, sent[i], JSON.stringify(objects[i]));
  }
});
