// The schema's history, oldest first. A released migration is never edited; a change is a new one below, and
// one more in SCHEMA_VERSION of src/storage/sqlite/database.ts.
import type { Migration } from 'kysely/migration';
import { logAndHead } from './0001-log-and-head.ts';
import { timeAndOrigin } from './0002-time-and-origin.ts';
import { headByKey } from './0003-head-by-key.ts';

export const MIGRATIONS: Record<string, Migration> = {
  '0001-log-and-head': logAndHead,
  '0002-time-and-origin': timeAndOrigin,
  '0003-head-by-key': headByKey,
};
