// How a driver stays with its runtime: the subscription begins anew, everything is listed, and what is wrong is told.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { followEvents } from '../../../src/kubelet/cri/follow-events.ts';
import { silentLogger as log } from '../../../src/log.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';

describe('following a runtime', () => {
  let clock: ReturnType<typeof fakeClock>;
  let life: AbortController;
  let following: Promise<void>;
  let subscriptions: { end(error?: Error): void }[];
  let lists: number;
  let revivals: number;
  let problems: (string | undefined)[];
  let subscribing: () => Error | undefined;
  let checking: () => Promise<string | undefined>;

  beforeEach(() => {
    clock = fakeClock();
    life = new AbortController();
    [subscriptions, lists, revivals, problems] = [[], 0, 0, []];
    subscribing = () => undefined;
    checking = async () => undefined;
    following = followEvents(
      {
        clock,
        log,
        async revive() {
          revivals += 1;
        },
        subscribe(signal, onSubscribed) {
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          const failure = subscribing();
          if (failure) reject(failure);
          else {
            subscriptions.push({ end: (error) => (error ? reject(error) : resolve()) });
            signal.addEventListener('abort', () => resolve());
            onSubscribed();
          }
          return promise;
        },
        async resync() {
          lists += 1;
        },
        check: () => checking(),
        onHealth: (problem) => void problems.push(problem),
      },
      life.signal,
    );
  });
  afterEach(async () => {
    life.abort();
    await following;
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const listed = (count: number) => eventually(`list ${count}`, () => lists === count);

  test('lists after each subscription, once more when ends have settled, and rarely from then on', async () => {
    await listed(1);
    await clock.advance(1_000);
    await listed(2);
    await clock.advance(299_000);
    assert.equal(lists, 2);
    await clock.advance(1_000);
    await listed(3);
    assert.equal(revivals, 0);
  });

  test('a subscription that ends is made again after the runtime was brought back, and nobody is alarmed', async () => {
    await listed(1);
    subscriptions[0]?.end(new Error('gone'));
    await settled();
    await clock.advance(100);
    await listed(2);
    assert.equal(revivals, 1);
    assert.ok(problems.every((problem) => problem === undefined));
  });

  test('a runtime that does not come back is told, and so is its return', async () => {
    await listed(1);
    subscribing = () => new Error('nobody answers');
    subscriptions[0]?.end(new Error('gone'));
    for (const pause of [100, 200, 400]) {
      await settled();
      await clock.advance(pause);
    }
    await eventually('the alarm', () => problems.at(-1) === 'container runtime is down: nobody answers');
    subscribing = () => undefined;
    await clock.advance(800);
    await eventually('the return', () => problems.at(-1) === undefined);
  });

  for (const [what, isStarting, pauses] of [
    ['was never there is told after a few attempts', false, [100, 200, 400, 800, 1_600]],
    ['says that it is starting is given longer', true, [100, 200, 400, 800, 1_600, 3_200, ...Array(5).fill(5_000)]],
  ] as const) {
    test(`a runtime that ${what}`, async () => {
      life.abort();
      await following;
      let attempts = 0;
      const failing = followEvents(
        {
          clock,
          log,
          revive: async () => undefined,
          subscribe() {
            attempts += 1;
            return Promise.reject(new Error('no answer'));
          },
          resync: async () => undefined,
          check: async () => undefined,
          isStarting: () => isStarting,
          onHealth: () => undefined,
        },
        new AbortController().signal,
      );
      const refused = assert.rejects(failing, { message: 'no answer' });
      for (const pause of pauses) {
        await settled();
        await clock.advance(pause);
      }
      await refused;
      assert.equal(attempts, pauses.length + 1);
    });
  }

  test('a runtime that hangs, or says itself what it lacks, is told without ending the subscription', async () => {
    await listed(1);
    await eventually('the first check', () => problems.length === 1);
    checking = async () => 'container runtime network not ready: NetworkReady=false reason:X message:Y';
    await clock.advance(15_000);
    await eventually('its word', () => problems.at(-1)?.startsWith('container runtime network not ready') ?? false);
    checking = () => Promise.reject(new Error('Status took longer than 10 s'));
    await clock.advance(15_000);
    await eventually('the hang', () => problems.at(-1) === 'container runtime is down: Status took longer than 10 s');
    assert.equal(subscriptions.length, 1);
  });
});
