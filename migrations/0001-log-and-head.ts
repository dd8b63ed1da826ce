// The first schema: a log of changes that holds the values, and a small table of what each key is at.
// Values are in rowid tables only, because a WITHOUT ROWID table spills rows of 1 KiB into overflow pages.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const logAndHead: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('meta')
      .addColumn('k', 'text', (column) => column.primaryKey())
      .addColumn('v', sql`any`)
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await db.schema
      .createTable('head')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull().unique())
      .addColumn('create_rev', 'integer', (column) => column.notNull())
      .addColumn('mod_rev', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer')
      .modifyEnd(sql`strict`)
      .execute();
    await db.schema
      .createTable('log')
      .addColumn('rev', 'integer', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('op', 'integer', (column) => column.notNull())
      .addColumn('create_rev', 'integer', (column) => column.notNull())
      .addColumn('prev_rev', 'integer', (column) => column.notNull())
      .addColumn('enc', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('value', 'blob')
      .modifyEnd(sql`strict`)
      .execute();
  },
};
