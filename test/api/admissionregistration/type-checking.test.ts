// Advice to authors of policies: which expressions do not fit the types they are for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeWarnings } from '../../../src/api/admissionregistration/type-checking.ts';
import { builtinDefinitions, builtinSchema } from '../../../src/api/index.ts';
import type { ValidatingAdmissionPolicy } from '../../../src/api/types/admissionregistration/v1.ts';

const served = builtinDefinitions();
const rule = (group: string, version: string, ...resources: string[]) => ({
  apiGroups: [group],
  apiVersions: [version],
  resources,
  operations: ['*' as const],
});
const DEPLOYMENTS = rule('apps', 'v1', 'deployments');

const warnings = (spec: object, types = served) =>
  typeWarnings({ metadata: { name: 'p' }, spec } as ValidatingAdmissionPolicy, types, builtinSchema);
const of = (expression: string, more: object = {}) =>
  warnings({ matchConstraints: { resourceRules: [DEPLOYMENTS] }, validations: [{ expression }], ...more });

test('a field that there is not, as the example of the documentation has it', () => {
  assert.deepEqual(of('object.replicas > 1'), [
    {
      fieldRef: 'spec.validations[0].expression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
    },
  ]);
});

test('expressions that fit: fields, lists, maps, times, names, what may be anything', () => {
  for (const expression of [
    'object.spec.replicas > 1 && oldObject.spec.replicas < 9',
    "object.spec.template.spec.containers.all(c, c.image.startsWith('a'))",
    "object.metadata.labels['a'] == 'b'",
    "object.metadata.creationTimestamp < timestamp('2026-01-01T00:00:00Z')",
    'object.spec.strategy.rollingUpdate.maxSurge == 1',
    "object.kind == 'Deployment' && request.operation == 'CREATE'",
    "authorizer.group('').resource('pods').check('get').allowed()",
  ]) {
    assert.deepEqual(of(expression), [], expression);
  }
});

test('every type is checked, messages and variables too', () => {
  const resourceRules = [rule('apps', 'v1', 'deployments', 'statefulsets')];
  const [both, message] = warnings({
    matchConstraints: { resourceRules },
    variables: [{ name: 'spec', expression: 'object.spec' }],
    validations: [
      { expression: 'object.spec.serviceName == variables.spec.strategy.type' },
      { expression: 'true', messageExpression: 'string(object.nothing)' },
    ],
  });
  assert.match(both?.warning ?? '', /^apps\/v1, Kind=Deployment: ERROR: .*undefined field 'serviceName'/);
  assert.equal(both?.warning.includes('Kind=StatefulSet'), false, 'variables of struct types are of any type');
  assert.equal(message?.fieldRef, 'spec.validations[1].messageExpression');
  assert.equal(message?.warning.match(/undefined field 'nothing'/g)?.length, 2);
});

test('what is not known is not judged: wildcards, types that are not served, params of such types', () => {
  const anything = { validations: [{ expression: 'object.nothing == params.nothing' }] };
  const paramKind = { apiVersion: 'example.com/v1', kind: 'Limit' };
  for (const resourceRules of [[rule('*', 'v1', 'deployments')], [rule('example.com', 'v1', 'crates')], []]) {
    assert.deepEqual(warnings({ ...anything, paramKind, matchConstraints: { resourceRules } }), []);
  }
  assert.deepEqual(of('params.max > 1', { paramKind }), []);
  const known = { apiVersion: 'v1', kind: 'ConfigMap' };
  assert.match(of('params.max > 1', { paramKind: known })[0]?.warning ?? '', /undefined field 'max'/);
});

test('a custom type by its schema', () => {
  const customSchema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  };
  const crates = { ...served[0], group: 'example.com', version: 'v1', plural: 'crates', kind: 'Crate', customSchema };
  const check = (expression: string) =>
    warnings(
      { matchConstraints: { resourceRules: [rule('example.com', 'v1', 'crates')] }, validations: [{ expression }] },
      [crates as (typeof served)[number]],
    );
  assert.deepEqual(check('object.spec.size > 1 && object.metadata.name != ""'), []);
  assert.match(check('object.spec.colour == "red"')[0]?.warning ?? '', /^example.com\/v1, Kind=Crate: .*'colour'/);
});

test('types that hold themselves end there', () => {
  const resourceRules = [rule('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')];
  const inside = 'object.spec.versions.all(v, v.schema.openAPIV3Schema.properties.all(k, has(v.schema)))';
  assert.deepEqual(warnings({ matchConstraints: { resourceRules }, validations: [{ expression: inside }] }), []);
});
