// The checksum that each row of the log carries: SQLite notices damage to its pages' structure, not to what they hold.
import { crc32 } from 'node:zlib';
import type { Revision } from '../storage.ts';

export interface Summed {
  readonly revision: Revision;
  readonly key: string;
  /** As stored: the index in OPS. */
  readonly op: number;
  readonly createRevision: Revision;
  readonly previousRevision: Revision;
}

export const sumOf = (row: Summed, value: string | Uint8Array | null | undefined): number =>
  crc32(value ?? '', crc32(`${row.revision} ${row.op} ${row.createRevision} ${row.previousRevision} ${row.key}`));
