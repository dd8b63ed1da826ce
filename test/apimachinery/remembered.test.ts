import assert from 'node:assert/strict';
import test from 'node:test';
import { remembered } from '../../src/apimachinery/remembered.ts';

/** Counts how often it is asked. */
function counted<T>(find: (text: string) => T) {
  const asked: string[] = [];
  const of = remembered((text) => {
    asked.push(text);
    return find(text);
  });
  return { of, asked };
}

test('what was found out about a text is kept, also that it is nothing', () => {
  const { of, asked } = counted((text) => (text === 'none' ? undefined : { text }));
  const first = of('one');
  assert.equal(of('one'), first);
  assert.deepEqual([of('none'), of('none')], [undefined, undefined]);
  assert.deepEqual(asked, ['one', 'none']);
});

test('what is refused is refused each time', () => {
  const { of, asked } = counted((text): string => {
    throw new RangeError(text);
  });
  for (let i = 0; i < 2; i++) assert.throws(() => of('bad'), RangeError);
  assert.equal(asked.length, 2);
});

test('so much is kept and no more, and nothing of long texts', () => {
  const { of, asked } = counted((text) => text.length);
  const long = 'x'.repeat(257);
  assert.deepEqual([of(long), of(long)], [257, 257]);
  assert.equal(asked.length, 2);
  for (let i = 0; i <= 512; i++) of(`text ${i}`);
  of('text 512');
  assert.equal(asked.length, 2 + 513, 'the newest is kept');
  of('text 0');
  assert.equal(asked.length, 2 + 514, 'those before it had to go');
});

test('texts that differ only in halves of surrogate pairs are told apart', () => {
  const { of } = counted((text) => text.charCodeAt(0));
  assert.deepEqual([of('\ud800'), of('\ud801'), of('\ud800')], [0xd800, 0xd801, 0xd800]);
});
