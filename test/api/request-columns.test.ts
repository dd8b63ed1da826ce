import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { toTable } from '../../src/apiserver/table.ts';
import { definitionOf } from './definitions.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' };
const deleted = { ...metadata, deletionTimestamp: '2026-01-02T00:00:00Z' };
const AGE = '24h';
const ADMISSION = 'admissionregistration.k8s.io/v1';
const FLOW = 'flowcontrol.apiserver.k8s.io/v1';

const ROWS: [id: string, object: object, cells: unknown[]][] = [
  [
    'certificates.k8s.io/v1/certificatesigningrequests',
    { metadata, spec: { signerName: 'x.io/s', username: 'u', expirationSeconds: 7200 }, status: {} },
    ['x', AGE, 'x.io/s', 'u', '120m', 'Pending'],
  ],
  [
    'certificates.k8s.io/v1/certificatesigningrequests',
    {
      metadata,
      spec: { signerName: 'x.io/s', username: 'u' },
      status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }], certificate: 'x' },
    },
    ['x', AGE, 'x.io/s', 'u', '<none>', 'Approved,Failed,Issued'],
  ],
  [
    `${FLOW}/flowschemas`,
    { metadata, spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 5 } },
    ['x', 'l', 5, '<none>', AGE, '?'],
  ],
  [
    `${FLOW}/prioritylevelconfigurations`,
    {
      metadata,
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 3,
          limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 2, queueLengthLimit: 4 } },
        },
      },
    },
    ['x', 'Limited', 3, 1, 2, 4, AGE],
  ],
  [
    `${FLOW}/prioritylevelconfigurations`,
    { metadata, spec: { type: 'Exempt' } },
    ['x', 'Exempt', '<none>', '<none>', '<none>', '<none>', AGE],
  ],
  [
    `${ADMISSION}/validatingadmissionpolicies`,
    { metadata, spec: { validations: [{}], paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } },
    ['x', 1, 'v1/ConfigMap', AGE],
  ],
  [`${ADMISSION}/mutatingadmissionpolicies`, { metadata, spec: { mutations: [{}, {}] } }, ['x', 2, '<unset>', AGE]],
  [
    `${ADMISSION}/validatingadmissionpolicybindings`,
    { metadata, spec: { policyName: 'p', paramRef: { name: 'n' } } },
    ['x', 'p', '*/n', AGE],
  ],
  [
    `${ADMISSION}/mutatingadmissionpolicybindings`,
    {
      metadata,
      spec: {
        policyName: 'p',
        paramRef: {
          selector: {
            matchLabels: { b: 'c', a: 'b' },
            matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }],
          },
        },
      },
    },
    [
      'x',
      'p',
      '&LabelSelector{MatchLabels:map[string]string{a: b,b: c,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[v],},},}',
      AGE,
    ],
  ],
  ['resource.k8s.io/v1/deviceclasses', { metadata }, ['x', AGE]],
  ['resource.k8s.io/v1/resourceclaims', { metadata }, ['x', 'pending', AGE]],
  [
    'resource.k8s.io/v1/resourceclaims',
    { metadata: deleted, status: { allocation: {}, reservedFor: [{}] } },
    ['x', 'deleted,allocated,reserved', AGE],
  ],
  ['resource.k8s.io/v1/resourceclaims', { metadata: deleted }, ['x', 'deleted', AGE]],
  [
    'resource.k8s.io/v1/resourceslices',
    { metadata, spec: { driver: 'x.io', pool: { name: 'p' } } },
    ['x', '', 'x.io', 'p', AGE],
  ],
];

for (const [id, object, cells] of ROWS) {
  test(`row of ${id}: ${cells.slice(1).join(' ')}`, () => {
    const definition = definitionOf(id);
    assert.deepEqual(definition.cells(object as AnyObject, { now }), cells);
    assert.equal(definition.columns.length, cells.length);
  });
}

test('FlowSchemas are shown in the order in which requests are matched with them', () => {
  const definition = definitionOf('flowcontrol.apiserver.k8s.io/v1/flowschemas');
  const schemas = [9900, 1000].map((matchingPrecedence) => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: `f${matchingPrecedence}` },
    spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'p' } },
  }));
  const table = toTable(schemas, {
    definition,
    version: 'v1',
    includeObject: 'None',
    now,
    metadata: {},
    headers: true,
  });
  assert.deepEqual(
    (table.rows as { cells: unknown[] }[]).map(({ cells }) => cells[0]),
    ['f1000', 'f9900'],
  );
});
