// Reads of what was: state at a revision, the revision of a time, and changes with their origin. What memory still
// has is read from there; the rest from the driver, in pages, so that nothing has to be held for it.
import type { Driver, LogRow, PastRow } from './driver.ts';
import { type Decode, entryOfText } from './entry.ts';
import type { Floor } from './floors.ts';
import { compareKeys, prefixEnd } from './keys.ts';
import { listPage } from './list.ts';
import { eventsOfRows } from './rows.ts';
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

/** Rows that are decoded at a stretch. */
const PAST_PAGE = 500;

interface Parts {
  driver: Driver;
  state: State;
  timeline: Timeline;
  decode: Decode;
}

export function createPast({ driver, state, timeline, decode }: Parts) {
  const { floors } = state;

  function assertPast(prefix: string, revision: Revision): void {
    if (revision > state.revision) throw new RangeError(`revision ${revision} is yet to come (now ${state.revision})`);
    floors.assertReadable(prefix, revision);
  }

  /** Events from the driver, oldest first. */
  async function readHistory(
    prefix: string,
    range: { after: Revision; upTo: Revision; limit: number },
  ): Promise<StorageEvent[]> {
    const rows = await driver.history({ prefix, ...range });
    floors.assertReadable(prefix, range.after);
    return readEvents(rows);
  }

  /** Entries under `prefix` from key `from` on; each page is read whole before it is handed over. */
  async function* pagesAt(prefix: string, revision: Revision, { from, limit }: { from: string; limit: number }) {
    const to = prefixEnd(prefix);
    for (let next: string | undefined = from; next !== undefined; ) {
      const rows: PastRow[] = await driver.past({ revision, from: next, to, limit });
      floors.assertReadable(prefix, revision);
      yield rows.map((row) => entryOfPast(row));
      next = rows.length < limit ? undefined : `${rows.at(-1)?.key}\0`;
    }
  }

  /** Parsed here, so that a value that cannot be read fails the read and not whoever looks at it later. */
  const entryOfPast = (row: PastRow): StorageEntry => {
    const current = state.get(row.key);
    const entry = current?.revision === row.revision ? current : entryOfText(row, row.value, decode);
    void entry.object;
    return entry;
  };

  const readEvents = (rows: readonly LogRow[]): StorageEvent[] =>
    eventsOfRows(rows, decode, () => undefined).map(({ event }) => {
      void [event.entry.object, event.previous?.object];
      return event;
    });

  async function listFromDriver(prefix: string, revision: Revision, options: ListOptions): Promise<ListPage> {
    const { filter, limit } = options;
    const from = options.start !== undefined && compareKeys(options.start, prefix) > 0 ? options.start : prefix;
    const entries: StorageEntry[] = [];
    const pageSize = limit && !filter ? Math.min(limit, PAST_PAGE) : PAST_PAGE;
    for await (const page of pagesAt(prefix, revision, { from, limit: pageSize })) {
      for (const entry of page) {
        if (filter && !filter(entry)) continue;
        if (entries.push(entry) !== limit) continue;
        const next = `${entry.key}\0`;
        const remaining = await driver.countPast({ revision, from: next, to: prefixEnd(prefix) });
        floors.assertReadable(prefix, revision);
        return remaining > 0 ? { entries, revision, next, remaining } : { entries, revision, remaining };
      }
    }
    return { entries, revision, remaining: 0 };
  }

  async function listAt(prefix: string, revision: Revision, options: ListOptions = {}): Promise<ListPage> {
    assertPast(prefix, revision);
    const resource = state.resource(prefix);
    if (revision < resource.floor) return await listFromDriver(prefix, revision, options);
    const undo: Undo = new Map();
    for (const event of resource.events.backTo(revision)) {
      if (event.entry.key.startsWith(prefix)) undo.set(event.entry.key, event.previous);
    }
    return listPage(resource, prefix, revision, { ...options, undo });
  }

  async function getAt(key: string, revision: Revision): Promise<StorageEntry | undefined> {
    assertPast(key, revision);
    const current = state.get(key);
    if (current && current.revision <= revision) return current;
    const [row] = await driver.past({ revision, from: key, to: `${key}\0`, limit: 1 });
    floors.assertReadable(key, revision);
    return row && entryOfPast(row);
  }

  /** A floor gets its time before anything below it is forgotten; until then the driver knows it. */
  async function timeOf({ revision, time }: Floor): Promise<number | undefined> {
    if (time !== undefined) return time;
    return (await driver.newestAt({ after: 0, upTo: revision, time: Number.MAX_SAFE_INTEGER }))?.time;
  }

  async function revisionAt(time: number): Promise<Revision> {
    const found = timeline.spanAt(time, state.revision);
    if (!found) throw new Compacted(Math.max(floors.lowest.revision, timeline.begin.after));
    const { span, upTo } = found;
    const newest = await driver.newestAt({ after: span.after, upTo, time });
    const revision = newest?.revision ?? span.after;
    const floor = floors.lowest;
    if (revision < floor.revision && floor.revision >= span.after && floor.revision <= upTo) {
      // The change at the floor may itself be forgotten, a deletion for instance; what was after it stands.
      const begin = await timeOf(floor);
      if (begin !== undefined && begin <= time) return floor.revision;
    }
    floors.assertReadable('/', revision);
    return revision;
  }

  async function changes({ prefix, exact, after = 0, upTo, limit, user }: ChangesQuery): Promise<Revised[]> {
    const isKept = ({ key, revision }: LogRow) => revision > Math.max(after, floors.of(key).revision);
    const rows: LogRow[] = [];
    for (let top = Math.min(upTo ?? state.revision, state.revision); rows.length < limit; ) {
      const page = await driver.history({
        ...(exact ? { key: prefix } : { prefix }),
        ...(user !== undefined && { user }),
        after: Math.max(after, floors.of(prefix).revision, timeline.begin.after),
        upTo: top,
        limit,
        newestFirst: true,
      });
      rows.push(...page.filter(isKept));
      const last = page.at(-1);
      if (page.length < limit || !last) break;
      top = last.revision - 1;
    }
    const kept = rows.slice(0, limit).filter(isKept).reverse();
    return readEvents(kept)
      .map((event, i) => ({ ...event, time: kept[i]!.time, origin: kept[i]!.origin ?? undefined }))
      .reverse();
  }

  async function oldest(prefix: string): Promise<{ revision: Revision; time: number | undefined }> {
    const floor = floors.of(prefix);
    const { begin } = timeline;
    if (floor.revision <= begin.after) return { revision: begin.after, time: begin.time };
    return { revision: floor.revision, time: await timeOf(floor) };
  }

  return { readHistory, listAt, getAt, revisionAt, changes, oldest };
}
