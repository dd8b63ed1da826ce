// `tsukube store …`: without a server, beside one, and how it refuses.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { parse } from 'yaml';
import { RunError, run } from '../../src/exec.ts';
import { silentLogger } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open.ts';
import { create, podKey, remove, update } from '../storage/objects.ts';
import { fakeClock } from '../support/fake-clock.ts';

const PROGRAM = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js')];

const folder = await mkdtemp(path.join(tmpdir(), 'tsk-'));
after(() => rm(folder, { recursive: true }));

/** The data directory of a cluster that is stopped. */
async function stopped(name: string): Promise<string> {
  const dataDir = path.join(folder, name);
  const storage = await openStorage(`sqlite:${dataDir}/state.db`, { clock: fakeClock(), log: silentLogger });
  const [a, b] = await Promise.all(['a', 'b', 'c'].map((pod) => create(storage, pod, 'x'.repeat(1_000))));
  await update(storage, a!, 'changed');
  await remove(storage, b!);
  await storage.close();
  return dataDir;
}

const environment = (dataDir: string) => ({ TSUKUBE_DATA_DIR: dataDir, TSUKUBE_RUN_DIR: path.join(dataDir, 'run') });

const store = async (dataDir: string, ...args: string[]): Promise<string> =>
  (await run([...PROGRAM, 'store', ...args], { env: environment(dataDir) })).stdout;

/** What it printed, ending with code 1. */
async function fails(dataDir: string, ...args: string[]): Promise<string> {
  const error = await store(dataDir, ...args).catch((e: unknown) => e);
  assert.ok(error instanceof RunError && error.exitCode === 1, String(error));
  assert.doesNotMatch(error.output, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
  return error.output;
}

function change(dataDir: string, sql: string): void {
  const db = new Database(path.join(dataDir, 'state.db'));
  db.exec(sql);
  db.close();
}

describe('tsukube store', () => {
  test('stats tells what is there, as text and as data', async () => {
    const dataDir = await stopped('stats');
    const text = await store(dataDir, 'stats');
    assert.match(text, /^revision 6, 2 objects of \S+ k?B, history of 3 revisions and \S+ kB$/m);
    assert.match(text, /^oldest change kept: revision 2, 2026-01-01T/m);
    assert.match(text, /^no server runs$/m);
    assert.match(text, /^pods +2 +\S+ k?B +3 +\S+ kB$/m);
    const { files, live } = JSON.parse(await store(dataDir, 'stats', '-o', 'json'));
    assert.equal(live, undefined);
    const [pods] = files[0].resources;
    assert.deepEqual([pods.resource, pods.objects, pods.revisions], ['/core/pods/', 2, 3]);
  });

  test('check finds nothing in a whole store, and each thing that is wrong in another', async () => {
    const dataDir = await stopped('check');
    assert.match(await store(dataDir, 'check'), /^the store is whole$/m);
    change(dataDir, `UPDATE log SET value = x'7b7d' WHERE key = '${podKey('c')}'`);
    change(dataDir, `DELETE FROM log WHERE key = '${podKey('a')}' AND op = 1`);
    change(dataDir, "UPDATE meta SET v = 5 WHERE k = 'rev_ceiling'");
    const text = await fails(dataDir, 'check');
    assert.match(text, /state\.db: \/core\/pods\/default\/c at revision \d is not what was written/);
    assert.match(text, /state\.db: \/core\/pods\/default\/a has lost revision \d/);
    assert.match(text, /state\.db: revision 6 is above the reserved ones \(5\)/);
    const result = parse(await fails(dataDir, 'check', '--output=yaml'));
    assert.deepEqual([result.good, result.findings.length, result.compared], [false, 3, false]);
  });

  test('check tells of damaged pages', async () => {
    const dataDir = await stopped('pages');
    const file = path.join(dataDir, 'state.db');
    const bytes = await readFile(file);
    bytes.fill(0xa5, bytes.length - 4096);
    await writeFile(file, bytes);
    assert.match(await fails(dataDir, 'check'), /state\.db: (SQLite finds damage|reading ended early): /);
  });

  test('salvage writes a new store, says what is lost, and how to go on', async () => {
    const dataDir = await stopped('salvage');
    const text = await store(dataDir, 'salvage');
    assert.match(text, /^2 objects were written to \S+\/salvaged-\d{8}T\d{6}\/state\.db$/m);
    assert.match(text, /^to go on with it, move state\.db/m);
    const to = path.join(dataDir, 'elsewhere/state.db');
    change(dataDir, `DELETE FROM log WHERE key = '${podKey('c')}'`);
    assert.match(await fails(dataDir, 'salvage', `--to=${to}`), /^lost {3}\/core\/pods\/default\/c$/m);
    assert.match(await fails(dataDir, 'salvage', `--to=${to}`), /exists already: name another file with --to/);
    assert.match(await store(path.dirname(to), 'check'), /^the store is whole$/m);
  });

  test('refuses when there is no store, in one sentence', async () => {
    for (const what of ['stats', 'check', 'salvage']) {
      assert.match(await fails(path.join(folder, 'none'), what), /tsukube: there is no database at .*none\/state\.db/);
    }
    const memory = await run([...PROGRAM, 'store', 'stats', '--storage=memory:']).catch((e: RunError) => e.output);
    assert.match(String(memory), /tsukube: a cluster with --storage=memory: /);
  });

  test('asks the server where one runs', { timeout: 60_000 }, async () => {
    const dataDir = await stopped('running');
    const env = { ...process.env, ...environment(dataDir), TSUKUBE_WRITE_KUBECONFIG: `${dataDir}/kubeconfig` };
    const port = 17_000 + (process.pid % 1_000); // below those that the kernel gives to connections
    const argv = [...PROGRAM, 'server', '--components=apiserver', `--port=${port}`];
    const server = spawn(argv[0] as string, argv.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(server, 'exit');
    try {
      for await (const chunk of server.stdout) if (String(chunk).includes('is up')) break;
      assert.match(await store(dataDir, 'stats'), /^\d+ changes since the server started$/m);
      assert.match(
        await store(dataDir, 'stats'),
        /^without Events and Leases: their file, volatile\.db, can be read when no/m,
      );
      assert.match(await store(dataDir, 'check'), /^the store is whole, and memory is what the disk holds$/m);
      assert.match(await fails(dataDir, 'salvage'), /a server runs: salvage is for a store that none can open/);
      change(dataDir, `UPDATE head SET mod_rev = 2 WHERE key = '${podKey('c')}'`);
      assert.match(await fails(dataDir, 'check'), /\/c is at revision \d in memory and at 2 on disk/);
      assert.match(await store(dataDir, 'stats'), /^PROBLEM: memory and disk differ: /m);
    } finally {
      server.kill();
      await exited;
    }
  });
});
