// From a driver's rows to entries and events.
import { parseStored } from '../apimachinery/codec/exact.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import type { HeadRow, LogRow } from './driver.ts';
import { type Decode, entryOfText } from './entry.ts';
import type { SizedEvent } from './state.ts';
import type { Revision, StorageEntry, StorageEvent } from './storage.ts';

export const decodeJson: Decode = (text) => parseStored(text) as KubeObject;

/** Read at once when nothing has shown yet that the text is what was written. */
export function entryOfHead(row: HeadRow, decode: Decode): StorageEntry {
  const entry = entryOfText(row, row.value, decode);
  if (!row.verified) void entry.object;
  return entry;
}

/**
 * The events of `rows`, oldest first. An entry that `known` has is used as it is, so that contents that are
 * current, or that two events share, are held once.
 */
export function eventsOfRows(
  rows: readonly LogRow[],
  decode: Decode,
  known: (key: string, revision: Revision) => StorageEntry | undefined,
): SizedEvent[] {
  const made = new Map<Revision, StorageEntry>();
  const previousOf = (row: LogRow): StorageEntry | undefined => {
    if (row.op === 'create' || row.previous === null) return undefined;
    const at = { key: row.key, revision: row.previousRevision, createRevision: row.createRevision };
    return made.get(at.revision) ?? entryOfText(at, row.previous, decode);
  };
  return rows.map((row) => {
    const previous = previousOf(row);
    const text = row.value ?? (row.op === 'delete' ? row.previous : undefined);
    const entry =
      (row.op === 'delete' ? undefined : known(row.key, row.revision)) ?? entryOfText(row, text ?? '', decode);
    made.set(row.revision, entry);
    return { event: makeEvent(row.op, entry, previous), bytes: (text?.length ?? 0) + (row.previous?.length ?? 0) };
  });
}

const EVENT_TYPES = { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const;

export const makeEvent = (op: LogRow['op'], entry: StorageEntry, previous: StorageEntry | undefined): StorageEvent => ({
  type: EVENT_TYPES[op],
  revision: entry.revision,
  entry,
  ...(previous && { previous }),
  frames: new Map(),
});
