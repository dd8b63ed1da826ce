// Reads of what was: state at a revision, the revision of a time, and changes with their origin. What memory still
// has is read from there; the rest from the driver, in pages, so that nothing has to be held for it.
import type { Driver } from './driver.ts';
import { resourcePrefix } from './keys.ts';
import { listPage } from './list.ts';
import { type Decode, decodeRow, eventsOfRows, makeEntry } from './rows.ts';
import type { State, Undo } from './state.ts';
import {
  type ChangesQuery,
  Compacted,
  type ListOptions,
  type ListPage,
  type Revised,
  type Revision,
  type StorageEntry,
  type StorageEvent,
} from './storage.ts';
import type { Timeline } from './timeline.ts';

const PAGE = 1_000;

interface Parts {
  driver: Driver;
  state: State;
  timeline: Timeline;
  decode: Decode;
}

export function createPast({ driver, state, timeline, decode }: Parts) {
  function assertReadable(revision: Revision): void {
    if (revision < state.compactRevision) throw new Compacted(state.compactRevision);
  }

  function assertPast(revision: Revision): void {
    if (revision > state.revision) throw new RangeError(`revision ${revision} is yet to come (now ${state.revision})`);
    assertReadable(revision);
  }

  /** Events from the driver, oldest first. */
  async function readHistory(
    prefix: string,
    range: { after: Revision; upTo: Revision; limit: number },
  ): Promise<StorageEvent[]> {
    const rows = await driver.history({ prefix, ...range });
    assertReadable(range.after);
    return eventsOfRows(rows, decode, () => undefined).map(({ event }) => event);
  }

  /** Events of `prefix` after `revision` that memory no longer has, up to the resource's floor at the time of return. */
  async function eventsBeforeMemory(prefix: string, revision: Revision): Promise<StorageEvent[]> {
    const resource = state.resource(prefix);
    const events: StorageEvent[] = [];
    for (let after = revision; after < resource.floor; ) {
      const upTo = resource.floor;
      const page = await readHistory(prefix, { after, upTo, limit: PAGE });
      assertReadable(revision);
      events.push(...page);
      after = page.length < PAGE ? upTo : (page.at(-1)?.revision ?? upTo);
    }
    return events;
  }

  async function listAt(prefix: string, revision: Revision, options?: ListOptions): Promise<ListPage> {
    assertPast(revision);
    const resource = state.resource(prefix);
    const older = await eventsBeforeMemory(prefix, revision);
    // From here on nothing waits: memory and what was read from the driver join without a gap.
    const undo: Undo = new Map();
    for (const event of resource.events.backTo(revision)) {
      if (event.entry.key.startsWith(prefix)) undo.set(event.entry.key, event.previous);
    }
    for (const event of older.reverse()) undo.set(event.entry.key, event.previous);
    return listPage(resource, prefix, revision, { ...options, undo });
  }

  async function getAt(key: string, revision: Revision): Promise<StorageEntry | undefined> {
    assertPast(revision);
    const current = state.get(key);
    if (current && current.revision <= revision) return current;
    const [row] = await driver.past({ revision, from: key, to: `${key}\0`, limit: 1 });
    assertReadable(revision);
    return row && makeEntry(row, decodeRow(row, row.value, decode));
  }

  async function revisionAt(time: number): Promise<Revision> {
    const found = timeline.spanAt(time, state.revision);
    if (!found) throw new Compacted(Math.max(state.compactRevision, timeline.begin.after));
    const { span, upTo } = found;
    const newest = await driver.newestAt({ after: span.after, upTo, time });
    const revision = newest?.revision ?? span.after;
    assertReadable(revision);
    return revision;
  }

  async function changes({ prefix, exact, after = 0, upTo, limit, user }: ChangesQuery): Promise<Revised[]> {
    const floor = () => Math.max(after, state.compactRevision, timeline.begin.after);
    const rows = await driver.history({
      ...(exact ? { key: prefix } : { prefix }),
      ...(user !== undefined && { user }),
      after: floor(),
      upTo: Math.min(upTo ?? state.revision, state.revision),
      limit,
      newestFirst: true,
    });
    const kept = rows.filter((row) => row.revision > floor()).reverse();
    const events = eventsOfRows(kept, decode, () => undefined);
    return events
      .map(({ event }, i) => ({ ...event, time: kept[i]!.time, origin: kept[i]!.origin ?? undefined }))
      .reverse();
  }

  async function oldest(prefix: string): Promise<{ revision: Revision; time: number | undefined }> {
    if (prefix !== '/') resourcePrefix(prefix); // throws when it is none
    const { begin } = timeline;
    if (state.compactRevision <= begin.after) return { revision: begin.after, time: begin.time };
    const revision = state.compactRevision;
    const row = await driver.newestAt({ after: revision - 1, upTo: revision, time: Number.MAX_SAFE_INTEGER });
    if (row) return { revision, time: row.time };
    // It may be gone with what it wrote, but at the time of the one after it everything can be read for certain.
    const [next] = await driver.history({ after: revision, upTo: state.revision, limit: 1, omitCurrent: true });
    return { revision, time: next?.time };
  }

  return { readHistory, listAt, getAt, revisionAt, changes, oldest };
}
