import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { definitionErrors, updateErrors } from '../../../src/api/apiextensions/definition-rules.ts';
import type { Schema } from '../../../src/api/apiextensions/schema.ts';
import type { CustomResourceDefinition } from '../../../src/api/types/apiextensions/v1.ts';

type Spec = CustomResourceDefinition['spec'];
type Version = Spec['versions'][number];

const version = (schema: Schema = { type: 'object' }, more: Partial<Version> = {}): Version => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema as NonNullable<Version['schema']>['openAPIV3Schema'] },
  ...more,
});

const definition = (spec: Partial<Spec> = {}): CustomResourceDefinition => ({
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [version()],
    ...spec,
  },
  status: { storedVersions: ['v1'], conditions: [], acceptedNames: { plural: '', kind: '' } },
});

const fields = (crd: CustomResourceDefinition): string[] =>
  definitionErrors(crd).map(({ reason, field }) => `${reason.replace('FieldValue', '')} ${field}`);

const ROOT = 'spec.validation.openAPIV3Schema';
const inSpec = (spec: Schema): Schema => ({ type: 'object', properties: { spec } });
const at = (rest: string): string => `${ROOT}.properties[spec]${rest}`;

suite('definitions', () => {
  const cases: [what: string, spec: Partial<Spec>, errors: string[]][] = [
    ['a plain one', {}, []],
    ['a bad scope', { scope: 'Other' }, ['NotSupported spec.scope']],
    ['no version', { versions: [] }, ['Invalid spec.versions', 'Invalid status.storedVersions[0]']],
    ['a version twice', { versions: [version(), version(undefined, { storage: false })] }, ['Invalid spec.versions']],
    [
      'a warning without deprecation',
      { versions: [version(undefined, { deprecationWarning: 'old' })] },
      ['Invalid spec.versions[0].deprecationWarning'],
    ],
    [
      'a webhook that is nowhere',
      { conversion: { strategy: 'Webhook' } },
      ['Required spec.conversion.webhookClientConfig', 'Required spec.conversion.conversionReviewVersions'],
    ],
    [
      'a column of no known type',
      { versions: [version(undefined, { additionalPrinterColumns: [{ name: 'A', type: 'x', jsonPath: '.a' }] })] },
      ['Invalid spec.additionalPrinterColumns[0].type'],
    ],
    [
      'a selectable field that is not declared',
      { versions: [version(undefined, { selectableFields: [{ jsonPath: '.spec.a' }] })] },
      ['Invalid spec.selectableFields[0].jsonPath'],
    ],
    [
      'selectable fields that versions share, whose schemas differ',
      {
        versions: ['v1', 'v2'].map((name) =>
          version(
            {
              type: 'object',
              description: name,
              properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
            },
            { name, storage: name === 'v1', selectableFields: [{ jsonPath: '.spec.a' }] },
          ),
        ),
      },
      ['Invalid spec.selectableFields'],
    ],
    [
      'a scale outside of spec',
      {
        versions: [
          version(undefined, { subresources: { scale: { specReplicasPath: '.a', statusReplicasPath: '.status.b' } } }),
        ],
      },
      ['Invalid spec.subresources.scale.specReplicasPath'],
    ],
  ];
  for (const [what, spec, errors] of cases) {
    test(what, () => assert.deepEqual(fields(definition(spec)), errors));
  }

  test('a name that is not plural.group', () => {
    assert.deepEqual(fields({ ...definition(), metadata: { name: 'x.example.com' } }), ['Invalid metadata.name']);
  });

  test('a group of the community without approval', () => {
    const crd = { ...definition({ group: 'x.k8s.io' }), metadata: { name: 'things.x.k8s.io' } };
    assert.deepEqual(fields(crd), ['Required metadata.annotations[api-approved.kubernetes.io]']);
    const approved = { 'api-approved.kubernetes.io': 'https://example.com/1' };
    assert.deepEqual(fields({ ...crd, metadata: { ...crd.metadata, annotations: approved } }), []);
  });

  test('versions that differ are told apart in fields', () => {
    const versions = [version({ type: 'object' }), version({ type: 'string' }, { name: 'v2', storage: false })];
    assert.deepEqual(fields(definition({ versions })), ['Invalid spec.versions[1].schema.openAPIV3Schema.type']);
  });

  test('kind and scope are for good once established', () => {
    const conditions = [{ type: 'Established', status: 'True', reason: '', message: '', lastTransitionTime: '' }];
    const old = definition();
    old.status = { ...(old.status as NonNullable<typeof old.status>), conditions };
    const crd = definition({ scope: 'Cluster' });
    assert.deepEqual(updateErrors(crd, definition()), []);
    assert.deepEqual(
      updateErrors(crd, old).map(({ field }) => field),
      ['spec.scope'],
    );
  });
});

suite('schemas', () => {
  const string: Schema = { type: 'string' };
  const cases: [what: string, schema: Schema, errors: string[]][] = [
    ['a root of type string', string, [`Invalid ${ROOT}.type`]],
    ['a property without type', inSpec({}), [`Required ${at('.type')}`]],
    ['an array without items', inSpec({ type: 'array' }), [`Required ${at('.items')}`]],
    ['int-or-string', inSpec({ 'x-kubernetes-int-or-string': true }), []],
    [
      'a type inside anyOf',
      inSpec({ type: 'object', anyOf: [{ properties: { a: string } }] }),
      [`Forbidden ${at('.anyOf[0].properties[a].type')}`],
    ],
    ['a reference', inSpec({ $ref: '#/x' }), [`Forbidden ${at('.$ref')}`]],
    ['a pattern that RE2 does not know', inSpec({ type: 'string', pattern: '(?=a)' }), [`Invalid ${at('.pattern')}`]],
    [
      'an embedded resource of nothing',
      inSpec({ type: 'object', 'x-kubernetes-embedded-resource': true }),
      [`Required ${at('.properties')}`],
    ],
    [
      'a map list whose key is not required',
      inSpec({
        type: 'array',
        items: { type: 'object', properties: { a: string } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
      }),
      [`Required ${at('.items.properties[a].default')}`],
    ],
    ['a default of another type', inSpec({ type: 'string', default: 5 }), [`TypeInvalid ${at('.default')}`]],
    [
      'a default with unknown fields',
      inSpec({ type: 'object', properties: { a: string }, default: { b: 1 } }),
      [`Invalid ${at('.default')}`],
    ],
    [
      'restrictions on more than the name',
      { type: 'object', properties: { metadata: { type: 'object', minProperties: 1 } } },
      [`Forbidden ${ROOT}.properties[metadata]`],
    ],
    [
      'a rule of nothing',
      inSpec({ type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] }),
      [`Required ${at('.x-kubernetes-validations[0].rule')}`],
    ],
  ];
  for (const [what, schema, errors] of cases) {
    test(what, () => assert.deepEqual(fields(definition({ versions: [version(schema)] })), errors));
  }
});

test('by how much a rule costs too much is rounded as Go does', () => {
  const factor = (maxItems: number): string | undefined => {
    const items = {
      type: 'object',
      properties: { a: { type: 'boolean' } },
      'x-kubernetes-validations': [{ rule: 'self.a' }],
    };
    const crd = definition({ versions: [version(inSpec({ type: 'array', maxItems, items } as Schema))] });
    return definitionErrors(crd)
      .map(({ message }) => /rule cost exceeds budget by factor of ([\d.]+)x/.exec(message)?.[1])
      .find((found) => found !== undefined);
  };
  // The rule costs 2, the limit is 10,000,000.
  assert.deepEqual([11_250_000, 11_750_000, 8_750_000, 9_250_000, 12_000_000, 5_000_001].map(factor), [
    '2.2',
    '2.4',
    '1.8',
    '1.9',
    '2.4',
    '1.000000',
  ]);
});
