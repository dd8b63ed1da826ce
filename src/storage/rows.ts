// From a driver's rows to entries and events.
import { parseStored } from '../apimachinery/codec/exact.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import { deepFreeze, stamp } from './content.ts';
import type { HeadRow, LogRow } from './driver.ts';
import type { SizedEvent } from './state.ts';
import type { Revision, StorageEntry, StorageEvent } from './storage.ts';

/** Reads stored text; throws when it is not what was stored. */
export type Decode = (text: string) => KubeObject;

export const decodeJson: Decode = (text) => parseStored(text) as KubeObject;

export const makeEntry = (
  at: { key: string; revision: Revision; createRevision: Revision },
  content: KubeObject,
): StorageEntry => ({
  key: at.key,
  revision: at.revision,
  createRevision: at.createRevision,
  object: stamp(content, at.revision),
  encodings: new Map(),
});

/** The stored value could not be read back. */
export class UnreadableValue extends Error {
  constructor(key: string, revision: Revision, cause: unknown) {
    super(`the stored value of ${key} at revision ${revision} cannot be read: the database is damaged`, { cause });
    this.name = 'UnreadableValue';
  }
}

export function decodeRow(row: { key: string; revision: Revision }, text: string, decode: Decode): KubeObject {
  try {
    return deepFreeze(decode(text));
  } catch (cause) {
    throw new UnreadableValue(row.key, row.revision, cause);
  }
}

export const entryOfHead = (row: HeadRow, decode: Decode): StorageEntry =>
  makeEntry(row, decodeRow(row, row.value, decode));

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
    return made.get(at.revision) ?? makeEntry(at, decodeRow(at, row.previous, decode));
  };
  return rows.map((row) => {
    const previous = previousOf(row);
    const text = row.value ?? (row.op === 'delete' ? row.previous : undefined);
    const entry =
      (row.op === 'delete' ? undefined : known(row.key, row.revision)) ??
      makeEntry(row, decodeRow(row, text ?? '', decode));
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
