// What a store should say, from the list of changes alone; it shares no code with the store.
import type { Revised, StorageEvent } from '../../src/storage/storage.ts';
import { brief } from './objects.ts';

export interface ModelChange {
  revision: number;
  key: string;
  type: StorageEvent['type'];
  /** What the key holds afterwards; for DELETED what it held before. */
  value: string;
  time: number;
  user: string;
}

/** What keys under `prefix` held at `revision`, in byte order. */
export function stateAt(changes: readonly ModelChange[], revision: number, prefix: string): Map<string, string> {
  const state = new Map<string, string>();
  for (const change of changes.filter((c) => c.revision <= revision && c.key.startsWith(prefix))) {
    if (change.type === 'DELETED') state.delete(change.key);
    else state.set(change.key, change.value);
  }
  return new Map([...state].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

export const briefChange = (c: ModelChange): string => `${c.type} ${c.key.split('/').at(-1)}=${c.value}@${c.revision}`;

/** A change as history shows it, of the store and of the model. */
export const briefRevised = (r: Revised): string => `${brief(r)} ${r.time} ${r.origin?.user}`;
export const briefHistory = (c: ModelChange): string => `${briefChange(c)} ${c.time} ${c.user}`;

/** The newest change that was made at `time` or before. */
export const newestAt = (changes: readonly ModelChange[], time: number): ModelChange | undefined =>
  changes.findLast((change) => change.time <= time);
