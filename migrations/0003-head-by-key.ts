// What each key is at, in one tree ordered by key: with a rowid it was two, and every write of an object touched a page of each
// (docs/decisions/0027-what-one-write-waits-for.md).
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const headByKey: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('head_3')
      .addColumn('key', 'text', (column) => column.primaryKey().notNull())
      .addColumn('create_rev', 'integer', (column) => column.notNull())
      .addColumn('mod_rev', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer')
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await sql`
      INSERT INTO head_3 (key, create_rev, mod_rev, expires_at)
      SELECT key, create_rev, mod_rev, expires_at FROM head ORDER BY key`.execute(db);
    await db.schema.dropTable('head').execute();
    await db.schema.alterTable('head_3').renameTo('head').execute();
  },
};
