// Runs the migrations that a file has not seen yet, in the caller's transaction. Loaded only when there are some: kysely takes longer to load
// than everything else at start.
import type { Database } from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from '../../../migrations/index.ts';
import { UnusableDatabase } from './errors.ts';

export async function migrate(db: Database, path: string): Promise<void> {
  // Not destroyed afterwards: that would close the connection, which is the caller's.
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database: db }) });
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results } = await migrator.migrateToLatest();
  if (!error) return;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'a migration';
  throw new UnusableDatabase(`${path}: ${failed} failed (${(error as Error).message}); nothing was changed`, error);
}
