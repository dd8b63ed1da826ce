// Random histories against a model that shares no code with the store: what it lists at any revision, what a watch
// from any revision delivers, what it tells of the past, and that failed and empty writes leave no trace, while history
// is being given up. At the end the files, where there are some, say the same as memory.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { silentLogger } from '../../src/log.ts';
import { FIRST_REVISION } from '../../src/storage/driver.ts';
import { openStorage } from '../../src/storage/open.ts';
import { Compacted, type Storage, type Watcher, WriteConflict } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { holds } from '../support/property.ts';
import { DRIVERS } from './drivers.ts';
import { briefChange, briefHistory, briefRevised, type ModelChange, newestAt, stateAt } from './model.ts';
import { brief, drain, PODS, pod, podKey, textOf } from './objects.ts';

const namespaces = ['a', 'a-b', 'b'];
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('put' as const), key: fc.nat(8), value: fc.nat(3), user: fc.nat(2) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stale' as const), key: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), namespace: fc.nat(3), back: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('take' as const), watcher: fc.nat(5), max: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      namespace: fc.nat(3),
      back: fc.nat(20),
      limit: fc.nat(4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), key: fc.nat(8), back: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('changes' as const),
      namespace: fc.nat(3),
      key: fc.option(fc.nat(8)),
      user: fc.option(fc.nat(2)),
      back: fc.nat(20),
      limit: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('when' as const), ago: fc.nat(3_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const keyOf = (n: number) => podKey(`p${n % 3}`, namespaces[Math.floor(n / 3)]);
const prefixOf = (n: number) => (n === 3 ? PODS : `${PODS}${namespaces[n]}/`);

interface Watching {
  watcher: Watcher;
  prefix: string;
  position: number;
}

class Run {
  readonly changes: ModelChange[];
  readonly watching: Watching[] = [];
  #storage: Storage;
  #clock: ReturnType<typeof fakeClock>;
  #start: number;
  #begun: number;

  /** `changes`: what was done to the store before. */
  constructor(storage: Storage, clock: ReturnType<typeof fakeClock>, changes: ModelChange[] = []) {
    this.#storage = storage;
    this.#clock = clock;
    this.changes = changes;
    this.#start = changes.length > 0 ? 0 : storage.revision;
    this.#begun = changes[0]?.time ?? clock.now();
  }

  /** Every state and change that is still kept. */
  async lookBack(): Promise<void> {
    const { revision } = this.#storage;
    for (let at = await this.#floor(); at <= revision; at++) {
      await this.#list(PODS, at, 0);
      for (let key = 0; key < 9; key++) await this.#get(keyOf(key), at);
    }
    await this.#history({ do: 'changes', namespace: 3, key: null, user: null, back: 0, limit: 1_000 });
  }

  async apply(what: Step): Promise<void> {
    const storage = this.#storage;
    if (what.do === 'put') await this.#put(keyOf(what.key), String(what.value), `user-${what.user}`);
    else if (what.do === 'delete') await this.#delete(keyOf(what.key));
    else if (what.do === 'stale') {
      const { revision } = storage;
      const stale = { op: 'update', key: keyOf(what.key), expected: 1e9, object: pod('x') } as const;
      await assert.rejects(storage.write(stale), WriteConflict);
      assert.equal(storage.revision, revision);
    } else if (what.do === 'watch') await this.#watch(prefixOf(what.namespace), this.#back(what.back));
    else if (what.do === 'take') await this.#take(this.watching[what.watcher], what.max);
    else if (what.do === 'list') await this.#list(prefixOf(what.namespace), this.#back(what.back), what.limit);
    else if (what.do === 'get') await this.#get(keyOf(what.key), this.#back(what.back));
    else if (what.do === 'changes') await this.#history(what);
    else if (what.do === 'when') await this.#when(this.#clock.now() - what.ago);
    else await this.#clock.advance(what.do === 'pass' ? what.ms : 1_000);
  }

  async finish(): Promise<void> {
    for (const watching of this.watching) {
      for (let more = true; more; ) more = await this.#take(watching, 3);
    }
    // Each event names the change of its key before it.
    const last = new Map<string, number>();
    for (const { type, revision, previous, entry } of await drain(
      this.#storage.watch(PODS, { after: await this.#floor() }),
    )) {
      if (last.has(entry.key)) assert.equal(previous?.revision ?? 0, last.get(entry.key));
      last.set(entry.key, type === 'DELETED' ? 0 : revision);
    }
  }

  async #put(key: string, value: string, user: string): Promise<void> {
    const storage = this.#storage;
    const { revision } = storage;
    const held = storage.get(key);
    const object = pod('x', value);
    const origin = { user, verb: held ? 'update' : 'create' };
    const entry = await storage.write(
      held ? { op: 'update', key, expected: held.revision, object, origin } : { op: 'create', key, object, origin },
    );
    if (held && textOf(held) === value) assert.equal(storage.revision, revision);
    else {
      assert.equal(entry.revision, revision + 1);
      const time = this.#clock.now();
      this.changes.push({ revision: entry.revision, key, type: held ? 'MODIFIED' : 'ADDED', value, time, user });
    }
  }

  async #delete(key: string): Promise<void> {
    const held = this.#storage.get(key);
    if (!held) return;
    const origin = { user: 'user-x', verb: 'delete' };
    const { revision } = await this.#storage.write({ op: 'delete', key, expected: held.revision, origin });
    const change = { revision, key, type: 'DELETED' as const, value: textOf(held) ?? '' };
    this.changes.push({ ...change, time: this.#clock.now(), user: 'user-x' });
  }

  async #watch(prefix: string, after: number): Promise<void> {
    if (after < (await this.#floor())) {
      assert.throws(() => this.#storage.watch(prefix, { after }), Compacted);
    } else if (this.watching.length < 6) {
      this.watching.push({ watcher: this.#storage.watch(prefix, { after }), prefix, position: after });
    }
  }

  /** True when there may be more. */
  async #take(watching: Watching | undefined, max: number): Promise<boolean> {
    if (!watching) return false;
    const { prefix, watcher } = watching;
    const due = this.changes.filter((c) => c.revision > watching.position && c.key.startsWith(prefix));
    try {
      const taken = await watcher.take(max);
      assert.deepEqual(taken.map(brief), due.slice(0, taken.length).map(briefChange));
      assert.ok(taken.length > 0 || due.length === 0, 'took nothing although there was something');
      watching.position = taken.at(-1)?.revision ?? this.#storage.revision;
      // What a bookmark would promise: nothing up to the position is still to come.
      assert.ok(due.slice(taken.length).every((c) => c.revision > watcher.position));
      return taken.length > 0;
    } catch (error) {
      assert.ok(error instanceof Compacted && watching.position < (await this.#floor()), String(error));
      this.watching.splice(this.watching.indexOf(watching), 1);
      return false;
    }
  }

  /** From where on pods can be read. */
  async #floor(): Promise<number> {
    return (await this.#storage.oldest(PODS)).revision;
  }

  #back(steps: number): number {
    return Math.max(FIRST_REVISION, this.#storage.revision - steps);
  }

  /** What `read` answers; undefined when that is rightly that it was given up, perhaps only now. */
  async #readable<T>(at: number, read: () => Promise<T>): Promise<T | undefined> {
    const before = await this.#floor();
    try {
      const answer = await read();
      assert.ok(at >= before, `${at} was read although ${before} is the oldest`);
      return answer;
    } catch (error) {
      assert.ok(error instanceof Compacted && at < (await this.#floor()), String(error));
      return undefined;
    }
  }

  async #list(prefix: string, at: number, limit: number): Promise<void> {
    const storage = this.#storage;
    const expected = [...stateAt(this.changes, at, prefix)];
    const found: [string, string | undefined][] = [];
    let start: string | undefined;
    do {
      const page = await this.#readable(at, () => storage.listAt(prefix, at, { limit, start }));
      if (!page) return;
      assert.equal(page.revision, at);
      found.push(...page.entries.map((e): [string, string | undefined] => [e.key, textOf(e)]));
      assert.equal(page.remaining, expected.length - found.length);
      start = page.next;
    } while (start);
    assert.deepEqual(found, expected);
  }

  async #get(key: string, at: number): Promise<void> {
    const read = await this.#readable(at, async () => ({ entry: await this.#storage.getAt(key, at) }));
    if (read) assert.equal(textOf(read.entry), stateAt(this.changes, at, key).get(key));
  }

  async #history(what: Extract<Step, { do: 'changes' }>): Promise<void> {
    const storage = this.#storage;
    const upTo = storage.revision - what.back;
    const user = what.user === null ? undefined : `user-${what.user}`;
    const place = what.key === null ? { prefix: prefixOf(what.namespace) } : { prefix: keyOf(what.key), exact: true };
    const before = await this.#floor();
    const found = await storage.changes({ ...place, upTo, limit: what.limit, ...(user === undefined ? {} : { user }) });
    const expected = this.changes
      .filter((c) => (place.exact ? c.key === place.prefix : c.key.startsWith(place.prefix)))
      .filter((c) => c.revision > before && c.revision <= upTo)
      .filter((c) => user === undefined || c.user === user)
      .reverse();
    const due = expected.slice(0, what.limit);
    // What is given up while it is read may be left out, from the oldest on.
    const after = await this.#floor();
    const least = due.filter((c) => c.revision > after).length;
    assert.ok(found.length >= least && found.length <= due.length);
    assert.deepEqual(found.map(briefRevised), due.slice(0, found.length).map(briefHistory));
  }

  async #when(time: number): Promise<void> {
    const storage = this.#storage;
    const expected = newestAt(this.changes, time)?.revision ?? 0;
    try {
      const found = await storage.revisionAt(time);
      // What was removed of one resource has no time any more; for others nothing happened in between.
      const removed = found < expected && expected <= (await this.#floor());
      assert.ok(found === Math.max(expected, this.#start) || removed, `${found}, not ${expected}`);
    } catch (error) {
      const before = expected <= storage.compactRevision || time < this.#begun;
      assert.ok(error instanceof Compacted && before, String(error));
    }
  }
}

const WATCHED = { keepMs: 0, keepRevisions: 5, everyMs: 1_000 };
/** Pods for a shorter time than all else, which is what is compared. */
const TIMED = { ...WATCHED, keepRevisions: 1, historyMs: 60_000, historyOf: new Map([[PODS, 2_500]]) };

for (const driver of DRIVERS) {
  describe(`random histories over ${driver.name}`, () => {
    for (const [name, maxEventBytes, compaction] of [
      ['with all events in memory', 1e6, WATCHED],
      ['with few events in memory', 150, WATCHED],
      ['with history of its own time', 150, TIMED],
    ] as const) {
      it(name, async (t) => {
        const runs = driver.survives ? 3 : 70;
        await holds(t, { runs, arbitrary: fc.array(step, { minLength: 20, maxLength: 80 }) }, async (steps) => {
          const clock = fakeClock();
          const options = { clock, log: silentLogger, compaction, maxEventBytes };
          const url = await driver.url(t);
          let storage = await openStorage(url, options);
          try {
            const run = new Run(storage, clock);
            for (const what of steps) await run.apply(what);
            await run.finish();
            if (!driver.survives) return;
            const [before, oldest] = [storage.list(PODS), await storage.oldest(PODS)];
            await storage.close();
            storage = await openStorage(url, options);
            assert.deepEqual(storage.list(PODS), before, 'disk against memory');
            // What was given up in memory while there was nothing to remove on disk can be read again.
            assert.ok((await storage.oldest(PODS)).revision <= oldest.revision);
            await new Run(storage, clock, run.changes).lookBack();
          } finally {
            await storage.close();
          }
        });
      });
    }
  });
}
