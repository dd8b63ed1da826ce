// When each change was made and by whom, a checksum of it, where the wall clock jumped, from where on each resource is
// readable, and an index of versions that is filled in batches behind the writer
// (docs/decisions/0011-index-behind-the-writer.md).
// The value stays the last column: reading one after a long value would mean walking through its overflow pages.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const timeAndOrigin: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('log_2')
      .addColumn('rev', 'integer', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('op', 'integer', (column) => column.notNull())
      .addColumn('create_rev', 'integer', (column) => column.notNull())
      .addColumn('prev_rev', 'integer', (column) => column.notNull())
      .addColumn('enc', 'integer', (column) => column.notNull().defaultTo(0))
      // 0: written before times were kept.
      .addColumn('time', 'integer', (column) => column.notNull())
      // None: written before sums were kept (src/storage/sqlite/sum.ts).
      .addColumn('sum', 'integer')
      .addColumn('origin', 'text')
      .addColumn('value', 'blob')
      .modifyEnd(sql`strict`)
      .execute();
    await sql`
      INSERT INTO log_2 (rev, key, op, create_rev, prev_rev, enc, time, value)
      SELECT rev, key, op, create_rev, prev_rev, enc, 0, value FROM log ORDER BY rev`.execute(db);
    await db.schema.dropTable('log').execute();
    await db.schema.alterTable('log_2').renameTo('log').execute();

    await db.schema
      .createTable('clock')
      .addColumn('after', 'integer', (column) => column.primaryKey())
      .addColumn('time', 'integer', (column) => column.notNull())
      .addColumn('ran', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();

    await db.schema
      .createTable('floors')
      .addColumn('prefix', 'text', (column) => column.primaryKey())
      .addColumn('rev', 'integer', (column) => column.notNull())
      .addColumn('time', 'integer')
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await sql`INSERT INTO floors (prefix, rev) SELECT '/', v FROM meta WHERE k = 'compact_rev'`.execute(db);
    await sql`DELETE FROM meta WHERE k = 'compact_rev'`.execute(db);

    await db.schema
      .createTable('versions')
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('rev', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('versions_key_rev', ['key', 'rev'])
      .modifyEnd(sql`strict, without rowid`)
      .execute();
  },
};
