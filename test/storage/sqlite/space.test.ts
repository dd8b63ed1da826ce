// A full disk and a full quota: what is still written, what is said, and that both end without a restart.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { type Storage, StorageFull } from '../../../src/storage/storage.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open } from '../drivers.ts';
import { create, PODS, pod, podKey, remove, textOf, update } from '../objects.ts';
import { isRoot, smallDisk, stateFile } from './disk.ts';

const names = (storage: Storage) => storage.problems().map(({ name }) => name);

/** Creates until that is refused; the error, and how many were stored. */
async function fill(storage: Storage, prefix = 'p'): Promise<{ error: unknown; stored: number }> {
  for (let stored = 0; ; stored++) {
    try {
      await create(storage, `${prefix}${stored}`, 'x'.repeat(10_000));
    } catch (error) {
      return { error, stored };
    }
  }
}

describe('a full disk', { skip: !isRoot && 'mounting a small tmpfs needs root' }, () => {
  it('refuses what grows, takes deletes, and heals by itself (2.2 h)', async (t) => {
    const directory = await smallDisk(t, '16m');
    const clock = fakeClock();
    const file = path.join(directory, 'state.db');
    const storage = await open(t, `sqlite:${file}`, { clock });
    const victim = await create(storage, 'victim', 'v');
    const waiting = await create(storage, 'waiting', 'w');
    await clock.advance(10_000);
    await eventually('the reserve is made', () => existsSync(`${file}.ballast`));

    const { bavail, bsize } = await statfs(directory);
    const other = path.join(directory, 'other');
    await writeFile(other, Buffer.alloc(bavail * bsize - 300_000));
    const { error, stored } = await fill(storage);
    assert.ok(error instanceof StorageFull && error.outcome === 'no', String(error));
    assert.match(error.message, /the disk that holds .*state\.db is full: only deletes .* until there is room again/);
    assert.deepEqual(names(storage), ['full']);
    assert.ok(!existsSync(`${file}.ballast`), 'the reserve is given up');
    assert.equal(storage.list(PODS).entries.length, stored + 2);

    await remove(storage, victim);
    const same = await update(storage, waiting, 'W');
    await assert.rejects(update(storage, same, 'longer than before'), StorageFull);
    const leaving = {
      ...same.object,
      metadata: { ...same.object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    const left = await storage.write({ op: 'update', key: same.key, expected: same.revision, object: leaving });
    await remove(storage, left);
    for (const entry of storage.list(PODS).entries.slice(0, 20)) await remove(storage, entry);

    await clock.advance(5_000);
    assert.deepEqual(names(storage), ['full'], 'there still is no room');
    await rm(other);
    await clock.advance(5_000);
    await eventually('all is well', () => names(storage).length === 0);
    assert.ok(existsSync(`${file}.ballast`), 'the reserve is made anew');
    await create(storage, 'after', 'x');
    await storage.close();

    const again = await open(t, `sqlite:${file}`);
    assert.equal(textOf(again.get(podKey('after'))), 'x');
    assert.equal(again.get(podKey('victim')), undefined);
    assert.deepEqual(await again.compare(), []);
  });

  it('can be read and emptied when it was full before the start', async (t) => {
    const directory = await smallDisk(t, '16m');
    const clock = fakeClock();
    const file = path.join(directory, 'state.db');
    const first = await open(t, `sqlite:${file}`, { clock });
    const entry = await create(first, 'a', 'x'.repeat(1_000));
    await clock.advance(10_000);
    await eventually('the reserve is made', () => existsSync(`${file}.ballast`));
    await first.close();
    const { bavail, bsize } = await statfs(directory);
    await writeFile(path.join(directory, 'other'), Buffer.alloc(bavail * bsize));
    const storage = await open(t, `sqlite:${file}`);
    assert.equal(textOf(storage.get(entry.key))?.length, 1_000);
    await remove(storage, storage.get(entry.key) ?? entry);
  });
});

describe('the quota', () => {
  const object = (value: string): AnyObject => pod('x', value);

  it('refuses what grows, and ends when enough is gone', async (t) => {
    const clock = fakeClock();
    // History would be kept for two days: it gives way.
    const compaction = { keepMs: 1_000, keepRevisions: 0, everyMs: 1_000, historyMs: 48 * 3_600_000 };
    const quotaBytes = 640_000;
    const storage = await open(t, `sqlite:${await stateFile(t)}`, { clock, compaction, quotaBytes });
    let refused: unknown;
    for (let i = 0; i < 200 && !refused; i++) {
      refused = await create(storage, `p${i}`, 'x'.repeat(10_000)).then(
        () => undefined,
        (error: unknown) => error,
      );
      await storage.stats();
    }
    assert.ok(refused instanceof StorageFull, String(refused));
    assert.match(
      refused.message,
      /the store holds 1 MiB and may hold 1 MiB: delete what is not needed, or .*--storage-quota/,
    );
    assert.deepEqual(names(storage), ['quota']);
    const [first, ...others] = storage.list(PODS).entries;
    await update(storage, first!, 'short');
    for (const entry of others) await remove(storage, entry);
    await eventually('all is well', async () => {
      await clock.advance(5_000);
      return names(storage).length === 0;
    });
    await storage.write({ op: 'create', key: podKey('after'), object: object('y'.repeat(10_000)) });
  });
});
