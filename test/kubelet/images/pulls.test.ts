// Pulls side by side, with a bound, over a registry that answers when the test says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPulls } from '../../../src/kubelet/images/pulls.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function bed(parallel: number) {
  const clock = fakeClock();
  const open = new Map<string, PromiseWithResolvers<void>>();
  const asked: string[] = [];
  const runtime = {
    pullImage(image: string) {
      asked.push(image);
      const answer = Promise.withResolvers<void>();
      open.set(image, answer);
      return answer.promise;
    },
  };
  const pulls = createPulls({ runtime, clock, parallel });
  return { clock, pulls, asked, answer: (image: string) => open.get(image)! };
}

test('no more than so many images are pulled at a time, the others in their order', async () => {
  const { clock, pulls, asked, answer } = bed(2);
  const all = ['a', 'b', 'c', 'd'].map((image) => pulls.pull(image, undefined));
  await clock.advance(1000);
  assert.deepEqual(asked, ['a', 'b']);
  answer('b').resolve();
  assert.equal(await all[1], 1000);
  await clock.advance(500);
  assert.deepEqual(asked, ['a', 'b', 'c']);
  answer('c').resolve();
  assert.equal(await all[2], 500, 'without the second of waiting');
  answer('a').resolve();
  await clock.advance(0);
  answer('d').resolve();
  await Promise.all(all);
  assert.deepEqual(asked, ['a', 'b', 'c', 'd']);
});

test('a pull that fails leaves its place to the next', async () => {
  const { clock, pulls, asked, answer } = bed(1);
  const [first, second] = [pulls.pull('a', undefined), pulls.pull('b', undefined)];
  await clock.advance(0);
  answer('a').reject(new Error('no such host'));
  await assert.rejects(first as Promise<number>, /no such host/);
  await clock.advance(0);
  answer('b').resolve();
  await second;
  assert.deepEqual(asked, ['a', 'b']);
});

test('one pull serves all who want the same image with the same credential, and nobody else', async () => {
  const { clock, pulls, asked, answer } = bed(5);
  const credential = { username: 'me', password: 'pw' };
  const same = [pulls.pull('a', credential), pulls.pull('a', { ...credential })];
  await clock.advance(0);
  assert.deepEqual(asked, ['a']);
  answer('a').resolve();
  await Promise.all(same);
  const others = [
    pulls.pull('a', credential),
    pulls.pull('a', undefined),
    pulls.pull('a', { ...credential, password: 'x' }),
  ];
  await clock.advance(0);
  assert.deepEqual(asked, ['a', 'a', 'a', 'a']);
  answer('a').resolve();
  await others.at(-1);
});
