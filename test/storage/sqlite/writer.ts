// A process to be killed: writes to the store at argv[2] and prints each revision once it was acknowledged, as
// `<revision> <op> <key> <value>`. argv[3] is how many characters longer than others a value is at most; with `copy` as
// argv[4] copies of the database are made all the while. A store that fails ends it with code 3 and its sentence.
import { rmSync } from 'node:fs';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/log.ts';
import { openStorage } from '../../../src/storage/open.ts';
import { pod, podKey } from '../objects.ts';

const [file, longest = '700', copy] = process.argv.slice(2) as [string, string?, string?];
const storage = await openStorage(`sqlite:${file}`, {
  clock: systemClock,
  log: silentLogger,
  compaction: { keepMs: 50, keepRevisions: 200, everyMs: 50 },
  onFailure({ message }) {
    process.stderr.write(`${message}\n`);
    process.exit(3);
  },
});
const acknowledge = (revision: number, op: string, key: string, value: string) =>
  process.stdout.write(`${revision} ${op} ${key} ${value}\n`); // to a pipe this is synchronous

async function churn(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    // One writer in eight writes what goes to volatile.db.
    const key = writer % 8 === 0 ? `/core/events/default/w${writer}-${i % 20}` : podKey(`w${writer}-${i % 20}`);
    const held = storage.get(key);
    // The pid makes it differ from what a killed predecessor wrote: the same content again would be no change.
    const value = `${process.pid}.${i}.${'x'.repeat((i * 37) % Number(longest))}`;
    if (held && i % 3 === 0) {
      const gone = await storage.write({ op: 'delete', key, expected: held.revision });
      acknowledge(gone.revision, 'delete', key, '-');
    } else {
      const object = pod('x', value);
      const entry = await storage.write(
        held ? { op: 'update', key, expected: held.revision, object } : { op: 'create', key, object },
      );
      acknowledge(entry.revision, 'put', key, value);
    }
  }
}

async function copyAgainAndAgain(): Promise<void> {
  for (;;) {
    rmSync(`${file}.copy`, { force: true });
    await storage.backup(`${file}.copy`);
  }
}

if (copy) void copyAgainAndAgain();
await Promise.all(Array.from({ length: 16 }, (_, writer) => churn(writer)));
