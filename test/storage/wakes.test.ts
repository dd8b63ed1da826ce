import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { silentLogger } from '../../src/log.ts';
import { createWakes } from '../../src/storage/wakes.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('watchers are woken in order, a slice of them in a turn, the first in the turn that published', async () => {
  const defer = createWakes(silentLogger);
  const woken: number[] = [];
  for (let i = 0; i < 80; i++) defer(() => woken.push(i));
  assert.deepEqual(woken, [], 'not before what is being published is there');
  const after: number[] = [];
  await Promise.resolve();
  after.push(woken.length);
  for (let i = 0; i < 2; i++) {
    await turn();
    after.push(woken.length);
  }
  assert.deepEqual(after, [32, 64, 80]);
  assert.deepEqual(woken, [...Array(80).keys()]);
});

test('who is deferred while others wait comes behind them', async () => {
  const defer = createWakes(silentLogger);
  const woken: string[] = [];
  for (let i = 0; i < 40; i++) {
    defer(() => {
      woken.push('first');
      if (i === 0) defer(() => woken.push('later'));
    });
  }
  await turn();
  await turn();
  assert.equal(woken.length, 41);
  assert.equal(woken.at(-1), 'later');
});

test('a watcher that fails is told of, and keeps nobody asleep', async () => {
  const told: unknown[] = [];
  const log = pino({ level: 'error' }, { write: (line) => told.push(JSON.parse(line).msg) });
  const defer = createWakes(log);
  let isWoken = false;
  defer(() => {
    throw new Error('broken');
  });
  defer(() => {
    isWoken = true;
  });
  await Promise.resolve();
  assert.equal(isWoken, true);
  assert.deepEqual(told, ['a watcher failed when it was woken']);
});
