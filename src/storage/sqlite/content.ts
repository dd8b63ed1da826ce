// How a value gets into its row and out again: with its checksum, encrypted where that is asked for.
import type { Database } from 'better-sqlite3';
import type { Revision } from '../storage.ts';
import type { Encryption } from './encryption.ts';
import { UnreadableContent } from './errors.ts';
import { type Summed, sumOf } from './sum.ts';

/** In the column `enc`: as it is, or with a prefix that names provider and key. */
const PLAIN = 0;
const ENCRYPTED = 1;

export interface Stored {
  enc: number;
  sum: number;
  value: Buffer | null;
}

/** The sum is of the bytes as stored, so that it can be checked without the key. */
export function store(row: Summed, text: string | undefined, encryption: Encryption): Stored {
  if (text === undefined) return { enc: PLAIN, sum: sumOf(row, null), value: null };
  const sealed = encryption.seal(row.key, text);
  if (sealed) return { enc: ENCRYPTED, sum: sumOf(row, sealed), value: sealed };
  return { enc: PLAIN, sum: sumOf(row, text), value: Buffer.from(text) };
}

/**
 * Makes `content` a function of SQL on this connection: the text of a row of the log, which throws UnreadableContent
 * when it is not what was written.
 */
export function defineContent(db: Database, encryption: Encryption): void {
  db.function(
    'content',
    { deterministic: true },
    (
      revision: Revision,
      key: string,
      op: number,
      createRevision: Revision,
      previousRevision: Revision,
      enc: number,
      sum: number | null,
      value: Buffer,
    ) => {
      const row = { revision, key, op, createRevision, previousRevision };
      if (sum !== null && sum !== sumOf(row, value)) {
        throw new UnreadableContent(`the stored value of ${key} at revision ${revision} is damaged`);
      }
      return enc === PLAIN ? value.toString('utf8') : encryption.unseal(key, value);
    },
  );
}

/** SQL for the text of row `l` of the log, NULL where there is none. */
export const contentOf = (l: string): string =>
  `CASE WHEN ${l}.value IS NULL THEN NULL
        ELSE content(${l}.rev, ${l}.key, ${l}.op, ${l}.create_rev, ${l}.prev_rev, ${l}.enc, ${l}.sum, ${l}.value) END`;
