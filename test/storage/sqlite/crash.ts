// Kills a process that writes to a store, and looks whether the store has all that it acknowledged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { open } from '../drivers.ts';
import { drain, textOf } from '../objects.ts';

export interface Killing {
  /** Kill it after so many acknowledged writes, unless it has ended before. */
  afterWrites: number;
  /** How many characters a value has at most, about. */
  longest?: number;
  /** Copies of the database are made all the while. */
  copying?: boolean;
  /** What TSUKUBE_FAILPOINT is set to. */
  failpoint?: string;
  /** No file may become longer than so many KiB. */
  fileLimit?: number;
}

export interface Ended {
  /** What was acknowledged, a line each. */
  lines: string[];
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs writer.ts until it has acknowledged enough, then kills it. */
export function writeUntilKilled(file: string, killing: Killing): Promise<Ended> {
  const { afterWrites, longest = 700, copying, failpoint, fileLimit } = killing;
  const args = [path.join(import.meta.dirname, 'writer.ts'), file, String(longest), ...(copying ? ['copy'] : [])];
  const argv = [process.execPath, ...args];
  const limited = ['bash', '-c', `ulimit -f ${fileLimit}; exec "$@"`, 'bash', ...argv];
  const [program, ...rest] = (fileLimit ? limited : argv) as [string, ...string[]];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(failpoint && { TSUKUBE_FAILPOINT: failpoint }) },
  });
  const output: string[] = [];
  let count = 0;
  let stderr = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output.push(text);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
    if (count >= afterWrites) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      // The last line may have been cut by the kill; an acknowledgement that was not read to its end counts as none.
      resolve({ lines: output.join('').split('\n').slice(0, -1), stderr, code, signal });
    });
  });
}

/** What a store is known to hold; carried from one kill to the next. */
export interface Known {
  newest: Map<string, { revision: number; value: string }>;
  highest: number;
}

export const knowNothing = (): Known => ({ newest: new Map(), highest: 0 });

/** Opens the store at `file` after a kill; throws when anything acknowledged is lost, or anything else is wrong. */
export async function assertKept(t: TestContext, file: string, lines: readonly string[], known: Known): Promise<void> {
  const { newest } = known;
  for (const line of lines) {
    const [text, op, key, value] = line.split(' ') as [string, string, string, string];
    const revision = Number(text);
    assert.ok(revision > known.highest, `revision ${revision} was given out before`);
    if ((newest.get(key)?.revision ?? 0) < revision) newest.set(key, { revision, value: op === 'put' ? value : '' });
  }
  const storage = await open(t, `sqlite:${file}`);
  for (const [key, { revision, value }] of newest) {
    const entry = storage.get(key);
    const later = entry && entry.revision > revision; // stored, and killed before it could be said
    if (later) continue;
    const deletedSince = !entry && value !== '';
    if (deletedSince) {
      const after = Math.max(storage.compactRevision, revision);
      const events = await drain(storage.watch(key.slice(0, key.lastIndexOf('/') + 1), { after }));
      assert.ok(
        after > revision || events.some((e) => e.type === 'DELETED' && e.entry.key === key),
        `${key} of revision ${revision} is lost`,
      );
    } else assert.equal(entry ? textOf(entry) : '', value, key);
  }
  const events = await drain(storage.watch('/core/pods/', { after: storage.compactRevision }));
  assert.ok(events.every((e, i) => i === 0 || e.revision > events[i - 1]!.revision));
  for (const event of events.slice(-50)) {
    const { entries } = await storage.listAt('/core/pods/', event.revision);
    assert.equal(
      entries.some((e) => e.key === event.entry.key),
      event.type !== 'DELETED',
    );
  }
  assert.deepEqual(await storage.compare(), []);
  known.highest = storage.revision;
  newest.clear();
  for (const prefix of ['/core/pods/', '/core/events/']) {
    for (const e of storage.list(prefix).entries) newest.set(e.key, { revision: e.revision, value: textOf(e) ?? '' });
  }
  await storage.close();
  const db = new Database(file, { readonly: true });
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  const orphans = db.prepare(
    'SELECT count(*) FROM head h LEFT JOIN log l ON l.rev = h.mod_rev AND l.key = h.key WHERE l.rev IS NULL',
  );
  assert.equal(orphans.pluck().get(), 0);
  db.close();
}

/** Kills at random points, and at random passes of each failpoint of a running store in turn. */
export async function killAgainAndAgain(
  t: TestContext,
  { file, rounds, random }: { file: string; rounds: number; random: () => number },
): Promise<void> {
  const known = knowNothing();
  for (let round = 0; round < rounds; round++) {
    const place = PLACES[round % PLACES.length];
    const nth = place && 1 + Math.floor(random() * place.passes);
    const killing: Killing = {
      afterWrites: 1 + Math.floor(random() * 2_000),
      ...(place && { failpoint: `${place.name}:${nth}`, longest: place.longest ?? 700, afterWrites: 20_000 }),
      copying: round % 4 === 3,
    };
    const { lines, stderr, signal } = await writeUntilKilled(file, killing);
    const told = `round ${round}: ${JSON.stringify(killing)}: ${stderr}`;
    assert.equal(signal, 'SIGKILL', told);
    assert.ok(!place || lines.length < killing.afterWrites, `${told}: the failpoint was never passed`);
    try {
      await assertKept(t, file, lines, known);
    } catch (error) {
      throw new Error(told, { cause: error });
    }
  }
}

/** undefined: not at a failpoint. Values are large where a WAL has to grow for it to be passed. */
const PLACES: readonly ({ name: string; passes: number; longest?: number } | undefined)[] = [
  undefined,
  { name: 'before-commit', passes: 200 },
  { name: 'after-commit', passes: 200 },
  { name: 'before-answer', passes: 200 },
  undefined,
  { name: 'compact', passes: 20 },
  { name: 'checkpoint', passes: 2, longest: 60_000 },
];
