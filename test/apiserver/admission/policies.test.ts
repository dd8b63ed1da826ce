// Validating and mutating admission policies: what they see, what their bindings do, and what is told.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ResourceType } from '../../../src/api/definition.ts';
import {
  configMaps,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  namespaces,
  pods,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../src/api/resources.ts';
import type { ConfigMap } from '../../../src/api/types/core/v1.ts';
import type { AnyObject, KubeObject } from '../../../src/apimachinery/meta.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { customResourceDefinitions } from '../../../src/apiserver/apiextensions/serve.ts';
import { systemClock } from '../../../src/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { httpsCaller } from '../../support/https-call.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

const TOKEN = 'secret';
const NAME = 'rule.example.com';
const KINDS: ResourceType<KubeObject>[] = [
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
] as never;
let api: TestServer;
const call = httpsCaller(() => api, TOKEN);

before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());
afterEach(async () => {
  for (const type of KINDS) {
    for (const { metadata } of (await api.client.list(type)).items) {
      await api.client.delete(type, undefined, metadata.name ?? '');
    }
  }
  await api.client.deleteCollection(configMaps, { namespace: 'default' });
});

const RULE = { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
const create = (type: ResourceType<never>, name: string, spec: object) =>
  api.client.create(type as ResourceType<KubeObject>, { metadata: { name }, spec } as KubeObject);

async function validating(spec: object, binding: object = {}): Promise<void> {
  const matchConstraints = { resourceRules: [RULE] };
  await create(validatingAdmissionPolicies as never, NAME, { matchConstraints, ...spec });
  await create(validatingAdmissionPolicyBindings as never, 'everywhere', {
    policyName: NAME,
    validationActions: ['Deny'],
    ...binding,
  });
}

async function mutating(mutations: object[], spec: object = {}): Promise<void> {
  const matchConstraints = { resourceRules: [RULE] };
  const reinvocationPolicy = 'Never';
  await create(mutatingAdmissionPolicies as never, NAME, { matchConstraints, reinvocationPolicy, mutations, ...spec });
  await create(mutatingAdmissionPolicyBindings as never, 'everywhere', { policyName: NAME });
}

const applying = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patching = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

const configMap = (name: string, more: Partial<ConfigMap> = {}) =>
  api.client.create(configMaps, { metadata: { name, namespace: 'default' }, ...more });

async function refusal(request: Promise<unknown>): Promise<StatusError> {
  const error = await request.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StatusError, String(error));
  return error;
}

test('what a policy does not hold is refused as its binding says, with its expression, message or reason', async () => {
  await validating({
    validations: [{ expression: "object.metadata.name.startsWith('ok-')" }],
  });
  await configMap('ok-a');
  const error = await refusal(configMap('a'));
  const told = `ValidatingAdmissionPolicy '${NAME}' with binding 'everywhere' denied request: failed expression: object.metadata.name.startsWith('ok-')`;
  assert.deepEqual(
    [error.code, error.reason, error.message, error.status.details],
    [
      422,
      'Invalid',
      `configmaps "a" is forbidden: ${told}`,
      { name: 'a', kind: 'configmaps', causes: [{ message: told }] },
    ],
  );
});

test('messages: by expression, else as written; reasons have codes', async () => {
  const cases: [object, string, number, string][] = [
    [{ message: 'no' }, 'no', 422, 'Invalid'],
    [{ message: 'no', messageExpression: "'not ' + object.metadata.name" }, 'not a', 422, 'Invalid'],
    [{ message: 'no', messageExpression: "'' + object.data.none" }, 'no', 422, 'Invalid'],
    [{ message: 'no', messageExpression: "'  '" }, 'no', 422, 'Invalid'],
    [{ message: 'no', reason: 'Forbidden' }, 'no', 403, 'Forbidden'],
    [{ message: 'no', reason: 'RequestEntityTooLarge' }, 'no', 413, 'RequestEntityTooLarge'],
  ];
  for (const [more, message, code, reason] of cases) {
    await validating({ validations: [{ expression: 'false', ...more }] });
    const error = await refusal(configMap('a'));
    assert.ok(error.message.endsWith(`denied request: ${message}`), error.message);
    assert.deepEqual([error.code, error.reason], [code, reason]);
    await api.client.delete(validatingAdmissionPolicies, undefined, NAME);
    await api.client.delete(validatingAdmissionPolicyBindings, undefined, 'everywhere');
  }
});

test('a policy without a binding does nothing', async () => {
  await create(validatingAdmissionPolicies as never, NAME, {
    matchConstraints: { resourceRules: [RULE] },
    validations: [{ expression: 'false' }],
  });
  await configMap('a');
});

test('Warn warns and Audit is silent', async () => {
  await validating({ validations: [{ expression: 'false', message: 'no' }] }, { validationActions: ['Warn', 'Audit'] });
  const { code, headers } = await call('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'a' } }),
  });
  assert.equal(code, 201);
  assert.equal(
    headers.warning,
    `299 - "Validation failed for ValidatingAdmissionPolicy '${NAME}' with binding 'everywhere': no"`,
  );
});

test('expressions see both objects, the request, the namespace, the authorizer and the variables before them', async () => {
  await api.client.create(namespaces, { metadata: { name: 'seen', labels: { colour: 'red' } }, spec: {} });
  const holds = [
    "object.data.a == 'new' && oldObject.data.a == 'old'",
    "request.operation == 'UPDATE' && request.userInfo.username == 'admin' && request.name == 'a'",
    "request.kind.kind == 'ConfigMap' && request.namespace == 'seen' && request.dryRun == false",
    "request.options.kind == 'UpdateOptions'",
    "namespaceObject.metadata.labels['colour'] == 'red' && namespaceObject.metadata.name == 'seen'",
    "authorizer.group('').resource('pods').namespace('seen').check('delete').allowed()",
    "authorizer.requestResource.check('update').allowed()",
    "!authorizer.serviceAccount('seen', 'nobody').group('').resource('pods').check('get').allowed()",
    "variables.b == 'new!'",
    'object.data.all(key, key.size() == 1)',
    '!has(object.data.b)',
  ];
  await api.client.create(configMaps, { metadata: { name: 'a', namespace: 'seen' }, data: { a: 'old' } });
  await validating({
    variables: [
      { name: 'a', expression: 'object.data.a' },
      { name: 'b', expression: "variables.a + '!'" },
    ],
    validations: holds.map((expression) => ({ expression })),
  });
  await api.client.update(configMaps, { metadata: { name: 'a', namespace: 'seen' }, data: { a: 'new' } });
});

test('an expression that fails is judged by the failure policy', async () => {
  const validations = [{ expression: "object.data.none == 'x'" }];
  await validating({ validations });
  const error = await refusal(configMap('a'));
  assert.match(
    error.message,
    /denied request: expression 'object.data.none == 'x'' resulted in error: no such key: data$/,
  );
  assert.equal(error.code, 422);
  await api.client.delete(validatingAdmissionPolicies, undefined, NAME);
  await create(validatingAdmissionPolicies as never, NAME, {
    matchConstraints: { resourceRules: [RULE] },
    failurePolicy: 'Ignore',
    validations,
  });
  await configMap('a');
});

test('expressions that are too dear end the judgement', async () => {
  const list = `[${Array.from({ length: 100 }, (_, i) => i).join()}]`;
  await validating({ validations: [{ expression: `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))` }] });
  const error = await refusal(configMap('a'));
  assert.match(error.message, /resulted in error: operation cancelled: actual cost limit exceeded$/);
});

test('conditions, rules by name and rules that exclude', async () => {
  const validations = [{ expression: 'false' }];
  await validating({
    matchConstraints: {
      resourceRules: [{ ...RULE, resourceNames: ['a', 'b', 'c'] }],
      excludeResourceRules: [{ ...RULE, resourceNames: ['b'] }],
    },
    matchConditions: [{ name: 'not-c', expression: "object.metadata.name != 'c'" }],
    validations,
  });
  await refusal(configMap('a'));
  for (const name of ['b', 'c', 'd']) await configMap(name);
});

test('a binding may mean less than its policy', async () => {
  await api.client.create(namespaces, { metadata: { name: 'strict', labels: { strict: 'yes' } }, spec: {} });
  await validating(
    { validations: [{ expression: 'false' }] },
    { matchResources: { namespaceSelector: { matchLabels: { strict: 'yes' } } } },
  );
  await configMap('a');
  await refusal(api.client.create(configMaps, { metadata: { name: 'a', namespace: 'strict' } }));
});

test('params: by name, by selector, missing, of a kind that nobody serves', async () => {
  const limit = (name: string, max: string, labels: Record<string, string> = {}) =>
    api.client.create(configMaps, { metadata: { name, namespace: 'default', labels }, data: { max } });
  await limit('limit', '3', { used: 'yes' });
  await limit('other', '5', { used: 'yes' });
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      {
        expression: 'object.metadata.name.size() <= int(params.data.max)',
        messageExpression: "'max ' + params.data.max",
      },
    ],
  };
  const bind = (paramRef: object) =>
    create(validatingAdmissionPolicyBindings as never, 'bound', {
      policyName: NAME,
      validationActions: ['Deny'],
      paramRef,
    });
  await create(validatingAdmissionPolicies as never, NAME, { matchConstraints: { resourceRules: [RULE] }, ...spec });
  const unbind = () => api.client.delete(validatingAdmissionPolicyBindings, undefined, 'bound');

  await bind({ name: 'limit', parameterNotFoundAction: 'Deny' });
  assert.match((await refusal(configMap('abcd'))).message, /denied request: max 3$/);
  await configMap('abc');
  await unbind();

  await bind({ selector: { matchLabels: { used: 'yes' } }, parameterNotFoundAction: 'Deny' });
  assert.match((await refusal(configMap('abcdef'))).message, /denied request: max 3$/);
  await unbind();

  await bind({ name: 'none', parameterNotFoundAction: 'Allow' });
  await configMap('abcdefgh');
  await unbind();

  await bind({ name: 'none', parameterNotFoundAction: 'Deny' });
  const missing = await refusal(configMap('a'));
  assert.match(
    missing.message,
    /'bound' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  );
  await api.client.delete(validatingAdmissionPolicies, undefined, NAME);

  const paramKind = { apiVersion: 'example.com/v1', kind: 'Nothing' };
  await create(validatingAdmissionPolicies as never, NAME, {
    matchConstraints: { resourceRules: [RULE] },
    ...spec,
    paramKind,
  });
  assert.match(
    (await refusal(configMap('a'))).message,
    /^configmaps "a" is forbidden: ValidatingAdmissionPolicy 'rule.example.com' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com\/v1, Kind=Nothing'$/,
  );
});

test('audit annotations that fail deny', async () => {
  await validating(
    { auditAnnotations: [{ key: 'k', valueExpression: "'' + object.data.none" }] },
    { validationActions: ['Audit'] },
  );
  assert.match((await refusal(configMap('a'))).message, /resulted in error: no such key: data$/);
  await configMap('b', { data: { none: 'x' } });
});

test('a mutating policy applies an object, merging lists by their keys', async () => {
  const rules = [{ ...RULE, resources: ['pods'], operations: ['CREATE'] }];
  const sidecar =
    "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 'side:1'}]}, metadata: Object.metadata{labels: {'injected': 'yes'}}}";
  await mutating([applying(sidecar)], { matchConstraints: { resourceRules: rules } });
  const pod = await api.client.create(pods, {
    metadata: { name: 'p', namespace: 'default', labels: { app: 'a' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  assert.deepEqual(
    pod.spec.containers.map(({ name, imagePullPolicy }) => [name, imagePullPolicy]),
    [
      ['c', 'Always'],
      ['side', 'IfNotPresent'],
    ],
  );
  assert.deepEqual(pod.metadata.labels, { app: 'a', injected: 'yes' });
});

test('a mutating policy patches; a failed test leaves the object as it is', async () => {
  const keyed = "'/metadata/annotations/' + jsonpatch.escapeKey('example.com/a')";
  await mutating([
    patching("[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'a': 'b'}}]"),
    patching(`[JSONPatch{op: 'add', path: ${keyed}, value: object.metadata.name}]`),
    patching("[JSONPatch{op: 'add', path: '/data', value: Object.data{n: 'x'}}]"),
    patching("[JSONPatch{op: 'test', path: '/data/n', value: 'y'}, JSONPatch{op: 'remove', path: '/data'}]"),
  ]);
  const { metadata, data } = await configMap('a');
  assert.deepEqual([metadata.annotations, data], [{ a: 'b', 'example.com/a': 'a' }, { n: 'x' }]);
});

test('mutations that cannot be done deny, or are left out where failures are ignored', async () => {
  const cases: [object, RegExp][] = [
    [patching("[JSONPatch{op: 'remove', path: '/data/none'}]"), /denied request: JSON Patch: /],
    [applying('Object{data: Object.data{a: object.data.none}}'), /resulted in error: no such key: data$/],
    [
      applying('Object{data: Object.other{a: "b"}}'),
      /denied request: type mismatch: unexpected type name "Object.other", expected "Object.data", which matches field name path from root Object type$/,
    ],
    [
      applying('Object{finalizer: "x"}'),
      /denied request: error applying patch: failed to convert patch object to typed object: \.finalizer: field not declared in schema$/,
    ],
  ];
  for (const [mutation, message] of cases) {
    await mutating([mutation]);
    const error = await refusal(configMap('a'));
    assert.match(error.message, message);
    assert.match(error.message, new RegExp(`^policy '${NAME}' with binding 'everywhere' denied request: `));
    assert.deepEqual([error.code, error.reason], [403, 'Invalid']);
    await api.client.delete(mutatingAdmissionPolicies, undefined, NAME);
    await mutating([mutation], { failurePolicy: 'Ignore' }).catch(() => undefined);
    await configMap('a');
    await api.client.delete(configMaps, 'default', 'a');
    await api.client.delete(mutatingAdmissionPolicies, undefined, NAME);
    await api.client.delete(mutatingAdmissionPolicyBindings, undefined, 'everywhere');
  }
});

test('lists that are replaced whole are not applied', async () => {
  const rules = [{ ...RULE, resources: ['pods'], operations: ['CREATE'] }];
  const args = "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c', args: ['x']}]}}";
  await mutating([applying(args)], { matchConstraints: { resourceRules: rules } });
  const pod = { metadata: { name: 'q', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  assert.match(
    (await refusal(api.client.create(pods, pod))).message,
    /error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.containers\[0\]\.args$/,
  );
});

test('custom resources: judged, changed and defaulted like others; their kinds are params too', async () => {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            size: { type: 'integer' },
            colour: { type: 'string' },
            rank: { type: 'string', default: 'low' },
          },
        },
      },
    },
  };
  const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema });
  await api.client.create(customResourceDefinitions, {
    metadata: { name: 'crates.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'crates', kind: 'Crate' },
      versions: [version('v1', false), version('v2', true)],
    },
  } as never);
  await eventually('the type to be served', () => api.server.catalogue.find('example.com', 'v2', 'crates'));
  const rule = { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v2'], resources: ['crates'] };
  const matchConstraints = { resourceRules: [rule] };
  await mutating([applying("Object{spec: Object.spec{colour: 'red'}}")], { matchConstraints });
  await validating({
    matchConstraints,
    validations: [{ expression: "object.apiVersion == 'example.com/v2' && object.spec.size < 3" }],
  });
  const crates = { group: 'example.com', version: 'v1', plural: 'crates', kind: 'Crate', namespaced: true };
  const crate = (name: string, size: number) =>
    api.client.create(
      crates as ResourceType<KubeObject>,
      {
        metadata: { name, namespace: 'default' },
        spec: { size },
      } as KubeObject,
    );
  assert.deepEqual(((await crate('a', 2)) as AnyObject).spec, { size: 2, colour: 'red', rank: 'low' });
  assert.equal((await refusal(crate('b', 3))).code, 422);
});

test('policies judge no policies', async () => {
  await validating({
    matchConstraints: {
      resourceRules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
    },
    validations: [{ expression: 'false' }],
  });
  await refusal(configMap('a'));
  await api.client.delete(validatingAdmissionPolicies, undefined, NAME);
  await configMap('a');
});

test('what there is not is null: oldObject of a create, params that a binding does not name, the namespace of one', async () => {
  await validating({
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    matchConstraints: { resourceRules: [{ ...RULE, resources: ['configmaps', 'namespaces'] }] },
    validations: [
      { expression: 'oldObject == null && params == null' },
      {
        expression:
          "request.kind.kind != 'Namespace' || (namespaceObject == null && request.namespace == request.name)",
      },
    ],
  });
  await configMap('a');
  await api.client.create(namespaces, { metadata: { name: 'nobody' }, spec: {} });
});

test('a deletion shows what was; one of a collection has no name', async () => {
  await configMap('a');
  const rule = { ...RULE, operations: ['DELETE'] };
  await validating({
    matchConstraints: { resourceRules: [rule] },
    validations: [
      {
        expression: 'false',
        messageExpression: "oldObject.metadata.name + ' ' + string(object == null) + ' ' + string(has(request.name))",
      },
    ],
  });
  assert.match(
    (await refusal(api.client.delete(configMaps, 'default', 'a'))).message,
    /^configmaps "a" .*: a true true$/,
  );
  const collection = await refusal(api.client.deleteCollection(configMaps, { namespace: 'default' }));
  assert.match(collection.message, /^configmaps "Unknown" .*: a true false$/);
});
