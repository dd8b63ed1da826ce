// `tsukube snapshot …` on the files of a cluster whose server is stopped: what it prints, and how it refuses.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { size, table } from '../../src/commands/snapshot/flags.ts';
import { RunError, run } from '../../src/exec.ts';
import { silentLogger } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open.ts';
import { create } from '../storage/objects.ts';
import { fakeClock } from '../support/fake-clock.ts';

const PROGRAM = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js')];

const folder = await mkdtemp(path.join(tmpdir(), 'tsk-'));
after(() => rm(folder, { recursive: true }));
const dataDir = path.join(folder, 'data');
const storage = await openStorage(`sqlite:${dataDir}/state.db`, { clock: fakeClock(), log: silentLogger });
for (const name of ['a', 'b', 'c']) await create(storage, name);
await storage.close();

const snapshot = async (...args: string[]): Promise<string> => {
  const env = { TSUKUBE_DATA_DIR: dataDir, TSUKUBE_RUN_DIR: path.join(folder, 'run') };
  const { stdout } = await run([...PROGRAM, 'snapshot', ...args], { env });
  return stdout;
};

/** The one sentence it refused with. */
async function refusal(code: number, ...args: string[]): Promise<string> {
  const error = await snapshot(...args).catch((e: unknown) => e);
  assert.ok(error instanceof RunError, `${args.join(' ')} should have been refused, and said ${error}`);
  assert.equal(error.exitCode, code, error.output);
  assert.doesNotMatch(error.output, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
  return error.output;
}

describe('tsukube snapshot', () => {
  test('list: nothing yet', async () => {
    assert.match(await snapshot('list'), /^there are no snapshots: make one with "tsukube snapshot save"$/m);
    assert.deepEqual(JSON.parse(await snapshot('list', '-o', 'json')), []);
    assert.match(await snapshot('verify'), /^there are no snapshots$/m);
  });

  test('save says what it made; list shows it', async () => {
    assert.match(await snapshot('save', 'one'), /^one: 3 objects at revision 4, [\d.]+ k?B, in .*\/snapshots\/one$/m);
    const told = parse(await snapshot('save', 'two', '--output=yaml')) as { folder: string; keys: number };
    assert.deepEqual([told.folder, told.keys], [path.join(dataDir, 'snapshots/two'), 3]);
    const [head, ...rows] = (await snapshot('list')).trimEnd().split('\n');
    assert.match(head as string, /^NAME +TIME +REVISION +OBJECTS +SIZE +MADE +VERSION$/);
    assert.deepEqual(
      rows.map((row) => row.split(/ +/)[0]),
      ['two', 'one'],
    );
    assert.match(rows[0] as string, /^two +20\d\d-\S+Z +4 +3 +\S+ k?B +manual +\d+\.\d+\.\d+$/);
  });

  test('save elsewhere, by a relative path, and restore from there on another machine', async () => {
    const elsewhere = path.relative(process.cwd(), path.join(folder, 'elsewhere'));
    await snapshot('save', 'three', `--to=${elsewhere}`);
    const other = path.join(folder, 'other');
    const told = JSON.parse(
      await snapshot('restore', 'three', `--from=${elsewhere}`, `--data-dir=${other}`, '-o', 'json'),
    ) as { snapshot: string; objects: number; replaced: null };
    assert.deepEqual([told.snapshot, told.objects, told.replaced], ['three', 3, null]);
    assert.ok((await readdir(other)).includes('state.db'));
  });

  test('restore says what it did and where the old files are', async () => {
    const said = await snapshot('restore', 'one');
    assert.match(said, /^the cluster is that of one \(20\S+Z, 3 objects\)$/m);
    assert.match(said, /^what was there before is in .*\/replaced-\d{8}-\d+: remove it/m);
    assert.match(said, /^start the server/m);
  });

  test('verify tells good from bad, and ends with 1', async () => {
    await cp(path.join(dataDir, 'snapshots/one'), path.join(dataDir, 'snapshots/bad'), { recursive: true });
    await truncate(path.join(dataDir, 'snapshots/bad/state.db.zst'), 50);
    assert.match(
      await snapshot('verify', 'one', path.join(dataDir, 'snapshots/two')),
      /^one is good\n\/.*two is good$/m,
    );
    const said = await refusal(1, 'verify');
    assert.match(said, /^one is good$/m);
    assert.match(said, /bad\/state\.db\.zst has 50 bytes where its manifest says \d+/);
    assert.match(await snapshot('list'), /^bad +state\.db\.zst was cut short or changed$|^bad +cannot be used: /m);
    assert.match(await refusal(1, 'restore', 'bad'), /^tsukube: the snapshot one cannot be used: .* has 50 bytes/m);
  });

  test('prune shows, then removes', async () => {
    assert.match(await snapshot('prune', '--keep=1', '--dry-run'), /^one would be removed$/m);
    assert.match(await snapshot('prune', '--older-than=1d'), /^nothing to remove$/m);
    assert.match(await snapshot('prune', '--keep=1', '--scheduled-only'), /^nothing to remove$/m);
    assert.deepEqual(JSON.parse(await snapshot('prune', '--older-than=0s', '-o', 'json')), { removed: ['one'] });
    assert.deepEqual((await readdir(path.join(dataDir, 'snapshots'))).sort(), ['bad', 'two']);
  });

  for (const [what, code, args, sentence] of [
    ['a snapshot that does not exist', 1, ['restore', 'nowhere'], /there is no snapshot .*nowhere/],
    ['no snapshot at all', 2, ['restore'], /Missing 1 required arg/],
    ['a name that is none', 1, ['save', '../x'], /cannot be a snapshot's name/],
    ['a name that is taken', 1, ['save', 'two'], /there is a snapshot two in .*: choose another name/],
    ['a cluster that is not there', 1, ['save', '--data-dir=/nowhere'], /there is no database at \/nowhere\/state\.db/],
    ['a cluster in memory', 1, ['save', '--storage=memory:'], /--storage=memory: leaves nothing that a snapshot/],
    ['a format that is none', 2, ['list', '--output=xml'], /--output=xml to be one of: json, yaml/],
    ['pruning without a rule', 2, ['prune'], /say what is too old: --keep N, --older-than 30d, or both/],
    ['keeping none', 2, ['prune', '--keep=0'], /greater than or equal to 1/],
    ['a span that is none', 1, ['prune', '--older-than=long'], /--older-than: "long" is neither/],
    ['a folder that is a file', 1, ['list', `--from=${dataDir}/state.db`], /cannot be listed: ENOTDIR/],
  ] as const) {
    test(`refuses ${what}`, async () => assert.match(await refusal(code, ...args), sentence));
  }
});

describe('a server that finds its database damaged', () => {
  const started = async (): Promise<string> => {
    const place = ['--components=apiserver', '--port=17991', `--data-dir=${dataDir}`, `--run-dir=${folder}/run`];
    const error = await run([...PROGRAM, 'server', ...place, `--write-kubeconfig=${folder}/kubeconfig`], {
      timeout: 30_000,
    }).catch((e: unknown) => e);
    assert.ok(error instanceof RunError && error.exitCode === 1, String(error));
    return error.output;
  };

  test('names the newest good snapshot, or says that there is none', async () => {
    const file = path.join(dataDir, 'state.db');
    const scribbled = Buffer.concat([(await readFile(file)).subarray(0, 100), Buffer.alloc(8_000, 'scribbles')]);
    await writeFile(file, scribbled);
    assert.match(
      await started(),
      /^tsukube: .*state\.db is damaged .*; the newest good snapshot is two, of 20\S+Z: tsukube snapshot restore two$/m,
    );
    assert.deepEqual(await readFile(file), scribbled);
    await rm(path.join(dataDir, 'snapshots/two/manifest.json'));
    assert.match(await started(), /state\.db is damaged .*; there is no good snapshot in .*\/snapshots$/m);
  });
});

test('sizes and tables read well', () => {
  assert.deepEqual([0, 999, 1_000, 123_456, 5e6, 2.5e12, 9e15].map(size), [
    '0 B',
    '999 B',
    '1.0 kB',
    '123 kB',
    '5.0 MB',
    '2.5 TB',
    '9000 TB',
  ]);
  assert.deepEqual(table([['A', 'LONG'], ['wide', 'x'], []]), ['A      LONG', 'wide   x', '']);
});
