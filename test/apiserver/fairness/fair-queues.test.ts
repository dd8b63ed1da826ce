import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dealHand, FairQueues } from '../../../src/apiserver/fairness/fair-queues.ts';

interface Job {
  width: number;
  of: string;
}

const config = { queues: 64, handSize: 6, queueLengthLimit: 50 };

test('a hand is so many different queues, the same ones for the same flow', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 10 }),
      (flow, queues, hand) => {
        const dealt = dealHand(flow, { queues, handSize: hand, queueLengthLimit: 1 });
        assert.equal(dealt.length, Math.min(queues, hand));
        assert.equal(new Set(dealt).size, dealt.length);
        assert.ok(dealt.every((queue) => queue >= 0 && queue < queues));
        assert.deepEqual(dealHand(flow, { queues, handSize: hand, queueLengthLimit: 1 }), dealt);
      },
    ),
  );
});

test('who waits for little is served among the first, however long another flow has made its queues', () => {
  const queues = new FairQueues<Job>(config);
  for (let i = 0; i < 300; i++) queues.push({ width: 1, of: 'noisy' }, 'noisy');
  queues.push({ width: 1, of: 'quiet' }, 'quiet');
  const firstTen = Array.from({ length: 10 }, () => queues.shift()?.of);
  assert.ok(firstTen.includes('quiet'), firstTen.join(' '));
});

test('a flow fills the queues of its hand and no others', () => {
  const queues = new FairQueues<Job>(config);
  let taken = 0;
  while (queues.push({ width: 1, of: 'noisy' }, 'noisy')) taken++;
  assert.equal(taken, config.handSize * config.queueLengthLimit);
  assert.equal(queues.push({ width: 1, of: 'quiet' }, 'quiet'), true);
});

test('seats, not requests, are shared: wide requests come less often', () => {
  const queues = new FairQueues<Job>({ queues: 2, handSize: 1, queueLengthLimit: 100 });
  const [wide, narrow] = flowsOfDifferentQueues();
  for (let i = 0; i < 50; i++) {
    queues.push({ width: 10, of: 'wide' }, wide);
    queues.push({ width: 1, of: 'narrow' }, narrow);
  }
  const served = Array.from({ length: 22 }, () => queues.shift()?.of);
  assert.equal(served.filter((of) => of === 'wide').length, 2);
});

function flowsOfDifferentQueues(): [string, string] {
  const queueOf = (flow: string) => dealHand(flow, { queues: 2, handSize: 1, queueLengthLimit: 1 })[0];
  const names = Array.from({ length: 20 }, (_, i) => `flow-${i}`);
  return [names.find((n) => queueOf(n) === 0) as string, names.find((n) => queueOf(n) === 1) as string];
}

test('all that was pushed and not removed comes out once', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ flow: fc.string({ maxLength: 2 }), remove: fc.boolean() })), (steps) => {
      const queues = new FairQueues<Job>(config);
      const jobs = steps.map(({ flow, remove }) => ({ job: { width: 1, of: flow }, flow, remove }));
      for (const { job, flow } of jobs) queues.push(job, flow);
      for (const { job, remove } of jobs) if (remove) assert.equal(queues.remove(job), true);
      const left = jobs.filter(({ remove }) => !remove);
      assert.equal(queues.size, left.length);
      const out = new Set(Array.from({ length: left.length }, () => queues.shift()));
      assert.deepEqual(out, new Set(left.map(({ job }) => job)));
      assert.equal(queues.shift(), undefined);
    }),
  );
});
