// What SQLite's errors mean for whoever waits for a write.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import Database from 'better-sqlite3';
import { CopyFailed, damaged, describeFailure, UnreadableContent } from '../../../src/storage/sqlite/errors.ts';

const cases: [error: unknown, outcome: 'no' | 'unknown', reason: RegExp, full?: true][] = [
  [new Database.SqliteError('x', 'SQLITE_FULL'), 'no', /the disk that holds f\.db is full/, true],
  [new Database.SqliteError('x', 'SQLITE_IOERR_SHMSIZE'), 'no', /the disk that holds f\.db is full/, true],
  [
    new Database.SqliteError('too big', 'SQLITE_IOERR_WRITE'),
    'no',
    /f\.db cannot be written \(SQLITE_IOERR_WRITE: too big\)/,
  ],
  [new Database.SqliteError('x', 'SQLITE_READONLY'), 'no', /f\.db cannot be written \(SQLITE_READONLY/],
  [new Database.SqliteError('x', 'SQLITE_IOERR_FSYNC'), 'unknown', /cannot be trusted any more \(SQLITE_IOERR_FSYNC\)/],
  [new Database.SqliteError('x', 'SQLITE_IOERR_READ'), 'unknown', /cannot be trusted any more/],
  [
    new Database.SqliteError('x', 'SQLITE_CORRUPT'),
    'unknown',
    /cannot be trusted any more \(SQLITE_CORRUPT\): check the disk/,
  ],
  [damaged('f.db', 'page 3'), 'unknown', /f\.db is damaged \(page 3\); nothing was changed/],
  [new UnreadableContent('/a/b/c cannot be decrypted'), 'no', /^\/a\/b\/c cannot be decrypted$/],
  [new CopyFailed('no room'), 'no', /^no room$/],
  [new TypeError('a bug'), 'unknown', /the store failed: a bug/],
];

for (const [error, outcome, reason, full] of cases) {
  it(`${(error as { code?: string }).code ?? (error as Error).name}: ${outcome}`, () => {
    const failure = describeFailure(error, 'f.db');
    assert.match(failure.reason, reason);
    assert.deepEqual([failure.outcome, failure.full], [outcome, full]);
  });
}
