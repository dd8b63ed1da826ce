// Concurrent histories are linear by revision: replayed in the order of revisions on a plain map, every answer is
// explained, in an order that agrees with real time. Watches pass the validators of etcd's robustness tests
// (tests/robustness/validate/watch.go): Ordered, Unique, Atomic, Reliable, Resumable, Bookmarkable, previous value.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { StorageEvent } from '../../src/storage/storage.ts';
import { holds } from '../support/property.ts';
import { DRIVERS, open } from './drivers.ts';
import { PODS, textOf } from './objects.ts';
import { type History, type Operation, type Piece, record, type Write } from './recorded.ts';

const hesitation = fc.nat(3);
const key = fc.nat(2);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), key, text: fc.nat(9), hesitation }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('delete' as const), key, hesitation }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('list' as const), hesitation }) },
);
const programs = fc.array(fc.array(operation, { minLength: 5, maxLength: 15 }), { minLength: 2, maxLength: 5 });
const pages = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });

type Done = Write & { result: { revision: number } };
type State = Map<string, { revision: number; text: string }>;

const isDone = (write: Write): write is Done => 'revision' in write.result;

/** The state after each revision, from the one before the first; throws when a write had no right to succeed. */
function replay(start: number, writes: readonly Done[]): Map<number, State> {
  const states = new Map<number, State>([[start, new Map()]]);
  let state: State = new Map();
  for (const [i, { result, key: at, expected, text }] of writes.entries()) {
    assert.equal(result.revision, start + 1 + i, 'each change takes the next revision');
    assert.equal(
      state.get(at)?.revision ?? 0,
      expected,
      `${at} was not at what the write of ${result.revision} expected`,
    );
    state = new Map(state);
    if (text === undefined) state.delete(at);
    else state.set(at, { revision: result.revision, text });
    states.set(result.revision, state);
  }
  return states;
}

function assertLinear(start: number, { writes, lists }: History): Done[] {
  const done = writes.filter(isDone).toSorted((a, b) => a.result.revision - b.result.revision);
  const states = replay(start, done);
  for (const a of done) {
    for (const b of done) {
      if (a.answered < b.called)
        assert.ok(a.result.revision < b.result.revision, 'order of revisions against real time');
    }
  }
  for (const { result, key: at, expected, from, to } of writes) {
    if ('revision' in result) continue;
    const held = Array.from({ length: to - from + 1 }, (_, i) => states.get(from + i)?.get(at)?.revision ?? 0);
    assert.ok(held.includes(result.held), `${at} was never at ${result.held} while the write was under way`);
    assert.notEqual(result.held, expected, 'a conflict although nothing was in the way');
  }
  for (const { revision, entries, called, answered } of lists) {
    const listed = new Map(entries.map(({ key: at, ...rest }) => [at, rest]));
    assert.deepEqual(listed, states.get(revision));
    for (const write of done) {
      if (write.answered < called)
        assert.ok(write.result.revision <= revision, 'a list from before a write it follows');
      if (write.called > answered) assert.ok(write.result.revision > revision);
    }
  }
  return done;
}

function assertWatch(start: number, done: readonly Done[], pieces: readonly Piece[]): void {
  const events = pieces.flatMap((piece) => piece.events);
  const revisions = events.map(({ revision }) => revision);
  assert.ok(
    revisions.every((revision, i) => i === 0 || revision > revisions[i - 1]!),
    'Ordered, Unique, Atomic',
  );
  assert.deepEqual(
    revisions,
    done.map(({ result }) => result.revision),
    'Reliable, Resumable',
  );
  for (const { after, events: streamed, promises } of pieces) {
    assert.ok(streamed.every(({ revision }) => revision > after));
    for (const { position, taken } of promises) {
      assert.ok(
        streamed.slice(taken).every(({ revision }) => revision > position),
        'Bookmarkable',
      );
    }
  }
  const held = new Map<string, StorageEvent>();
  for (const [i, event] of events.entries()) {
    const { key: at, text } = done[i]!;
    const before = held.get(event.entry.key);
    assert.equal(event.entry.key, at);
    assert.equal(event.type, text === undefined ? 'DELETED' : before ? 'MODIFIED' : 'ADDED');
    assert.equal(event.previous?.revision, before?.revision, 'previous value');
    assert.equal(textOf(event.previous), textOf(before?.entry), 'previous value');
    assert.equal(textOf(event.entry), text ?? textOf(before?.entry));
    if (text === undefined) held.delete(at);
    else held.set(at, event);
  }
  assert.ok(revisions.length === 0 || revisions[0]! > start);
}

for (const driver of DRIVERS) {
  describe(`concurrent histories over ${driver.name}`, () => {
    for (const [name, maxEventBytes] of [
      ['with all events in memory', 1e6],
      ['with few events in memory', 150],
    ] as const) {
      it(name, async (t) => {
        const storage = await open(t, await driver.url(t), { maxEventBytes });
        let run = 0;
        await holds(t, { runs: driver.survives ? 20 : 60, arbitrary: fc.record({ programs, pages }) }, async (plan) => {
          const start = storage.revision;
          const history = await record(storage, { ...plan, prefix: `${PODS}run-${run++}/` });
          const done = assertLinear(start, history);
          for (const pieces of history.watches) assertWatch(start, done, pieces);
        });
      });
    }
  });
}
