// What was just written is a value for who follows the resource, and text from the next turn on if nobody did.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { decodeJson } from '../../src/storage/rows.ts';
import { DRIVERS, openWrapped } from './drivers.ts';
import { create, PODS, pod, podKey, textOf } from './objects.ts';

const memory = DRIVERS[0]!;

function assertFrozen(object: unknown): void {
  const { metadata, spec } = object as AnyObject;
  for (const part of [object, metadata, spec]) assert.ok(Object.isFrozen(part));
}

describe('an entry that was written', () => {
  test('is read by a watcher without parsing, and stays what it read', async (t) => {
    let parsed = 0;
    const decode = (text: string) => {
      parsed++;
      return decodeJson(text);
    };
    const storage = await openWrapped(t, { driver: memory, wrap: (driver) => driver, decode });
    const watcher = storage.watch(PODS, { after: storage.revision });
    const ready = new Promise<void>((resolve) => watcher.onReady(resolve));
    const written = create(storage, 'a', 'one');
    await ready;
    const [event] = await watcher.take(1);
    assert.equal(textOf(event?.entry), 'one');
    const entry = await written;
    await nextTurn();
    assert.equal(entry.object, event?.entry.object);
    assert.equal(parsed, 0);
    watcher.close();
  });

  test('is parsed once when it is first read later, and frozen', async (t) => {
    let parsed = 0;
    const decode = (text: string) => {
      parsed++;
      return decodeJson(text);
    };
    const storage = await openWrapped(t, { driver: memory, wrap: (driver) => driver, decode });
    const { revision } = await create(storage, 'a', 'one');
    await nextTurn();
    await nextTurn();
    assert.equal(parsed, 0);
    const { object } = storage.get(podKey('a')) ?? {};
    const { metadata, ...rest } = pod('a', 'one');
    assert.deepEqual(object, { ...rest, metadata: { ...metadata, resourceVersion: String(revision) } });
    assert.equal(storage.get(podKey('a'))?.object, object);
    assert.equal(parsed, 1);
    assertFrozen(object);
  });

  test('is frozen when it is read at once', async (t) => {
    const storage = await openWrapped(t, { driver: memory, wrap: (driver) => driver });
    const { object } = await create(storage, 'a', 'one');
    assertFrozen(object);
  });
});
