// A program of its own: looks at every page of the databases it is given, on another core and without the writer, and
// prints one sentence about what it finds first. It is a process because SQLite's check cannot be stopped otherwise, and
// must be when its view of a file keeps a WAL from being moved that grows too long.
import { existsSync } from 'node:fs';
import { damaged } from './errors.ts';
import { connect, findDamage } from './inspect.ts';

for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) continue;
  const db = connect(file);
  const finding = findDamage(db, 'quick_check');
  db.close();
  if (finding === undefined) continue;
  process.stdout.write(damaged(file, finding).message);
  break;
}
