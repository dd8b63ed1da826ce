import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CgroupError } from '../../../src/kubelet/cgroups/cgroups.ts';
import { createNodeAllocatable } from '../../../src/kubelet/cgroups/node-allocatable.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function bed(failures: Error[]) {
  const clock = fakeClock();
  const told: string[] = [];
  const enforce = () => {
    const error = failures.shift();
    if (error) throw error;
  };
  const events = {
    event: (_: object, type: string, reason: string, text: string) => void told.push(`${type} ${reason} ${text}`),
  };
  const allocatable = createNodeAllocatable({ groups: { enforce, root: '/kubepods' }, clock, events, nodeName: 'n' });
  return { clock, told, allocatable };
}

const REFUSED = new CgroupError('cgroup /kubepods: EBUSY', undefined);
const DONE = 'Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods';

test('a limit that pods exceed already is set once they do not, and both are told', async () => {
  const { clock, told, allocatable } = bed([REFUSED, REFUSED]);
  await allocatable.start();
  const failed =
    'Warning FailedNodeAllocatableEnforcement Failed to update Node Allocatable Limits "/kubepods": cgroup /kubepods: EBUSY';
  assert.deepEqual(told, [failed]);
  await clock.advance(120_000);
  assert.deepEqual(told, [failed, failed, DONE]);
  await clock.advance(120_000);
  assert.equal(told.length, 3);
});

test('nothing is tried after the stop, and another error is no matter of limits', async () => {
  const { clock, told, allocatable } = bed([REFUSED]);
  await allocatable.start();
  await allocatable.stop();
  await clock.advance(120_000);
  assert.equal(told.length, 1);
  await assert.rejects(bed([new Error('other')]).allocatable.start(), /other/);
});
