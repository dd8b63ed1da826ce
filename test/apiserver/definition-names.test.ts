import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CustomResourceDefinition } from '../../src/api/types/apiextensions/v1.ts';
import { statusOf } from '../../src/apiserver/apiextensions/names.ts';

const NOW = '2026-01-01T00:00:00Z';

const definition = (plural: string, kind: string): CustomResourceDefinition => ({
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [],
  },
});

const accepted = (crd: CustomResourceDefinition, others: CustomResourceDefinition[] = []) => {
  const status = statusOf(crd, others, NOW);
  return { ...crd, ...(status ? { status } : {}) };
};

const conditions = ({ status }: CustomResourceDefinition) =>
  status?.conditions.map((condition) => `${condition.type}=${condition.status} ${condition.reason}`);

test('names that nobody has are accepted, once', () => {
  const crd = accepted(definition('things', 'Thing'));
  assert.deepEqual(crd.status?.acceptedNames, crd.spec.names);
  assert.deepEqual(conditions(crd), ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted']);
  assert.equal(statusOf(crd, [], NOW), undefined);
});

test('a name that another of the group has is not accepted until that one is gone', () => {
  const first = accepted(definition('things', 'Thing'));
  const second = accepted(definition('others', 'Thing'), [first]);
  assert.deepEqual(second.status?.acceptedNames, { plural: 'others', kind: '' });
  assert.deepEqual(conditions(second), ['NamesAccepted=False ListKindConflict', 'Established=False NotAccepted']);
  const later = accepted(second);
  assert.deepEqual(conditions(later), ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted']);
});

test('an established definition that asks for a taken name stays established', () => {
  const first = accepted(definition('things', 'Thing'));
  const second = accepted(definition('others', 'Other'), [first]);
  second.spec.names = { ...second.spec.names, singular: 'thing' };
  const clashing = accepted(second, [first]);
  assert.equal(clashing.status?.acceptedNames.singular, 'other');
  assert.deepEqual(conditions(clashing), [
    'NamesAccepted=False SingularConflict',
    'Established=True InitialNamesAccepted',
  ]);
});
