import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../../src/api/types/core/v1.ts';
import { nodeEvents } from '../../../src/kubelet/node/node-events.ts';

const status = (conditions: Record<string, string>, bootID = 'b1'): NodeStatus =>
  ({
    nodeInfo: { bootID },
    conditions: Object.entries(conditions).map(([type, value]) => ({ type, status: value })),
  }) as NodeStatus;
const WELL = { MemoryPressure: 'False', DiskPressure: 'False', PIDPressure: 'False', Ready: 'True' };

describe('events of a node', () => {
  const reasons = (before: NodeStatus | undefined, after: NodeStatus) =>
    nodeEvents('n', before, after).map(({ type, reason }) => `${type} ${reason}`);

  test('a new one tells what it has, and that it is ready once it is', () => {
    const enough = ['Normal NodeHasSufficientMemory', 'Normal NodeHasNoDiskPressure', 'Normal NodeHasSufficientPID'];
    assert.deepEqual(reasons(undefined, status(WELL)), [...enough, 'Normal NodeReady']);
    assert.deepEqual(reasons(undefined, status({ ...WELL, Ready: 'False' })), enough);
  });
  test('what changes is told, what stays is not', () => {
    assert.deepEqual(reasons(status(WELL), status(WELL)), []);
    const short = { MemoryPressure: 'True', DiskPressure: 'True', PIDPressure: 'True', Ready: 'False' };
    assert.deepEqual(reasons(status(WELL), status(short)), [
      'Normal NodeHasInsufficientMemory',
      'Normal NodeHasDiskPressure',
      'Normal NodeHasInsufficientPID',
      'Normal NodeNotReady',
    ]);
    assert.equal(nodeEvents('n', status(short), status(WELL)).at(-1)?.message, 'Node n status is now: NodeReady');
  });
  test('a reboot is told by its id', () => {
    assert.deepEqual(nodeEvents('n', status(WELL), status(WELL, 'b2')), [
      { type: 'Warning', reason: 'Rebooted', message: 'Node n has been rebooted, boot id: b2' },
    ]);
  });
});
