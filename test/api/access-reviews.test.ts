import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessReviewErrors, type ReviewScope } from '../../src/api/authorization/access-reviews.ts';
import { selectorProblems } from '../../src/api/authorization/selector-problems.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';

const resourceAttributes = { verb: 'get', resource: 'pods' };

const QUESTIONS: [what: string, scope: ReviewScope, object: object, causes: string[]][] = [
  ['one kind of attributes', 'self', { metadata: {}, spec: { resourceAttributes } }, []],
  ['no attributes', 'self', { metadata: {} }, ['FieldValueInvalid spec.resourceAttributes']],
  [
    'both kinds',
    'self',
    { metadata: {}, spec: { resourceAttributes, nonResourceAttributes: { path: '/' } } },
    ['FieldValueInvalid spec.nonResourceAttributes'],
  ],
  ['nobody', 'spec', { metadata: {}, spec: { resourceAttributes } }, ['FieldValueInvalid spec.user']],
  [
    'a name of its own',
    'spec',
    { metadata: { name: 'x' }, spec: { resourceAttributes, user: 'u' } },
    ['FieldValueInvalid metadata'],
  ],
  [
    'another namespace than its own',
    'local',
    {
      metadata: { namespace: 'n' },
      spec: { resourceAttributes: { ...resourceAttributes, namespace: 'm' }, user: 'u' },
    },
    ['FieldValueInvalid spec.resourceAttributes.namespace'],
  ],
  [
    'selectors that say nothing, or twice',
    'self',
    {
      metadata: {},
      spec: {
        resourceAttributes: {
          fieldSelector: {},
          labelSelector: { rawSelector: 'a', requirements: [{ key: 'a b', operator: 'Exists', values: ['v'] }] },
        },
      },
    },
    [
      'FieldValueRequired spec.resourceAttributes.fieldSelector.requirements',
      'FieldValueInvalid spec.resourceAttributes.labelSelector.rawSelector',
      'FieldValueForbidden spec.resourceAttributes.labelSelector.requirements[0].values',
      'FieldValueInvalid spec.resourceAttributes.labelSelector.requirements[0].key',
    ],
  ],
];

for (const [what, scope, object, causes] of QUESTIONS) {
  test(`an access review of ${what}`, () => {
    const errors = accessReviewErrors(object as AnyObject, scope);
    assert.deepEqual(
      errors.map(({ reason, field }) => `${reason} ${field}`),
      causes,
    );
  });
}

const field = (...requirements: object[]) => ({ fieldSelector: { requirements } }) as never;
const known = { key: 'metadata.name', operator: 'In', values: ['a'] };
const unknown = { key: 'metadata.name', operator: 'In', values: ['a', 'b'] };

test('selectors that cannot be read are told, whole or in part', () => {
  assert.deepEqual(selectorProblems(field(known)), []);
  assert.deepEqual(selectorProblems(field(unknown)), [
    'spec.resourceAttributes.fieldSelector ignored due to parse error',
  ]);
  assert.deepEqual(selectorProblems(field(known, unknown)), [
    'spec.resourceAttributes.fieldSelector partially ignored due to parse error',
  ]);
  assert.deepEqual(selectorProblems({ labelSelector: { rawSelector: 'a in (b' } }), [
    'spec.resourceAttributes.labelSelector ignored due to parse error',
  ]);
});
