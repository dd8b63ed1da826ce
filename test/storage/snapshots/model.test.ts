// P13 of the store's properties: a snapshot made while everything is being written, restored elsewhere, is the state
// at the revision it names, and every revision from before is gone.
import assert from 'node:assert/strict';
import path from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { verifySnapshot } from '../../../src/storage/snapshots/verify.ts';
import { Compacted, type Storage } from '../../../src/storage/storage.ts';
import { holds } from '../../support/property.ts';
import { pod, podKey, textOf } from '../objects.ts';
import { openAt, place, restore, save } from './snapshot.ts';

const KEYS = 40;

type State = Map<string, string>;

/** What each key held after each revision, as those who wrote were told. */
class Model {
  #changes: { revision: number; key: string; value: string | undefined }[] = [];

  changed(revision: number, key: string, value: string | undefined): void {
    this.#changes.push({ revision, key, value });
  }

  at(revision: number): State {
    const state: State = new Map();
    for (const change of this.#changes.toSorted((a, b) => a.revision - b.revision)) {
      if (change.revision > revision) break;
      if (change.value === undefined) state.delete(change.key);
      else state.set(change.key, change.value);
    }
    return state;
  }

  revisions(): number[] {
    return this.#changes.map(({ revision }) => revision);
  }
}

async function churn(storage: Storage, model: Model, writer: { keys: readonly number[]; going: () => boolean }) {
  for (let i = 0; writer.going(); i++) {
    const key = podKey(`p${writer.keys[i % writer.keys.length]}`);
    const held = storage.get(key);
    if (held && i % 5 === 0) {
      const { revision } = await storage.write({ op: 'delete', key, expected: held.revision });
      model.changed(revision, key, undefined);
    } else {
      const value = `${i}.${'x'.repeat((i * 37) % 3_000)}`;
      const object = pod('x', value);
      const entry = await storage.write(
        held ? { op: 'update', key, expected: held.revision, object } : { op: 'create', key, object },
      );
      model.changed(entry.revision, key, value);
    }
  }
}

const stateOf = (storage: Storage): State =>
  new Map(storage.list('/core/pods/').entries.map((entry) => [entry.key, textOf(entry) as string]));

const cases = fc.record({
  keys: fc.uniqueArray(fc.nat(KEYS - 1), { minLength: 4, maxLength: KEYS }),
  writers: fc.integer({ min: 1, max: 6 }),
  /** Writes before the snapshot is begun. */
  before: fc.nat(40),
});

it('a snapshot made under load is the state at its revision, wherever it is restored', (t) =>
  holds(t, { runs: 4, arbitrary: cases }, async ({ keys, writers, before }) => {
    const from = await place(t);
    const storage = await openAt(t, from);
    const model = new Model();
    let going = true;
    let left = before;
    const shares = Array.from({ length: Math.min(writers, keys.length) }, (_, w) =>
      keys.filter((_key, i) => i % writers === w),
    );
    const writing = shares.map((share) => churn(storage, model, { keys: share, going: () => going || left-- > 0 }));
    for (let i = 0; i < before; i++) await storage.waitFor(storage.revision + 1, 1_000);
    const { folder, manifest } = await save(storage, from);
    going = false;
    await Promise.all(writing);

    assert.deepEqual(await verifySnapshot(folder, { scratch: from.dataDir }), manifest);
    const expected = model.at(manifest.revision);
    assert.ok(
      model.revisions().some((revision) => revision > manifest.revision),
      'writes went on',
    );
    assert.equal(manifest.keys, expected.size);
    const past = await storage.listAt('/core/pods/', manifest.revision);
    assert.deepEqual(new Map(past.entries.map((entry) => [entry.key, textOf(entry) as string])), expected);
    await storage.close();

    const to = await place(t);
    const { revision } = await restore({ ...to, into: from.into }, { folder: path.join(from.into, 'a') });
    const restored = await openAt(t, to);
    assert.deepEqual(stateOf(restored), expected);
    for (const old of model.revisions()) {
      assert.ok(old < revision);
      assert.throws(() => restored.watch('/core/pods/', { after: old }), Compacted);
    }
    await restored.close();
  }));
