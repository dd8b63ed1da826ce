// Places where tests end the process or make the disk fail, at a moment of their choosing:
// TSUKUBE_FAILPOINT=<name>[:<n>][=<SQLite code>|=EXIT] kills the process at the n-th pass of the place (the first, unless
// said), throws that error there, at each pass from the n-th on, or ends the thread. Without the variable a place does nothing.
import Database from 'better-sqlite3';

/** In the order a write, then housework, passes them. */
export const FAILPOINTS = [
  'before-commit',
  'after-commit',
  'before-answer',
  'compact',
  'checkpoint',
  'back-up',
  'migrate',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

/** `setting` is what the variable holds; a text that names no place arms nothing. */
export function createFailpoint(setting: string | undefined): (place: Failpoint) => void {
  const match = /^([a-z-]+)(?::(\d+))?(?:=(SQLITE_\w+|EXIT))?$/.exec(setting ?? '');
  if (!match) return () => undefined;
  const [, name, nth, code] = match;
  let passesLeft = Number(nth ?? 1);
  return (place) => {
    if (place !== name) return;
    passesLeft = Math.max(0, passesLeft - 1);
    if (passesLeft > 0) return;
    if (code === 'EXIT') process.exit(1); // of a thread: it alone
    if (code) throw new Database.SqliteError(`failpoint ${place}`, code);
    process.kill(process.pid, 'SIGKILL');
  };
}

export const failpoint = createFailpoint(process.env.TSUKUBE_FAILPOINT);
