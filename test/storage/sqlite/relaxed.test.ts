// --durability=relaxed: the disk gets what was written once a second, and a power cut is told of instead of hidden.
import assert from 'node:assert/strict';
import { copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { type Logger, silentLogger } from '../../../src/log.ts';
import { createFlush, syncWal } from '../../../src/storage/sqlite/flush.ts';
import { Compacted } from '../../../src/storage/storage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open, temporaryDirectory } from '../drivers.ts';
import { create, drain, PODS, podKey, textOf, update } from '../objects.ts';

const relaxed = { durability: 'relaxed' } as const;
const stateFile = async (t: TestContext): Promise<string> => path.join(await temporaryDirectory(t), 'state.db');

/** The files as a power cut now would leave them, if the disk had all that was written; of an earlier boot. */
async function cutOff(t: TestContext, file: string): Promise<string> {
  const copy = await stateFile(t);
  for (const name of ['state.db', 'state.db-wal', 'volatile.db', 'volatile.db-wal']) {
    await copyFile(path.join(path.dirname(file), name), path.join(path.dirname(copy), name));
  }
  const db = new Database(copy);
  db.exec("UPDATE meta SET v = 'an earlier boot' WHERE k = 'boot_id'");
  db.close();
  return copy;
}

describe('the flush of relaxed durability', () => {
  function flush(sync: () => Promise<void> = async () => undefined) {
    const clock = fakeClock();
    const told = { syncs: 0, errors: [] as unknown[] };
    const made = createFlush({
      clock,
      sync() {
        told.syncs += 1;
        return sync();
      },
      onError: (error) => told.errors.push(error),
    });
    return { clock, told, ...made };
  }

  it('syncs once within a second, however much is written, and not at all when nothing is', async () => {
    const { clock, told, wrote } = flush();
    await clock.advance(10_000);
    assert.equal(told.syncs, 0);
    for (let i = 0; i < 100; i++) wrote();
    await clock.advance(999);
    assert.equal(told.syncs, 0);
    await clock.advance(1);
    assert.equal(told.syncs, 1);
    await clock.advance(10_000);
    assert.equal(told.syncs, 1);
  });

  it('syncs again for what was written while it did, and never twice at a time', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, told, wrote } = flush(() => gate.promise);
    wrote();
    await clock.advance(1_000);
    wrote();
    await clock.advance(5_000);
    assert.equal(told.syncs, 1);
    gate.resolve();
    await clock.advance(1_000);
    assert.equal(told.syncs, 2);
  });

  it('tells a sync that failed, and begins none once it was stopped', async () => {
    const broken = new Error('EIO');
    const { clock, told, wrote, stop } = flush(() => Promise.reject(broken));
    wrote();
    await clock.advance(1_000);
    assert.deepEqual(told.errors, [broken]);
    wrote();
    stop();
    await clock.advance(5_000);
    assert.equal(told.syncs, 1);
  });

  it('reaches the WAL, or says that it is not there', async (t) => {
    const file = await stateFile(t);
    await assert.rejects(syncWal(file), /ENOENT/);
    const storage = await open(t, `sqlite:${file}`, relaxed);
    await create(storage, 'a');
    await syncWal(file);
    assert.ok((await stat(`${file}-wal`)).size > 0);
    // The locks survived our descriptor: another store is still refused, and writes go on.
    await assert.rejects(open(t, `sqlite:${file}`, relaxed), /is in use by process/);
    await create(storage, 'b');
  });
});

describe('a store of relaxed durability', () => {
  it('keeps everything over a restart, and over a kill of the process', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`, relaxed);
    const a = await update(storage, await create(storage, 'a', '1'), '2');
    const killed = await stateFile(t);
    for (const name of ['state.db', 'state.db-wal', 'volatile.db', 'volatile.db-wal']) {
      await copyFile(path.join(path.dirname(file), name), path.join(path.dirname(killed), name));
    }
    await storage.close();
    for (const found of [file, killed]) {
      const again = await open(t, `sqlite:${found}`, relaxed);
      assert.equal(textOf(again.get(a.key)), '2');
      assert.equal(again.revision, a.revision);
      assert.equal((await drain(again.watch(PODS, { after: a.revision - 1 }))).length, 1);
    }
  });

  it('tells of what a power cut took, and hands no revision out again that anyone has seen', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`, relaxed);
    let entry = await create(storage, 'a', '0');
    for (let i = 1; i < 10; i++) entry = await update(storage, entry, String(i));
    const synced = await cutOff(t, file); // the disk has this ...
    for (let i = 10; i < 30; i++) entry = await update(storage, entry, String(i)); // ... and not this
    const told: string[] = [];
    const log = { ...silentLogger, warn: (text: string) => told.push(text) } as unknown as Logger;
    const after = await open(t, `sqlite:${synced}`, { ...relaxed, log });
    assert.equal(textOf(after.get(podKey('a'))), '9');
    assert.match(told.join('\n'), /the machine went down while the store was open with --durability=relaxed/);
    assert.ok(after.revision >= entry.revision, 'revisions that were lost are not used again');
    assert.throws(() => after.watch(PODS, { after: entry.revision }), Compacted);
    assert.ok((await create(after, 'b')).revision > entry.revision);
  });

  it('has the reservation of revisions on disk before the first of them is used, block after block', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`, relaxed);
    const first = (await create(storage, 'a')).revision;
    let newest = first;
    for (let batch = 0; newest < first + 10_100; batch++) {
      const made = await Promise.all(Array.from({ length: 250 }, (_, i) => create(storage, `p${batch}-${i}`)));
      newest = made.at(-1)?.revision ?? 0;
    }
    const after = await open(t, `sqlite:${await cutOff(t, file)}`, relaxed);
    assert.ok(after.revision >= newest);
    assert.equal((after.revision - 1) % 10_000, 0, 'the end of a block');
  });

  it('stops when the disk cannot be synced, as nothing later could be trusted', async (t) => {
    const file = await stateFile(t);
    const failures: string[] = [];
    const failed = Promise.withResolvers<void>();
    const onFailure = ({ message }: Error) => {
      failures.push(message);
      failed.resolve();
    };
    const storage = await open(t, `sqlite:${file}`, { ...relaxed, onFailure });
    await create(storage, 'a');
    await rm(`${file}-wal`); // a sync of it fails then
    await failed.promise;
    assert.match(failures[0] ?? '', /state\.db cannot be trusted any more \(ENOENT.*\): check the disk, then restart/);
    await assert.rejects(create(storage, 'b'));
  });
});
