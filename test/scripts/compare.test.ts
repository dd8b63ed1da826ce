import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { applies } from '../../scripts/compare/applies.ts';
import { encodings } from '../../scripts/compare/encodings.ts';
import { inventedDefinitions } from '../../scripts/compare/invented.ts';
import { manifests } from '../../scripts/compare/manifests.ts';
import { patches } from '../../scripts/compare/patches.ts';
import { placesOf, withValue } from '../../scripts/compare/places.ts';
import { createChance } from '../../scripts/compare/random.ts';
import { describe } from '../../scripts/compare/report.ts';
import { creations, mixtures, updates } from '../../scripts/compare/scenarios.ts';
import { readRecordings } from '../../scripts/compare/seeds.ts';
import { encodeCbor } from '../../src/apimachinery/codec/cbor-writer.ts';
import { WireWriter } from '../../src/apimachinery/codec/wire-writer.ts';
import { encodeProtobuf } from '../../src/apiserver/protobuf-body.ts';
import { decoded } from '../vectors/encoded.ts';

const { subjects, vocabulary } = readRecordings();
const services = subjects.find(({ name }) => name === 'core/Service v1');
const making = (seed: number) => ({ vocabulary, chance: createChance(seed), count: 3 });

test('every type that the recordings accept objects of is a subject', () => {
  assert.ok(subjects.length > 50, `${subjects.length}`);
  assert.ok(subjects.every(({ seeds }) => seeds.length > 0));
});

test('the places of an object are those that its type knows', () => {
  const model = 'io.k8s.api.core.v1.Service';
  const places = placesOf({ metadata: { labels: { a: 'b' } }, spec: { ports: [{ port: 80, nope: 1 }] } }, model);
  const found = places.map(({ steps, slot }) => [steps.join('/'), slot]);
  assert.deepEqual(found.slice(3), [
    ['metadata/labels/a', 'ObjectMeta.labels{}'],
    ['spec', 'Service.spec'],
    ['spec/ports', 'ServiceSpec.ports'],
    ['spec/ports/0', 'ServiceSpec.ports[]'],
    ['spec/ports/0/port', 'ServicePort.port'],
  ]);
});

test('a place gets another value in a copy, or none', () => {
  const object = { a: [{ b: 1 }, { b: 2 }] };
  assert.deepEqual(withValue(object, ['a', 1, 'b'], 3), { a: [{ b: 1 }, { b: 3 }] });
  assert.deepEqual(withValue(object, ['a', 0], undefined), { a: [{ b: 2 }] });
  assert.deepEqual(withValue(object, ['a'], undefined), {});
  assert.deepEqual(object, { a: [{ b: 1 }, { b: 2 }] });
});

test('a seed asks the same again, another asks something else', () => {
  assert.ok(services);
  const ask = (seed: number) =>
    JSON.stringify([
      creations(services, making(seed)),
      updates(services, making(seed)),
      mixtures(services, making(seed), 5),
    ]);
  assert.equal(ask(1), ask(1));
  assert.notEqual(ask(1), ask(2));
});

test('changes are of an object that was made, and dry runs', () => {
  assert.ok(services);
  for (const { steps } of updates(services, making(1))) {
    const [create, get, ...changes] = steps.map(({ do: request }) => request);
    assert.deepEqual([create?.method, get?.method], ['POST', 'GET']);
    assert.ok(changes.length > 0);
    assert.ok(changes.every(({ method, path }) => /^(PUT|PATCH)$/.test(method) && path.endsWith('?dryRun=All')));
  }
});

test('patches are of an object that was made, of every type, and dry runs', () => {
  assert.ok(services);
  const types = new Set<string>();
  for (const { steps } of patches(services, making(1), 40)) {
    const [create, , ...changes] = steps.map(({ do: request }) => request);
    assert.equal(create?.method, 'POST');
    for (const { method, path: at, type = '' } of changes) {
      assert.equal(method, 'PATCH');
      assert.match(at, /\?dryRun=All/);
      types.add(type);
    }
  }
  assert.deepEqual([...types].sort(), [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/strategic-merge-patch+json',
  ]);
});

test('managers apply, put and patch one object, and none but a dry run leaves no trace', () => {
  assert.ok(services);
  const [first] = applies(services, making(1), 2);
  const requests = first?.steps.map(({ do: request }) => request) ?? [];
  const managers = new Set(requests.flatMap(({ path: at }) => /fieldManager=(\w+)/.exec(at)?.[1] ?? []));
  assert.ok(managers.size > 2, [...managers].join());
  assert.deepEqual([...new Set(requests.map(({ method }) => method))].sort(), ['GET', 'PATCH', 'POST', 'PUT']);
});

test('definitions are invented by their seed, and taken away again', () => {
  const ask = (seed: number) => JSON.stringify(inventedDefinitions(createChance(seed), 2));
  assert.equal(ask(1), ask(1));
  assert.notEqual(ask(1), ask(2));
  const [one] = inventedDefinitions(createChance(1), 1);
  assert.deepEqual([one?.steps[0]?.do.method, one?.steps.at(-1)?.do.method], ['POST', 'DELETE']);
});

test('objects are asked for in every encoding, in CBOR where it is on', () => {
  assert.ok(services);
  const asked = (cbor: boolean) =>
    encodings(services, making(1), cbor).flatMap(({ steps }) => steps.map(({ do: { accept } }) => accept ?? ''));
  assert.deepEqual(
    ['application/yaml', 'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io', 'application/cbor'].map(
      (type) => [asked(false).includes(type), asked(true).includes(type)],
    ),
    [
      [true, true],
      [true, true],
      [false, true],
    ],
  );
});

test('answers in protobuf, CBOR and YAML are compared by what they say, protobuf by its bytes too', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { b: 'c' } };
  const protobuf = Buffer.concat(encodeProtobuf(object));
  const type = 'application/vnd.kubernetes.protobuf';
  const { value, again } = decoded(type, protobuf) ?? {};
  assert.deepEqual([(value as typeof object).data, again], [{ b: 'c' }, true]);
  // A field that Kubernetes does not have is passed over, and missed.
  const writer = new WireWriter();
  writer.text(99, 'x');
  const raw = Buffer.concat(encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} } as typeof object));
  const more = Buffer.concat([raw, writer.finish()]);
  assert.equal(decoded(type, more)?.again, false);
  const items = Buffer.concat([encodeCbor({ type: 'ADDED', object: 1 }), encodeCbor({ type: 'DELETED', object: 2 })]);
  assert.deepEqual(decoded('application/cbor-seq', items)?.value, [
    { type: 'ADDED', object: 1 },
    { type: 'DELETED', object: 2 },
  ]);
  assert.deepEqual(decoded('application/yaml', Buffer.from('a: 1'))?.value, { a: 1 });
  assert.equal(decoded('application/json', Buffer.from('{}')), undefined);
});

test('manifests are created in a namespace or under a name of their own; what holds for all is left out', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsu-'));
  try {
    const objects = [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'theirs' } },
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'p' }, globalDefault: true },
    ];
    writeFileSync(path.join(folder, 'all.yaml'), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    const made = manifests(folder, /./, { chance: createChance(1), variants: 0 });
    assert.deepEqual(
      made.map(({ name, steps }) => [name, steps[1]?.do.path]),
      [
        ['all.yaml (1)', '/api/v1/namespaces/$' + '{ns}/configmaps'],
        ['all.yaml (2)', '/api/v1/nodes'],
      ],
    );
    assert.match(JSON.stringify(made[1]?.steps[1]?.do.body), /"metadata":\{"name":"\$\{id\}"\}/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('alike differences are told once, with how many they are', () => {
  const scenario = {
    name: 'core/X: a',
    steps: [{ do: { method: 'POST', path: '/x', body: { b: 1 } }, want: { code: 201 } }],
  };
  const lines = ['step 1/code: want 201, got 422', 'step 1/code: want 201, got 422'];
  assert.deepEqual(describe([{ scenario, lines }]), ['2 × core/X: a/code: want 201, got 422\n    POST /x {"b":1}']);
  const words = (kind: string) => ({
    scenario: { ...scenario, name: `core/${kind}: a` },
    lines: [`step 1/status/message: want "a *core.${kind}", got "a ${kind}"`],
  });
  assert.equal(describe([words('Pod'), words('Service')]).length, 1);
});

test('a definition is served and removed around what is asked of its objects, and their variants are dry runs', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsu-'));
  try {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' }, spec: { size: 1 } };
    const others = [
      { apiVersion: 'example.com/v2', kind: 'Thing', metadata: { name: 'of a version that is not served' } },
    ];
    const text = [definition, thing, ...others].map((object) => JSON.stringify(object)).join('\n---\n');
    writeFileSync(path.join(folder, 'things.yaml'), text);
    const [made, ...more] = manifests(folder, /./, { chance: createChance(1), variants: 3 });
    assert.equal(more.length, 0);
    const asked = made?.steps.map(({ do: { method, path: at } }) => `${method} ${at}`) ?? [];
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const things = '/apis/example.com/v1/namespaces/$' + '{ns}/things';
    const dry = '?dryRun=All&fieldValidation=Strict';
    const from = asked.indexOf(`POST ${definitions}`);
    assert.deepEqual(asked.slice(0, from + 3), [
      ...Array.from({ length: 3 }, () => `POST ${definitions}${dry}`),
      `POST ${definitions}`,
      `GET ${definitions}/things.example.com`,
      'GET /openapi/v3/apis/example.com/v1',
    ]);
    assert.equal(asked.filter((request) => request === `POST ${things}`).length, 1);
    assert.equal(asked.filter((request) => request === `POST ${things}${dry}`).length, 4);
    assert.equal(asked.at(-1), `DELETE ${definitions}/things.example.com`);
    const variants = made?.steps.filter(({ do: request }) => request.path === `${things}${dry}`).slice(1) ?? [];
    for (const { do: request } of variants) assert.notDeepEqual(request.body, thing);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
