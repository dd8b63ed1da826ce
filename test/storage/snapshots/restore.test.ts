// Restoring: the state is the snapshot's, every older revision is gone, and a crash at any moment leaves the old
// cluster or the new one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { silentLogger } from '../../../src/log.ts';
import { openStorage } from '../../../src/storage/open.ts';
import type { RestorePlace } from '../../../src/storage/snapshots/restore.ts';
import { finishUnderLock } from '../../../src/storage/snapshots/unfinished.ts';
import { factsOf } from '../../../src/storage/sqlite/copies.ts';
import { UnusableDatabase } from '../../../src/storage/sqlite/errors.ts';
import { takeLock } from '../../../src/storage/sqlite/lock.ts';
import { Compacted } from '../../../src/storage/storage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open } from '../drivers.ts';
import { create, PODS, podKey, remove, textOf } from '../objects.ts';
import { BACK_TO_SCHEMA_1, DROP_SCHEMA_2 } from '../sqlite/disk.ts';
import { NOW, nameCluster, openAt, type Place, place, placeIn, restore, save } from './snapshot.ts';

/** A cluster that had the pods a and b when its snapshot was made, and has b and c now; to be copied. */
const original = await mkdtemp(path.join(tmpdir(), 'restore-'));
after(() => rm(original, { recursive: true }));
const storage = await openStorage(`sqlite:${placeIn(original).stateFile}`, { clock: fakeClock(), log: silentLogger });
await nameCluster(storage, 'cluster-1');
const a = await create(storage, 'a');
await create(storage, 'b');
const { manifest } = await save(storage, placeIn(original));
await remove(storage, a);
await create(storage, 'c');
const { revision: newest } = storage;
await storage.close();
const ceiling = factsOf(placeIn(original).stateFile).ceiling;

async function cluster(t: TestContext): Promise<Place> {
  const here = await place(t);
  await cp(original, here.dataDir, { recursive: true });
  return here;
}

/** Of a database that nobody has. */
function podsOf({ stateFile }: Place): string[] {
  const db = new Database(stateFile, { readonly: true });
  const keys = db.prepare('SELECT key FROM head WHERE key LIKE ? ORDER BY key').pluck().all(`${PODS}%`) as string[];
  db.close();
  return keys.map((key) => key.split('/').at(-1) as string);
}

const change = (file: string, sql: string): void => {
  const db = new Database(file);
  db.exec(sql);
  db.close();
};

/** The files that make up the cluster, with their content. */
async function contents({ dataDir }: Place): Promise<Map<string, Buffer>> {
  const names = (await readdir(dataDir, { recursive: true })).sort();
  const files = new Map<string, Buffer>();
  for (const name of names) {
    const file = path.join(dataDir, name);
    // Looking at a database makes an empty WAL and its index.
    if (/\.(lock|pid)$|-shm$/.test(name) || !(await stat(file)).isFile()) continue;
    const content = await readFile(file);
    if (content.length > 0) files.set(name, content);
  }
  return files;
}

describe('a restored cluster', () => {
  it('has the objects of the snapshot, and revisions above all that were handed out', async (t) => {
    const here = await cluster(t);
    const { revision, epoch, replaced, files } = await restore(here);
    assert.deepEqual([revision, epoch], [ceiling + 1_000_000, 2]);
    assert.deepEqual(files, ['pki/ca.crt', 'pki/ca.key'], 'there were none');
    const opened = await openAt(t, here);
    assert.deepEqual(
      opened.list(PODS).entries.map(({ key }) => key),
      [podKey('a'), podKey('b')],
    );
    assert.equal(opened.revision, revision);
    const added = await create(opened, 'd');
    assert.equal(added.revision, revision + 1);
    // A watch from the restore on sees what comes; every older one is told to list anew.
    const events = await opened.watch(PODS, { after: revision }).take(10);
    assert.deepEqual(
      events.map(({ entry }) => entry.key),
      [podKey('d')],
    );
    for (const old of [1, manifest.revision, newest, ceiling, revision - 1]) {
      assert.throws(() => opened.watch(PODS, { after: old }), Compacted);
      await assert.rejects(opened.listAt(PODS, old), Compacted);
      await assert.rejects(opened.getAt(podKey('b'), old), Compacted);
    }
    await assert.rejects(opened.revisionAt(Date.UTC(2025, 0, 1)), Compacted);
    const changes = await opened.changes({ prefix: '/', limit: 10 });
    assert.deepEqual(
      changes.map(({ entry }) => entry.key),
      [podKey('d')],
    );
    assert.equal((await opened.oldest(PODS)).revision, revision);
    await opened.close();
    const kept = await readdir(replaced as string);
    assert.ok(kept.includes('state.db') && kept.includes('volatile.db'));
    assert.deepEqual(
      (await readdir(here.dataDir)).filter((name) => name.startsWith('restore')),
      [],
    );
  });

  it('can be put back to what was there before the restore', async (t) => {
    const here = await cluster(t);
    const { replaced } = await restore(here);
    const before = await openAt(t, { ...here, stateFile: path.join(replaced as string, 'state.db') });
    await save(before, here, { name: 'before' });
    await before.close();
    const back = await restore(here, { folder: path.join(here.into, 'before'), now: NOW + 1 });
    assert.deepEqual(podsOf(here), ['b', 'c']);
    assert.deepEqual([back.epoch, back.revision], [3, ceiling + 2_000_000]);
  });

  it('is made on a machine that has none, with the keys of the snapshot', async (t) => {
    const here = await place(t);
    await cp(placeIn(original).into, here.into, { recursive: true });
    const { replaced, files, revision } = await restore(here);
    assert.deepEqual([replaced, files], [undefined, ['pki/ca.crt', 'pki/ca.key']]);
    assert.ok(revision >= manifest.revision + 1_000_000);
    assert.equal(await readFile(path.join(here.dataDir, 'pki/ca.key'), 'utf8'), 'its key');
    assert.equal((await stat(path.join(here.dataDir, 'pki/ca.key'))).mode & 0o777, 0o600);
    assert.deepEqual(podsOf(here), ['a', 'b']);
  });

  it('keeps the keys it has, which may have been renewed', async (t) => {
    const here = await cluster(t);
    await restore(here);
    await writeFile(path.join(here.dataDir, 'pki/ca.crt'), 'a later one');
    await rm(path.join(here.dataDir, 'pki/ca.key'));
    assert.deepEqual((await restore(here, { now: NOW + 1 })).files, ['pki/ca.key']);
    assert.equal(await readFile(path.join(here.dataDir, 'pki/ca.crt'), 'utf8'), 'a later one');
  });

  it('lies where --storage says, its keys in the data directory', async (t) => {
    const here = await cluster(t);
    const elsewhere = path.join(here.dataDir, 'elsewhere/state.db');
    await restore({ ...here, stateFile: elsewhere });
    assert.deepEqual(podsOf({ ...here, stateFile: elsewhere }), ['a', 'b']);
    assert.ok(existsSync(path.join(here.dataDir, 'pki/ca.key')));
  });

  it('may be of an older schema, which the next start brings up to date', async (t) => {
    const here = await cluster(t);
    const copy = async (to: string) => {
      await cp(here.stateFile, to);
      change(to, `${DROP_SCHEMA_2} ${BACK_TO_SCHEMA_1}`);
    };
    const { folder, manifest: old } = await save({} as never, here, { name: 'old', copy });
    assert.equal(old.schema, 1);
    await restore(here, { folder });
    const opened = await openAt(t, here);
    assert.deepEqual(
      opened.list(PODS).entries.map(({ key }) => key),
      [podKey('b'), podKey('c')],
    );
  });

  it('has what the store encrypts as the store does: packed, checked and restored without the key', async (t) => {
    const here = await place(t);
    const secret = randomBytes(32).toString('base64');
    const encryptionConfig = path.join(here.dataDir, 'encryption.json');
    const providers = [{ aesgcm: { keys: [{ name: 'one', secret }] } }];
    await writeFile(
      encryptionConfig,
      JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'EncryptionConfiguration',
        resources: [{ resources: ['*.*'], providers }],
      }),
    );
    const before = await open(t, `sqlite:${here.stateFile}`, { encryptionConfig });
    await nameCluster(before, 'cluster-1');
    await create(before, 'a', 'not for everybody');
    const { manifest: told } = await save(before, here);
    await before.close();
    assert.deepEqual([told.keys, told.cluster], [2, null], 'even the name of the cluster is encrypted');
    await restore(here);
    assert.ok(!(await readFile(here.stateFile)).includes('not for everybody'));
    const restored = await open(t, `sqlite:${here.stateFile}`, { encryptionConfig });
    assert.equal(textOf(restored.get(podKey('a'))), 'not for everybody');
  });

  it('takes nothing of the WAL that the old one left', async (t) => {
    const here = await cluster(t);
    const before = await openAt(t, here);
    await create(before, 'in-the-wal');
    // As SIGKILL would leave it: the files of a store that is open.
    const killed = await place(t);
    await cp(here.dataDir, killed.dataDir, { recursive: true, filter: (file) => !/\.(lock|pid)$/.test(file) });
    await before.close();
    assert.ok((await stat(`${killed.stateFile}-wal`)).size > 0);
    const { replaced } = await restore(killed);
    assert.deepEqual(podsOf(killed), ['a', 'b']);
    assert.ok((await stat(path.join(replaced as string, 'state.db-wal'))).size > 0);
  });
});

describe('a restore is refused, and changes nothing,', () => {
  async function refuses(here: Place, sentence: RegExp, options: Parameters<typeof restore>[1] = {}): Promise<void> {
    const before = await contents(here);
    await assert.rejects(restore(here, options), (error: Error) => {
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
    assert.deepEqual(await contents(here), before);
  }

  it('while somebody has the database', async (t) => {
    const here = await cluster(t);
    const lock = takeLock(here.stateFile);
    try {
      await refuses(here, /state\.db is in use by process \d+; stop it first/);
    } finally {
      lock.release();
    }
    await restore(here);
  });

  it('for a snapshot that does not exist', async (t) =>
    refuses(await cluster(t), /there is no snapshot \/nowhere/, { folder: '/nowhere' }));

  it('for one that was cut short', async (t) => {
    const here = await cluster(t);
    await truncate(path.join(here.into, 'a/state.db.zst'), 300);
    await refuses(here, /has 300 bytes where its manifest says/);
  });

  it('for one of a newer version', async (t) => {
    const here = await cluster(t);
    const file = path.join(here.into, 'a/manifest.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'));
    await refuses(here, /made by a newer version/);
  });

  it('for one of another cluster, unless that is wanted', async (t) => {
    const here = await cluster(t);
    await restore(here);
    await writeFile(path.join(here.dataDir, 'pki/ca.crt'), 'of cluster 2');
    change(
      here.stateFile,
      `UPDATE log SET value = CAST(replace(CAST(value AS TEXT), 'cluster-1', 'cluster-2') AS BLOB) WHERE key LIKE '/core/n%'`,
    );
    await refuses(here, /the snapshot a is of another cluster than .*: take --other-cluster/);
    const { replaced, files } = await restore(here, { otherCluster: true, now: NOW + 1 });
    assert.deepEqual(files, ['pki/ca.crt']);
    assert.equal(await readFile(path.join(here.dataDir, 'pki/ca.crt'), 'utf8'), 'the authority');
    assert.equal(await readFile(path.join(replaced as string, 'pki/ca.crt'), 'utf8'), 'of cluster 2');
  });

  it('over a database that cannot be read, when the keys beside it are of another cluster', async (t) => {
    const here = await cluster(t);
    await restore(here);
    await writeFile(here.stateFile, 'scribbles '.repeat(1_000));
    await writeFile(path.join(here.dataDir, 'pki/ca.crt'), 'of cluster 2');
    await refuses(here, /of another cluster/);
    await writeFile(path.join(here.dataDir, 'pki/ca.crt'), 'the authority');
    const { revision } = await restore(here, { now: NOW + 1 });
    assert.ok(revision >= manifest.revision + 1_000_000_000, 'how far it had come is not known');
    assert.deepEqual(podsOf(here), ['a', 'b']);
  });
});

describe('a restore that is cut short', () => {
  async function killedAt(t: TestContext, reached: RestorePlace, nth = 1): Promise<Place> {
    const here = await cluster(t);
    const argv = [path.join(import.meta.dirname, 'restorer.ts'), here.dataDir, reached, String(nth)];
    const child = spawn(process.execPath, argv, { stdio: 'inherit' });
    const [, signal] = await once(child, 'exit');
    assert.equal(signal, 'SIGKILL');
    return here;
  }

  /** Once it is committed nothing is undone, so that an error there leaves what a kill would. */
  async function failedAt(t: TestContext, nth: number): Promise<Place> {
    const here = await cluster(t);
    let left = nth;
    const pass = (reached: RestorePlace) => {
      if (reached === 'restore-moving' && --left === 0) throw new Error('cut short');
    };
    await assert.rejects(restore(here, { pass }), /cut short/);
    return here;
  }

  async function isFinished(here: Place): Promise<void> {
    assert.deepEqual(finishUnderLock(here.stateFile), { finished: 'the restore of snapshot a' });
    assert.deepEqual(podsOf(here), ['a', 'b']);
    assert.equal(await readFile(path.join(here.dataDir, 'pki/ca.key'), 'utf8'), 'its key');
    const [replaced] = (await readdir(here.dataDir)).filter((name) => name.startsWith('replaced-'));
    assert.deepEqual(podsOf(placeIn(path.join(here.dataDir, replaced as string))), ['b', 'c']);
    assert.ok(!existsSync(path.join(here.dataDir, 'restore')));
  }

  it('by SIGKILL before it has begun to change anything leaves the old cluster', async (t) => {
    const here = await killedAt(t, 'restore-unpacked');
    assert.equal(finishUnderLock(here.stateFile), 'abandoned');
    assert.deepEqual(podsOf(here), ['b', 'c']);
    assert.deepEqual(
      (await readdir(here.dataDir)).filter((name) => name.startsWith('re')),
      [],
    );
  });

  it('by SIGKILL once it is committed is finished by the next start', async (t) =>
    isFinished(await killedAt(t, 'restore-committed')));

  it('by SIGKILL between two moves is finished by the next start', async (t) =>
    isFinished(await killedAt(t, 'restore-moving', 6)));

  for (let nth = 1; nth <= 8; nth++) {
    it(`after move ${nth} of 8 is finished by the next start`, async (t) => isFinished(await failedAt(t, nth)));
  }

  it('is finished by another restore, too', async (t) => {
    const here = await failedAt(t, 3);
    assert.equal((await restore(here, { now: NOW + 1 })).epoch, 3);
    assert.deepEqual(podsOf(here), ['a', 'b']);
  });

  it('is not finished while somebody has the database', async (t) => {
    const here = await failedAt(t, 1);
    const lock = takeLock(here.stateFile);
    t.after(() => lock.release());
    assert.throws(() => finishUnderLock(here.stateFile), UnusableDatabase);
    assert.ok(existsSync(path.join(here.dataDir, 'restore/plan.json')));
  });
});
