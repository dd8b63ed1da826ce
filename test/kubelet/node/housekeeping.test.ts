import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHousekeeping } from '../../../src/kubelet/node/housekeeping.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function bed(run: () => Promise<void> = async () => undefined) {
  const clock = fakeClock();
  const state = { needed: true, runs: 0 };
  const chore = {
    name: 'chore',
    everyMs: 1000,
    run: () => {
      state.runs++;
      return run();
    },
  };
  const chores = [chore];
  const housekeeping = createHousekeeping({ clock, log: silentLogger, chores, isNeeded: () => state.needed });
  return { clock, state, housekeeping };
}

describe('housekeeping', () => {
  test('a chore is done again and again while it is needed, and then rests until it is woken', async () => {
    const { clock, state, housekeeping } = bed();
    await housekeeping.start();
    await clock.advance(3000);
    assert.equal(state.runs, 3);
    state.needed = false;
    await clock.advance(10_000);
    assert.equal(state.runs, 4, 'the one that was due finds that nobody needs it');
    housekeeping.wake();
    housekeeping.wake();
    state.needed = true; // what it was woken for is there a moment later
    await clock.advance(1000);
    assert.equal(state.runs, 5);
    await housekeeping.stop();
    await clock.advance(5000);
    assert.equal(state.runs, 5);
  });

  test('one that fails is tried again in its time', async () => {
    const { clock, state, housekeeping } = bed(async () => {
      throw new Error('no');
    });
    await housekeeping.start();
    await clock.advance(2000);
    assert.equal(state.runs, 2);
    await housekeeping.stop();
  });

  test('one that is wanted at once runs at once, and once more when it was running', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, state, housekeeping } = bed(() => gate.promise);
    await housekeeping.start();
    housekeeping.now('chore');
    housekeeping.now('chore');
    housekeeping.now('chore');
    assert.equal(state.runs, 1);
    gate.resolve();
    await clock.advance(0);
    assert.equal(state.runs, 2);
    await housekeeping.stop();
    housekeeping.now('chore');
    assert.equal(state.runs, 2);
  });
});
