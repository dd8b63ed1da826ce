// What is got out of a damaged file: all that is whole, nothing else, and the damaged file stays as it was.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { salvage } from '../../../src/storage/sqlite/salvage.ts';
import { Compacted } from '../../../src/storage/storage.ts';
import { open } from '../drivers.ts';
import { create, PODS, podKey, remove, textOf, update } from '../objects.ts';
import { change, contentsBeside, copyOfOpen, filled, openFile, randomNumbers, stateFile } from './disk.ts';

const seed = Number(process.env.STORAGE_DAMAGE_SEED ?? Math.floor(Math.random() * 1e9));
const rounds = Number(process.env.STORAGE_DAMAGE_ROUNDS ?? 5);

const target = async (t: TestContext): Promise<string> => path.join(path.dirname(await stateFile(t)), 'new/state.db');

/** An open store with values of many sizes, updates and deletes. */
async function lively(t: TestContext) {
  const file = await stateFile(t);
  const storage = await open(t, `sqlite:${file}`);
  for (let i = 0; i < 60; i++) {
    const entry = await create(storage, `p${i}`, 'x'.repeat(i * 300));
    if (i % 3 === 0) await update(storage, entry, `ü${'y'.repeat(i * 200)}`);
    if (i % 7 === 0) await remove(storage, storage.get(entry.key) ?? entry);
  }
  return { file, storage };
}

describe('salvage', () => {
  it('takes everything over from a whole file and its WAL, under revisions beyond all that were', async (t) => {
    const { file, storage } = await lively(t);
    const copy = await copyOfOpen(t, file);
    const before = await contentsBeside(copy);
    const to = await target(t);
    const result = await salvage(copy, to);
    assert.deepEqual({ ...result, to: '' }, { to: '', objects: 51, older: [], lost: [], unlisted: [], unreadable: 0 });
    assert.deepEqual(await contentsBeside(copy), before);
    const after = await open(t, `sqlite:${to}`);
    const shown = (from: typeof storage) => from.list(PODS).entries.map((e) => e.object);
    assert.deepEqual(shown(after), shown(storage));
    assert.ok(after.revision > storage.revision + 1_000_000 - 1);
    assert.throws(() => after.watch(PODS, { after: storage.revision }), Compacted);
    await create(after, 'goes-on');
  });

  it('does without the first page, and says what is gone', async (t) => {
    const file = await filled(t, 200);
    const bytes = await readFile(file);
    bytes.fill(0, 0, 4096);
    await writeFile(file, bytes);
    const result = await salvage(file, await target(t));
    // Some entries stand in inner pages of their tree: what they list is not taken for deleted.
    assert.deepEqual([result.objects, result.lost, result.unlisted], [200, [], []]);
  });

  it('falls back on an older revision, tells what is lost, and what may have been deleted', async (t) => {
    const { file, storage } = await lively(t);
    await storage.close();
    change(file, `UPDATE log SET value = x'00' WHERE key = '${podKey('p3')}' AND op = 1`);
    change(file, `DELETE FROM log WHERE key = '${podKey('p4')}'`);
    change(file, `DELETE FROM head WHERE key = '${podKey('p5')}'`);
    const to = await target(t);
    const { older, lost, unlisted } = await salvage(file, to);
    assert.deepEqual(
      older.map(({ key }) => key),
      [podKey('p3')],
    );
    assert.deepEqual([lost, unlisted], [[podKey('p4')], [podKey('p5')]]);
    const after = await open(t, `sqlite:${to}`);
    assert.equal(textOf(after.get(podKey('p3'))), 'x'.repeat(900));
    assert.equal(textOf(after.get(podKey('p5'))), 'x'.repeat(1_500));
    assert.equal(after.get(podKey('p7')), undefined, 'what was deleted stays deleted');
  });

  it(`gives out of ${rounds} scribbled files nothing that was not written (seed ${seed})`, async (t) => {
    const random = randomNumbers(seed);
    const { file, storage } = await lively(t);
    const written = new Set<string>();
    for (const event of await storage.changes({ prefix: PODS, limit: 1_000 }))
      written.add(JSON.stringify(event.entry.object));
    await storage.close();
    const original = await readFile(file);
    for (let round = 0; round < rounds; round++) {
      const copy = await stateFile(t);
      const bytes = Buffer.from(original);
      for (let hit = 0; hit < 3; hit++) {
        const at = Math.floor(random() * bytes.length);
        const length = 1 + Math.floor(random() * 6_000);
        for (let i = at; i < Math.min(at + length, bytes.length); i++) bytes[i] = Math.floor(random() * 256);
      }
      await writeFile(copy, bytes);
      const to = await target(t);
      const result = await salvage(copy, to).catch((error: Error) => error);
      if (result instanceof Error) {
        assert.match(result.message, /nothing of a store can be read/, `round ${round}`);
        continue;
      }
      const after = await openFile(to);
      const found = after.list(PODS).entries.map((e) => JSON.stringify(e.object));
      await after.close();
      assert.equal(found.length, result.objects, `round ${round}`);
      for (const object of found) assert.ok(written.has(object), `round ${round}: ${object.slice(0, 200)}`);
    }
  });

  it('refuses what is taken, what is not there, what is none of ours, and to write over a file', async (t) => {
    const { file, storage } = await lively(t);
    const to = await target(t);
    await assert.rejects(salvage(file, to), /in use by process/);
    await storage.close();
    await assert.rejects(salvage(`${file}.not`, to), /there is no database at/);
    await assert.rejects(salvage(file, file), /exists already: name another file with --to/);
    const letter = await stateFile(t);
    await writeFile(letter, 'Dear friend, '.repeat(2_000));
    await assert.rejects(salvage(letter, to), /nothing of a store can be read from/);
  });
});
