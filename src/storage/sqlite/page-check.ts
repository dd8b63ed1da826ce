// A program of its own: looks at every page of the database at argv[2], on another core and without the writer, and
// prints one sentence about what it finds first. It is a process because SQLite's check cannot be stopped otherwise, and must be when its
// view of the file keeps a WAL from being moved that grows too long.
import { damaged } from './errors.ts';
import { connect, findDamage } from './inspect.ts';

const file = process.argv[2] as string;
const db = connect(file);
const finding = findDamage(db, 'quick_check');
if (finding !== undefined) process.stdout.write(damaged(file, finding).message);
db.close();
