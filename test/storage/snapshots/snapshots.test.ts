// Snapshots: what is in one, and that one that was cut short, changed or made elsewhere is told from a good one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { silentLogger } from '../../../src/log.ts';
import { openStorage } from '../../../src/storage/open.ts';
import { listSnapshots, removeRemains, removeSnapshot, snapshotFolder } from '../../../src/storage/snapshots/folder.ts';
import { BadSnapshot, type Manifest } from '../../../src/storage/snapshots/manifest.ts';
import { copyOffline } from '../../../src/storage/snapshots/offline.ts';
import type { SnapshotProgress } from '../../../src/storage/snapshots/progress.ts';
import { defaultName, type SaveOptions } from '../../../src/storage/snapshots/save.ts';
import { lastGoodSnapshot, verifySnapshot } from '../../../src/storage/snapshots/verify.ts';
import { SCHEMA_VERSION } from '../../../src/storage/sqlite/database.ts';
import { StorageUnavailable } from '../../../src/storage/storage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { create, podKey, remove, update } from '../objects.ts';
import { NOW, nameCluster, openAt, type Place, place, placeIn, save } from './snapshot.ts';

/** Flips the bits of the byte in the middle. */
async function damage(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 0xff;
  await writeFile(file, bytes);
}

async function editManifest(folder: string, change: Partial<Record<keyof Manifest, unknown>>): Promise<void> {
  const file = path.join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
  await writeFile(file, JSON.stringify({ ...manifest, ...change }));
}

/** The database and the good snapshot `a` of a cluster of three pods, to be copied. */
const original = await mkdtemp(path.join(tmpdir(), 'snapshots-'));
after(() => rm(original, { recursive: true }));
const at = placeIn(original);
const storage = await openStorage(`sqlite:${at.stateFile}`, { clock: fakeClock(), log: silentLogger });
await nameCluster(storage, 'cluster-1');
for (const name of ['p0', 'p1', 'p2']) await create(storage, name, 'x'.repeat(2_000));
const { manifest: theManifest } = await save(storage, at);
await storage.close();

/** Saves a copy of it, which takes no store. */
const copied = async (to: string): Promise<void> => copyFile(at.stateFile, to);
const saveCopy = (into: Place, options: Partial<SaveOptions> = {}) =>
  save({} as never, into, { copy: copied, ...options });

/** A copy on which `sql` was run. */
const changed = (sql: string) => async (to: string) => {
  await copied(to);
  const db = new Database(to);
  db.exec(sql);
  db.close();
};

async function saved(t: TestContext): Promise<Place & { folder: string; manifest: Manifest }> {
  const copy = await place(t);
  await cp(original, copy.dataDir, { recursive: true });
  return { ...copy, folder: path.join(copy.into, 'a'), manifest: theManifest };
}

describe('a snapshot', () => {
  it('holds the objects there are, without their past, Events and Leases', async (t) => {
    const at = await place(t);
    const storage = await openAt(t, at);
    await nameCluster(storage, 'cluster-1');
    const a = await create(storage, 'a', 'first');
    await update(storage, a, 'second');
    await remove(storage, await create(storage, 'gone'));
    const { revision } = storage;
    await storage.write({
      op: 'create',
      key: '/core/events/default/e',
      object: { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' } },
    });
    const told: SnapshotProgress[] = [];
    const { folder, manifest } = await save(storage, at, { tell: (progress) => told.push(progress) });
    assert.deepEqual(
      { ...manifest, databaseBytes: 0, bytes: 0, sha256: '', files: manifest.files.map((file) => file.path) },
      {
        format: 1,
        name: 'a',
        time: '2026-11-21T17:03:01.000Z',
        how: 'manual',
        version: '1.2.3',
        cluster: 'cluster-1',
        revision,
        epoch: 1,
        schema: SCHEMA_VERSION,
        keys: 2,
        databaseBytes: 0,
        bytes: 0,
        sha256: '',
        files: ['pki/ca.crt', 'pki/ca.key'],
      },
    );
    assert.deepEqual((await readdir(folder)).sort(), ['manifest.json', 'pki', 'state.db.zst']);
    for (const file of ['.', 'manifest.json', 'state.db.zst', 'pki/ca.key']) {
      assert.equal((await stat(path.join(folder, file))).mode & 0o077, 0, `${file} is kept from other users`);
    }
    assert.deepEqual(
      [...new Set(told.map(({ step }) => step))],
      ['copying', 'leaving out history', 'checking', 'packing'],
    );
    assert.equal(told.at(-1)?.percent, 100);
    assert.deepEqual(await verifySnapshot(folder, { scratch: at.dataDir }), manifest);
    assert.ok(!(await readdir(at.dataDir)).some((name) => name.startsWith('.verify')));
  });

  it('is made of a database that no server has, which stays as it is', async (t) => {
    const { folder: _folder, manifest: _manifest, ...at } = await saved(t);
    const before = await readFile(at.stateFile);
    const { manifest } = await copyOffline(at.stateFile, ({ copy, bytes }) =>
      save({} as never, at, { name: 'b', copy, databaseBytes: bytes }),
    );
    assert.equal(manifest.keys, 4);
    assert.deepEqual(await readFile(at.stateFile), before);
  });

  it('is not made beside a server that has the database, nor of nothing', async (t) => {
    const at = await place(t);
    const use = () => Promise.reject(new Error('not reached'));
    await assert.rejects(copyOffline(at.stateFile, use), /there is no database at .*state\.db/);
    await openAt(t, at);
    await assert.rejects(copyOffline(at.stateFile, use), /in use by process \d+/);
  });

  it('is refused by a store in memory', async (t) => {
    const at = await place(t);
    const storage = await openStorage('memory:', { clock: fakeClock(), log: silentLogger });
    t.after(() => storage.close());
    await assert.rejects(save(storage, at), (error: Error) => {
      assert.ok(error instanceof BadSnapshot && error.cause instanceof StorageUnavailable);
      return /no snapshot was made: the store is in memory and has no file/.test(error.message);
    });
  });

  for (const name of ['', '../a', '.a', 'a/b', 'a b', 'x'.repeat(101)]) {
    it(`is not named ${JSON.stringify(name.slice(0, 10))}`, async (t) => {
      await assert.rejects(saveCopy(await place(t), { name }), /cannot be a snapshot's name: take up to 100/);
    });
  }

  it('is named by its kind and time', () => assert.equal(defaultName('manual', NOW), 'manual-20261121-170301'));

  it('never takes the place of another', async (t) => {
    const { folder, manifest, ...copy } = await saved(t);
    await assert.rejects(saveCopy(copy), /there is a snapshot a in .*: choose another name/);
    assert.deepEqual(await verifySnapshot(folder, { scratch: copy.dataDir }), manifest);
  });

  for (const [what, options, sentence] of [
    ['the copy fails', { copy: () => Promise.reject(new Error('no copy')) }, /: no snapshot was made: no copy$/],
    ['it is broken off', { signal: AbortSignal.abort(new Error('stopping')) }, /: no snapshot was made: stopping$/],
    ['the disk is too small', { databaseBytes: 1e15 }, /takes 2000000000 MB .* has \d+ MB: make room/],
    [
      'a last step fails',
      {
        beforeListing: () => {
          throw new Error('at the last moment');
        },
      },
      /at the last moment/,
    ],
  ] as const) {
    it(`leaves nothing behind when ${what}`, async (t) => {
      const here = await place(t);
      await assert.rejects(saveCopy(here, options), sentence);
      assert.deepEqual(await readdir(here.into), []);
    });
  }

  for (const [what, sql, finding] of [
    ['that has lost a value', `DELETE FROM log WHERE key = '${podKey('p1')}'`, /\/p1 has lost revision \d+$/],
    [
      'in which a bit flipped',
      `UPDATE log SET value = CAST(value || ' ' AS BLOB) WHERE key LIKE '%/p1'`,
      /is not what was written$/,
    ],
    [
      'whose cluster cannot be told',
      `UPDATE log SET value = x'7b' WHERE key LIKE '%kube-system'`,
      /not what was written$/,
    ],
  ] as const) {
    it(`is not made of a database ${what}, and says so`, async (t) => {
      await assert.rejects(saveCopy(await place(t), { copy: changed(sql) }), (error: Error) => {
        assert.match(error.message, /^no snapshot was made: damaged: /);
        assert.match(error.message, finding);
        return true;
      });
    });
  }

  it('goes where a disk cannot be written with a sentence, and the store goes on', async (t) => {
    const at = await place(t);
    const storage = await openAt(t, at);
    await writeFile(path.join(at.dataDir, 'file'), '');
    await assert.rejects(save(storage, { ...at, into: path.join(at.dataDir, 'file', 'x') }), /ENOTDIR/);
    await assert.rejects(storage.backup('/proc/nothing/copy.db'), (error: Error) => {
      assert.ok(error instanceof StorageUnavailable && error.outcome === 'no');
      return /\/proc\/nothing\/copy\.db could not be written/.test(error.message);
    });
    await create(storage, 'a');
  });
});

describe('verifying tells', () => {
  const cases: readonly (readonly [string, (folder: string) => Promise<unknown>, RegExp])[] = [
    ['a snapshot that was cut short', (f) => truncate(path.join(f, 'state.db.zst'), 100), /has 100 bytes where its/],
    ['one that grew', (f) => appendFile(path.join(f, 'state.db.zst'), 'x'), /where its manifest says/],
    ['a database that is missing', (f) => rm(path.join(f, 'state.db.zst')), /state\.db\.zst is missing/],
    ['a flipped bit', (f) => damage(path.join(f, 'state.db.zst')), /other content than its manifest says/],
    ['a changed key', (f) => writeFile(path.join(f, 'pki/ca.key'), 'its kez'), /pki\/ca\.key was changed/],
    ['a key that is missing', (f) => rm(path.join(f, 'pki/ca.key')), /pki\/ca\.key: ENOENT/],
    ['a folder without a manifest', (f) => rm(path.join(f, 'manifest.json')), /is no complete snapshot/],
    [
      'a manifest that is a folder',
      (f) => swapForFolder(path.join(f, 'manifest.json')),
      /manifest\.json cannot be read/,
    ],
    ['a manifest that is no JSON', (f) => truncate(path.join(f, 'manifest.json'), 90), /damaged: it is no JSON/],
    ['a manifest that is none', (f) => writeFile(path.join(f, 'manifest.json'), '5'), /damaged: it is no manifest/],
    ['a manifest with a field of another kind', (f) => editManifest(f, { revision: 'x' }), /its revision is "x"/],
    ['a manifest that names files elsewhere', (f) => outside(f), /damaged: its files is/],
    ['another format', (f) => editManifest(f, { format: 2 }), /made by a newer version \(format 2, this one knows 1\)/],
    ['another revision', (f) => editManifest(f, { revision: 9 }), /manifest says revision 9, its database \d/],
    ['another cluster', (f) => editManifest(f, { cluster: 'x' }), /manifest says cluster x, its database cluster-1/],
    ['another count of objects', (f) => editManifest(f, { keys: 1 }), /manifest says keys 1, its database 4/],
  ];
  const swapForFolder = async (file: string) => {
    await rm(file);
    await mkdir(file);
  };
  const outside = (folder: string) =>
    editManifest(folder, { files: [{ path: '../../etc/passwd', bytes: 1, sha256: '0'.repeat(64) }] });

  for (const [what, harm, sentence] of cases) {
    it(what, async (t) => {
      const { folder, dataDir } = await saved(t);
      await harm(folder);
      await assert.rejects(verifySnapshot(folder, { scratch: dataDir }), (error: Error) => {
        assert.ok(error instanceof BadSnapshot, error.stack);
        assert.match(error.message, sentence);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
      assert.ok(!(await readdir(dataDir)).some((name) => name.startsWith('.verify')));
    });
  }

  it('nothing of a verification that was killed stays longer than to the next', async (t) => {
    const { folder, dataDir } = await saved(t);
    for (const pid of [2 ** 22 + 1, process.pid]) await mkdir(path.join(dataDir, `.verify-${pid}-x`));
    await verifySnapshot(folder, { scratch: dataDir });
    const left = (await readdir(dataDir)).filter((name) => name.startsWith('.verify'));
    assert.deepEqual(left, [`.verify-${process.pid}-x`]); // of a process that lives
  });

  it('a database of a newer schema, and one of another program', async (t) => {
    for (const [sql, sentence] of [
      [`PRAGMA user_version = ${SCHEMA_VERSION + 1}`, /written by a newer version/],
      ['PRAGMA application_id = 7', /another program's database/],
    ] as const) {
      await assert.rejects(saveCopy(await place(t), { copy: changed(sql) }), sentence);
    }
  });
});

describe('the folder of snapshots', () => {
  it('lists the newest first, and last what cannot be used, with the reason', async (t) => {
    const { folder, manifest: _manifest, ...copy } = await saved(t);
    const { into } = copy;
    await saveCopy(copy, { name: 'b', time: NOW + 1_000 });
    await saveCopy(copy, { name: 'c', time: NOW + 2_000 });
    await truncate(path.join(into, 'c/state.db.zst'), 10);
    await mkdir(path.join(into, '.partial-d'));
    await writeFile(path.join(into, 'notes.txt'), '');
    const found = await listSnapshots(into);
    assert.deepEqual(
      found.map(({ name, problem }) => [name, problem]),
      [
        ['b', undefined],
        ['a', undefined],
        ['c', 'state.db.zst was cut short or changed'],
      ],
    );
    assert.equal(found[1]?.folder, folder);
    assert.deepEqual(await listSnapshots(path.join(into, 'nowhere')), []);
    await assert.rejects(listSnapshots(path.join(into, 'notes.txt')), /cannot be listed: ENOTDIR/);
  });

  it('offers the newest good one', async (t) => {
    const { folder, manifest: _manifest, ...copy } = await saved(t);
    for (const [i, name] of ['b', 'c'].entries()) await saveCopy(copy, { name, time: NOW + 1_000 * (i + 1) });
    await damage(path.join(copy.into, 'c/state.db.zst'));
    await rm(path.join(copy.into, 'b/manifest.json'));
    const options = { scratch: copy.dataDir };
    assert.equal((await lastGoodSnapshot(copy.into, options))?.folder, folder);
    await damage(path.join(folder, 'state.db.zst'));
    assert.equal(await lastGoodSnapshot(copy.into, options), undefined);
  });

  it('does not list one whose making was killed, even at its end, and makes it anew', async (t) => {
    const { folder: _folder, manifest: _manifest, ...here } = await saved(t);
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'restorer.ts'), here.dataDir, 'save']);
    const [, signal] = await once(child, 'exit');
    assert.equal(signal, 'SIGKILL');
    assert.deepEqual(
      (await listSnapshots(here.into)).map(({ name }) => name),
      ['a'],
    );
    assert.ok((await readdir(path.join(here.into, '.partial-killed'))).includes('manifest.json'));
    await saveCopy(here, { name: 'killed' });
    assert.deepEqual((await readdir(here.into)).sort(), ['a', 'killed']);
  });

  it('loses a snapshot whole, and the remains of what was killed', async (t) => {
    const { into, folder } = await saved(t);
    await rename(folder, path.join(into, '.removed-x'));
    await mkdir(path.join(into, '.partial-d'));
    await removeRemains(into);
    assert.deepEqual(await readdir(into), []);
    await removeRemains(path.join(into, 'nowhere'));
    await mkdir(path.join(into, 'b'));
    await removeSnapshot(path.join(into, 'b'));
    assert.deepEqual(await readdir(into), []);
  });

  it('is where a name is looked for, and a path is not', () => {
    assert.equal(snapshotFolder('a', '/d/snapshots'), '/d/snapshots/a');
    assert.equal(snapshotFolder('/mnt/b', '/d/snapshots'), '/mnt/b');
  });
});
