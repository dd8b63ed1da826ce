// What was acknowledged survives SIGKILL at any moment. STORAGE_CRASH_ROUNDS=100 for more rounds,
// STORAGE_CRASH_SEED to repeat the same delays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { it } from 'node:test';
import Database from 'better-sqlite3';
import { open, temporaryDirectory } from '../drivers.ts';
import { drain, textOf } from '../objects.ts';

const rounds = Number(process.env.STORAGE_CRASH_ROUNDS ?? 10);
const seed = Number(process.env.STORAGE_CRASH_SEED ?? Math.floor(Math.random() * 1e9));

/** Small, even and repeatable (Lehmer's generator). */
function* randomNumbers(from: number): Generator<number, never> {
  for (let n = (from % 2147483646) + 1; ; n = (n * 48271) % 2147483647) yield n / 2147483647;
}

/** Runs the writer until it has acknowledged `count` writes, then kills it; returns what it printed. */
function writeUntilKilled(file: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'writer.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
    if (output.length > count * 40) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(output.split('\n').slice(0, -1)));
  });
}

it(`keeps every acknowledged write over ${rounds} kills (seed ${seed})`, {
  timeout: 60_000 + rounds * 5_000,
}, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  const random = randomNumbers(seed);
  const newest = new Map<string, { revision: number; value: string }>();
  let highest = 0;
  for (let round = 0; round < rounds; round++) {
    const lines = await writeUntilKilled(file, Math.floor(random.next().value * 2_000));
    const acknowledged = lines.map((line) => line.split(' ') as [string, string, string, string]);
    assert.ok(acknowledged.length > 0, 'the writer came to write');
    for (const [revision, op, key, value] of acknowledged) {
      assert.ok(Number(revision) > highest, `revision ${revision} was given out before`);
      if ((newest.get(key)?.revision ?? 0) < Number(revision)) {
        newest.set(key, { revision: Number(revision), value: op === 'put' ? value : '' });
      }
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
    highest = storage.revision;
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
});
