// The form in which Go would write objects back: what is left out, what is put in, and in which order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinSchema } from '../../src/api/facts.ts';
import { createNormaliser, plainNormaliser, type Struct } from '../../src/api/normalise.ts';
import { deepFreeze } from '../../src/apimachinery/value.ts';

const CORE = 'io.k8s.api.core.v1.';
const DEFINITION = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';

const withDefaults = createNormaliser(builtinSchema, new Map());

function normal(model: string, object: object, options?: { asSent?: 'lists' | 'empties'; plain?: boolean }): Struct {
  const given = { ...object } as Struct;
  const { normalise } = options?.plain ? plainNormaliser(builtinSchema) : withDefaults;
  normalise(given, builtinSchema.type(model), { ...(options?.asSent ? { asSent: options.asSent } : {}) });
  return given;
}

const keys = (value: unknown): string[] => Object.keys(value as object);

test('fields come in the order in which Go writes them, type first', () => {
  const pod = normal(`${CORE}Pod`, {
    status: { phase: 'Running' },
    spec: {},
    metadata: {},
    apiVersion: 'v1',
    kind: 'Pod',
  });
  assert.deepEqual(keys(pod), ['kind', 'apiVersion', 'metadata', 'spec', 'status']);
  assert.deepEqual(keys(normal(`${CORE}EnvVar`, { value: 'b', name: 'a' })), ['name', 'value']);
});

test('what is unknown, null or empty goes; structs that are no pointers come', () => {
  const object = { name: 'a', image: '', command: [], stdin: false, unknown: 1, env: null, ports: [null] };
  assert.deepEqual(normal(`${CORE}Container`, object, { plain: true }), {
    name: 'a',
    ports: [{ containerPort: 0 }],
    resources: {},
  });
});

test('plain defaults are set where a field is missing, each value its own', () => {
  const object = { httpGet: { port: 80 } };
  const [one, two] = [normal(`${CORE}Probe`, object), normal(`${CORE}Probe`, object)];
  assert.deepEqual(one, two);
  assert.equal(one.timeoutSeconds, 1);
  assert.equal((one.httpGet as Struct).path, '/');
  assert.deepEqual(normal(`${CORE}Probe`, object, { plain: true }), { httpGet: { port: 80 } });
});

test('a list of nothing is one as it was sent, and none once stored', () => {
  const rule = 'io.k8s.api.rbac.v1.Role';
  assert.deepEqual(normal(rule, { rules: [] }, { asSent: 'lists' }).rules, []);
  assert.equal(normal(rule, { rules: [] }).rules, null);
});

test('what is said to be empty stays for those who tell it from what is not said', () => {
  const given = { binaryData: {}, data: { a: '' }, metadata: { finalizers: [] } };
  const { metadata, ...rest } = normal(`${CORE}ConfigMap`, given, { asSent: 'empties' });
  assert.deepEqual([rest, (metadata as Struct).finalizers], [{ binaryData: {}, data: { a: '' } }, []]);
  assert.equal((normal(`${CORE}ConfigMap`, given).metadata as Struct).finalizers, undefined);
  assert.equal(
    normal('io.k8s.api.certificates.v1.CertificateSigningRequestStatus', { certificate: '' }, { asSent: 'empties' })
      .certificate,
    '',
  );
});

test('the defaults of a type see nothing that counts as missing, and come before those of its parts', () => {
  const seen: unknown[] = [];
  const { normalise } = createNormaliser(
    builtinSchema,
    new Map([
      [
        `${CORE}PodSpec`,
        (spec: Struct) => {
          seen.push({ ...spec });
          spec.containers = [{ image: 'b', name: 'a' }];
        },
      ],
    ]),
  );
  const pod: Struct = { spec: { hostname: '', nodeName: 'n', containers: null, unknown: 1 } };
  normalise(pod, builtinSchema.type(`${CORE}Pod`));
  assert.deepEqual(seen, [{ nodeName: 'n' }]);
  assert.deepEqual(keys((pod.spec as { containers: object[] }).containers[0]).slice(0, 2), ['name', 'image']);
});

test('what is canonical in a frozen object is shared, and nothing of it changed', () => {
  const labels = deepFreeze({ a: 'b' });
  const given = deepFreeze({
    metadata: { labels },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: '1000m' } } }] },
  });
  const pod = normal(`${CORE}Pod`, given) as typeof given;
  assert.equal(pod.metadata.labels, labels);
  assert.equal(pod.spec.containers[0]?.resources.limits.cpu, '1');
});

test('types that hold themselves', () => {
  const openAPIV3Schema = { properties: { a: { properties: { b: { type: 'string', unknown: 1 } } } } };
  const definition = normal(DEFINITION, { spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema } }] } });
  const [version] = (definition.spec as { versions: { schema: unknown }[] }).versions;
  assert.deepEqual(version?.schema, {
    openAPIV3Schema: { properties: { a: { properties: { b: { type: 'string' } } } } },
  });
});
