// The index of versions, filled in batches behind the writer: what is found by it, by the log beyond it, and by both is
// what was there, also while history is given up and after restarts.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { DEFAULT_COMPACTION } from '../../../src/storage/compaction.ts';
import { INDEX_BEHIND } from '../../../src/storage/sqlite/versions.ts';
import { Compacted, type Storage } from '../../../src/storage/storage.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open, temporaryDirectory } from '../drivers.ts';
import { PODS, pod, podKey, textOf } from '../objects.ts';
import { randomNumbers } from './disk.ts';

const KEYS = 30;
const MINUTE = 60_000;
/** One resource is kept for longer than the others, one for less. */
const RESOURCES = [PODS, '/core/secrets/', '/apps/deployments/'];
const OWN = new Map([
  [PODS, 20 * MINUTE],
  ['/apps/deployments/', 60 * MINUTE],
]);

interface Past {
  revision: number;
  key: string;
  /** undefined: deleted. */
  text: string | undefined;
  user: string;
}

const stateAt = (changes: readonly Past[], revision: number, prefix: string): [string, string][] => {
  const state = new Map<string, string | undefined>();
  for (const change of changes) if (change.revision <= revision) state.set(change.key, change.text);
  return [...state]
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[0].startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1));
};

describe('the index of versions', () => {
  const seed = Number(process.env.STORAGE_SEED ?? Math.floor(Math.random() * 1e9));

  it(`and the log beyond it say what was there (STORAGE_SEED=${seed})`, { timeout: 60_000 }, async (t) => {
    const random = randomNumbers(seed);
    const pick = (n: number) => Math.floor(random() * n);
    const file = path.join(await temporaryDirectory(t), 'state.db');
    const clock = fakeClock();
    const compaction = { ...DEFAULT_COMPACTION, keepMs: 0, keepRevisions: 10, historyMs: 40 * MINUTE, historyOf: OWN };
    const reopen = () => open(t, `sqlite:${file}`, { clock, compaction, maxEventBytes: 0 });
    let storage = await reopen();
    const changes: Past[] = [];

    const write = async () => {
      const key = `${RESOURCES[pick(3)]}${pick(3) === 0 ? 'a' : 'a-b'}/p${pick(KEYS)}`;
      const held = storage.get(key);
      const text = String(random());
      const user = `user-${pick(3)}`;
      const origin = { user, verb: 'update' };
      const gone = held !== undefined && pick(4) === 0;
      const { revision } = gone
        ? await storage.write({ op: 'delete', key, expected: held.revision, origin })
        : await storage.write(
            held
              ? { op: 'update', key, expected: held.revision, object: pod('x', text), origin }
              : { op: 'create', key, object: pod('x', text), origin },
          );
      changes.push({ revision, key, text: gone ? undefined : text, user });
    };

    /** What is given up while it is looked at tells less than it was asked for: then it is looked at again. */
    const check = async (current: Storage) => {
      const resource = RESOURCES[pick(3)] as string;
      for (;;) {
        const { revision: floor } = await current.oldest(resource);
        try {
          return await checkFrom(current, { resource, floor });
        } catch (error) {
          if ((await current.oldest(resource)).revision === floor) throw error;
        }
      }
    };
    const checkFrom = async (current: Storage, { resource, floor }: { resource: string; floor: number }) => {
      const at = floor + pick(current.revision - floor + 1);
      const prefix = [resource, `${resource}a/`, `${resource}a-b/`][pick(3)] as string;
      const expected = stateAt(changes, at, prefix);
      const page = await current.listAt(prefix, at, { limit: 1 + pick(KEYS) });
      const found = page.entries.map((entry) => [entry.key, textOf(entry)]);
      assert.deepEqual(found, expected.slice(0, found.length));
      assert.equal(page.remaining, expected.length - found.length);
      const key = `${resource}a/p${pick(KEYS)}`;
      const content = new Map(stateAt(changes, at, `${resource}a/`)).get(key);
      assert.equal(textOf(await current.getAt(key, at)), content);
      const user = pick(2) === 0 ? `user-${pick(3)}` : undefined;
      const place = pick(2) === 0 ? { prefix: key, exact: true } : { prefix };
      const told = await current.changes({ ...place, upTo: at, limit: 20, ...(user !== undefined && { user }) });
      const wanted = changes
        .filter((c) => c.revision > floor && c.revision <= at && (user === undefined || c.user === user))
        .filter((c) => (place.exact ? c.key === key : c.key.startsWith(prefix)));
      assert.deepEqual(
        told.map(({ revision }) => revision),
        wanted
          .reverse()
          .slice(0, 20)
          .map(({ revision }) => revision),
      );
    };

    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < INDEX_BEHIND * 1.3; i++) await write();
      for (let i = 0; i < 25; i++) await check(storage);
      for (let minute = 0; minute < 20; minute++) await clock.advance(MINUTE); // from the third round on history is given up
      if (round % 2 === 1) {
        await storage.close();
        storage = await reopen();
      }
    }
    const floor = await eventually('history is given up, of each resource in its time', async () => {
      await clock.advance(MINUTE);
      const floors = await Promise.all(RESOURCES.map(async (prefix) => (await storage.oldest(prefix)).revision));
      const [pods = 0, secrets = 0, deployments = 0] = floors;
      return pods > INDEX_BEHIND && pods > deployments && pods >= secrets && secrets >= deployments && pods;
    });
    await assert.rejects(storage.getAt(podKey('p0'), floor - 1), Compacted);
    for (let i = 0; i < 25; i++) await check(storage);
    await storage.close();

    const db = new Database(file, { readonly: true });
    const count = (sql: string) => db.prepare(sql).pluck().get() as number;
    assert.ok(count('SELECT count(*) FROM versions') > INDEX_BEHIND / 2);
    assert.equal(count('SELECT count(*) FROM versions WHERE rev NOT IN (SELECT rev FROM log)'), 0);
    const indexed = count("SELECT v FROM meta WHERE k = 'indexed_rev'");
    assert.ok(indexed > INDEX_BEHIND * 3);
    assert.equal(
      count(`SELECT count(*) FROM log WHERE rev <= ${indexed} AND rev NOT IN (SELECT rev FROM versions)`),
      0,
    );
    db.close();
  });
});
