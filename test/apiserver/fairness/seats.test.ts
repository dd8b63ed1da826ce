import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowControlFacts } from '../../../src/api/facts.ts';
import type { PriorityLevelConfiguration } from '../../../src/api/types/flowcontrol/v1.ts';
import { hasRoom, shareOut, type Use } from '../../../src/apiserver/fairness/seats.ts';

test('the built-in levels share 600 seats as upstream does', () => {
  const { plcMandatory, plcSuggested } = flowControlFacts();
  const shares = shareOut([...plcMandatory, ...plcSuggested] as PriorityLevelConfiguration[], 600);
  // kubernetes.io/docs/concepts/cluster-administration/flow-control: shares 30 40 10 40 100 20 5, of 245
  assert.deepEqual(
    [...shares].map(([name, { exempt, nominal, lendable }]) => `${name} ${exempt} ${nominal} ${lendable}`).sort(),
    [
      'catch-all false 13 0',
      'exempt true 0 0',
      'global-default false 49 25',
      'leader-election false 25 0',
      'node-high false 98 25',
      'system false 74 24',
      'workload-high false 98 49',
      'workload-low false 245 221',
    ],
  );
});

const level = (parts: Partial<Use>): Use => ({
  exempt: false,
  nominal: 10,
  lendable: 0,
  borrowing: 100,
  inUse: 0,
  ...parts,
});

test('up to its own seats a level asks nobody', () => {
  const busy = level({ inUse: 9 });
  assert.ok(hasRoom(busy, 1, [busy]));
  assert.equal(hasRoom(level({ inUse: 10 }), 1, [busy]), false);
});

test('beyond them it borrows what others lend and do not use', () => {
  const borrower = level({ inUse: 10 });
  const lender = level({ lendable: 5 });
  assert.ok(hasRoom(borrower, 5, [borrower, lender]));
  assert.equal(hasRoom(borrower, 6, [borrower, lender]), false);
  assert.ok(hasRoom(borrower, 3, [borrower, level({ lendable: 5, inUse: 7 })]));
  assert.equal(hasRoom(borrower, 4, [borrower, level({ lendable: 5, inUse: 7 })]), false);
  assert.equal(hasRoom(borrower, 2, [borrower, lender, level({ inUse: 14 })]), false, 'four of five are borrowed');
});

test('no more than its limit of borrowing', () => {
  const borrower = level({ inUse: 10, borrowing: 2 });
  const lender = level({ lendable: 10 });
  assert.ok(hasRoom(borrower, 2, [borrower, lender]));
  assert.equal(hasRoom(borrower, 3, [borrower, lender]), false);
});

test('one request always runs, however wide, and an exempt level never waits', () => {
  assert.ok(hasRoom(level({ nominal: 1 }), 10, []));
  assert.ok(hasRoom(level({ nominal: 0, inUse: 500, exempt: true }), 10, []));
});
