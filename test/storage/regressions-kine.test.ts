// Faults that users of kine live with (shared/storage.md 2.2; the letters are its rows), kept out of this store. The
// issues named are of k3s-io/kine and k3s-io/k3s. Rows a, b and c are in conformance.test.ts, h in sqlite/space.test.ts.
import assert from 'node:assert/strict';
import { copyFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { UnreadableValue } from '../../src/storage/entry.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, giveUpHistory, open, openWrapped, temporaryDirectory } from './drivers.ts';
import { brief, create, drain, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };
const LEASE = '/coordination.k8s.io/leases/kube-node-lease/n';

for (const driver of DRIVERS) {
  describe(`faults of kine, over ${driver.name}`, () => {
    it('a list costs what it returns, however long the history is (2.2 d: k3s#8042, #1311, kine#213)', async (t) => {
      const calls: string[] = [];
      let rows = 0;
      const storage = await openWrapped(t, {
        driver,
        maxEventBytes: 0,
        wrap: (inner) => ({
          ...inner,
          async history(query) {
            calls.push('history');
            return await inner.history(query);
          },
          async past(query) {
            calls.push('past');
            const found = await inner.past(query);
            rows += found.length;
            return found;
          },
        }),
      });
      const entries = await Promise.all(Array.from({ length: 5 }, (_, i) => create(storage, `p${i}`, '0')));
      const then = storage.revision;
      for (let round = 1; round <= 40; round++) {
        for (const [i, entry] of entries.entries()) entries[i] = await update(storage, entry, String(round));
      }
      calls.length = 0;
      assert.equal(storage.list(PODS, { limit: 2 }).remaining, 3);
      assert.equal(storage.list(PODS).entries.length, 5);
      assert.deepEqual(calls, [], 'what is current is in memory');
      const first = await storage.getAt(podKey('p3'), then);
      assert.equal(textOf(first), '0');
      assert.equal(rows, 1, 'one object at an older revision is one row, not the history of it');
    });

    it('a read that fails midway fails, and is no shorter list (2.2 i)', async (t) => {
      let isDamaged = false;
      const decode = (text: string) => {
        if (isDamaged && text.includes('broken')) throw new SyntaxError('unexpected end');
        return JSON.parse(text) as KubeObject;
      };
      const storage = await openWrapped(t, { driver, wrap: (inner) => inner, decode, maxEventBytes: 0 });
      const start = storage.revision;
      const a = await create(storage, 'a', 'whole');
      const broken = await create(storage, 'b', 'broken');
      const c = await create(storage, 'c', 'whole');
      const then = storage.revision;
      await Promise.all([a, broken, c].map((entry) => update(storage, entry, 'later')));
      isDamaged = true;
      const watcher = storage.watch(PODS, { after: start });
      await assert.rejects(async () => drain(watcher), UnreadableValue);
      await assert.rejects(storage.listAt(PODS, then), UnreadableValue);
      await assert.rejects(storage.getAt(broken.key, then), UnreadableValue);
      assert.equal(storage.list(PODS).entries.length, 3);
    });

    it('what was deleted does not come back with compaction (2.2 k: kine#408)', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock, compaction: EAGER });
      const kept = await create(storage, 'kept');
      for (let i = 0; i < 3; i++) await remove(storage, await create(storage, 'a', String(i)));
      await giveUpHistory(storage, clock);
      await create(storage, 'b');
      await giveUpHistory(storage, clock);
      const names = (entries: readonly { key: string }[]) => entries.map(({ key }) => key.split('/').at(-1));
      assert.deepEqual(names(storage.list(PODS).entries), ['b', 'kept']);
      assert.deepEqual(names((await storage.listAt(PODS, storage.revision)).entries), ['b', 'kept']);
      assert.equal(storage.get(podKey('a')), undefined);
      assert.equal((await create(storage, 'a')).createRevision, storage.revision);
      assert.ok(kept.revision < storage.compactRevision);
    });

    it('progress is that of the store though nothing happens to what is watched (2.2 m: kine#568, #577)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watcher = storage.watch('/core/secrets/', { after: storage.revision });
      for (let i = 0; i < 5; i++) {
        await create(storage, `p${i}`);
        assert.equal(watcher.position, storage.revision);
      }
      assert.ok(watcher.position > 0);
    });

    if (!driver.survives) return;

    it('a time to live counts from the write, not from the restart (2.2 j: kine#289, #311)', async (t) => {
      const url = await driver.url(t);
      const start = Date.UTC(2026, 0, 1);
      const before = await open(t, url, { clock: fakeClock(start) });
      const key = '/core/events/default/e';
      await before.write({ op: 'create', key, object: pod('e'), ttlSeconds: 600 });
      await before.close();
      const clock = fakeClock(start + 300_000);
      const after = await open(t, url, { clock });
      const watcher = after.watch('/core/events/', { after: after.revision });
      const gone = new Promise<void>((resolve) => watcher.onReady(resolve));
      await clock.advance(299_000);
      assert.ok(after.get(key));
      await clock.advance(1_000);
      await gone;
      assert.equal((await drain(watcher))[0]?.type, 'DELETED');
    });
  });
}

const stateFile = async (t: TestContext): Promise<string> => path.join(await temporaryDirectory(t), 'state.db');

/** Reads or writes the files from outside, as another program would. */
function outside<T>(t: TestContext, file: string, work: (db: Database.Database) => T): T {
  const db = new Database(file, { timeout: 0 });
  t.after(() => db.close());
  return work(db);
}

const pages = (db: Database.Database) => db.pragma('page_count', { simple: true }) as number;

/** The disk as a power cut would leave it: the files of a store that is open. */
async function copyOfOpen(t: TestContext, file: string): Promise<string> {
  const copy = await stateFile(t);
  for (const name of ['state.db', 'state.db-wal', 'volatile.db', 'volatile.db-wal']) {
    await copyFile(path.join(path.dirname(file), name), path.join(path.dirname(copy), name));
  }
  return copy;
}

const churn = async (storage: Storage, writes: number, bytes: number) => {
  const texts = ['x', 'y'].map((letter) => letter.repeat(bytes));
  for (let done = 0; done < writes; done += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const held = storage.get(podKey(`p${i}`));
        const text = texts[(done / 50) % 2] as string;
        return held ? update(storage, held, text) : create(storage, `p${i}`, text);
      }),
    );
  }
};

describe('faults of kine, in the files', () => {
  it('a reader or a writer from outside holds nothing up for good (2.2 e: kine#414, k3s#11269)', async (t) => {
    const file = await stateFile(t);
    const clock = fakeClock();
    const storage = await open(t, `sqlite:${file}`, { clock, compaction: EAGER });
    const a = await create(storage, 'a');
    const db = outside(t, file, (other) => other);
    db.exec('BEGIN IMMEDIATE');
    const write = update(storage, a, '2');
    await clock.advance(0); // the writer waits for the lock by now, or will
    db.exec('COMMIT');
    assert.equal(textOf(await write), '2');
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM log').get(); // a reader that stays
    await update(storage, await write, '3');
    await giveUpHistory(storage, clock);
    assert.equal(storage.compactRevision, storage.revision);
    db.exec('COMMIT');
  });

  it('slow watchers and readers do not keep the log of writes from being moved (2.2 f: kine#582, k3s#1575)', async (t) => {
    const storage = await open(t, `sqlite:${await stateFile(t)}`, { maxEventBytes: 0 });
    const slow = storage.watch(PODS, { after: storage.revision });
    await churn(storage, 500, 20_000);
    assert.equal((await slow.take(1)).length, 1); // in the middle of a read of the disk
    const reading = storage.listAt(PODS, storage.revision - 100);
    await churn(storage, 3_000, 20_000); // 60 MB
    const { walBytes } = await storage.stats();
    assert.ok(walBytes <= 32 * 1024 * 1024, `the WAL has ${walBytes} bytes`);
    assert.equal((await reading).entries.length, 50);
    assert.ok((await drain(slow)).length > 3_000);
  });

  it('a start does not rewrite the file, however much of it is free (2.2 g: k3s#11901)', async (t) => {
    const file = await stateFile(t);
    const before = await open(t, `sqlite:${file}`);
    await churn(before, 200, 10_000);
    for (const entry of before.list(PODS).entries) await remove(before, entry);
    await before.close();
    const [size, count] = [(await stat(file)).size, outside(t, file, pages)];
    const after = await open(t, `sqlite:${file}`);
    assert.deepEqual([(await stat(file)).size, outside(t, file, pages)], [size, count]);
    assert.equal((await after.stats()).walBytes, 0, 'and writes nothing at all');
  });

  it('revisions have more than 32 bits (2.2 l: k3s#6176)', async (t) => {
    const file = await stateFile(t);
    const url = `sqlite:${file}`;
    const before = await open(t, url);
    await create(before, 'a', '1');
    await before.close();
    // As after 2^40 changes and a power cut: counting goes on after what was reserved.
    outside(t, file, (db) =>
      db.exec(`UPDATE meta SET v = ${2 ** 40} WHERE k = 'rev_ceiling';
               UPDATE meta SET v = 0 WHERE k = 'clean'; UPDATE meta SET v = 'an earlier boot' WHERE k = 'boot_id'`),
    );
    const storage = await open(t, url);
    const b = await create(storage, 'b', '1');
    assert.equal(b.revision, 2 ** 40 + 1);
    const changed = await update(storage, b, '2');
    assert.equal(textOf(await storage.getAt(b.key, b.revision)), '1');
    assert.deepEqual((await drain(storage.watch(PODS, { after: b.revision }))).map(brief), [
      `MODIFIED b=2@${changed.revision}`,
    ]);
    await storage.close();
    assert.equal((await open(t, url)).revision, 2 ** 40 + 2);
  });

  it('a power cut takes nothing that was acknowledged, and no revision is used again (2.2 n)', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    let a = await create(storage, 'a', '0');
    for (let i = 1; i < 10; i++) a = await update(storage, a, String(i));
    const copy = await copyOfOpen(t, file);
    const mark = "UPDATE meta SET v = 'an earlier boot' WHERE k = 'boot_id'";
    outside(t, copy, (db) => db.exec(mark));
    const after = await open(t, `sqlite:${copy}`);
    assert.equal(textOf(after.get(a.key)), '9');
    const next = await create(after, 'b');
    assert.ok(next.revision > a.revision + 1);
    assert.throws(() => after.watch(PODS, { after: a.revision }), /have been compacted/);
  });

  it('renewing leases writes nothing that waits for the disk (2.2 p: k3s#5042, #11313)', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    let lease = await storage.write({ op: 'create', key: LEASE, object: pod('n', '0') });
    const size = async () => (await stat(`${file}-wal`)).size;
    const before = await size();
    for (let i = 1; i <= 200; i++) lease = await update(storage, lease, String(i));
    assert.equal(await size(), before);
    assert.ok((await stat(path.join(path.dirname(file), 'volatile.db-wal'))).size > 0);
  });

  it('a file put in place of another is not read together with the log of that (2.2 o: k0s#7941)', async (t) => {
    const one = await stateFile(t);
    const two = await stateFile(t);
    const first = await open(t, `sqlite:${one}`);
    await create(first, 'a', 'first');
    const wal = await copyOfOpen(t, one);
    const second = await open(t, `sqlite:${two}`);
    await create(second, 'b', 'second');
    await second.close();
    await copyFile(`${wal}-wal`, `${two}-wal`); // what a restore by hand leaves
    await assert.rejects(open(t, `sqlite:${two}`), /state\.db-wal belongs to another database than/);
  });
});
