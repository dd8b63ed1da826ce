// The reserve beside the database.
import assert from 'node:assert/strict';
import { mkdir, readdir, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/log.ts';
import { createBallast } from '../../../src/storage/sqlite/ballast.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open, temporaryDirectory } from '../drivers.ts';
import { create } from '../objects.ts';
import { isRoot, smallDisk } from './disk.ts';

describe('the reserve', { skip: !isRoot && 'mounting a small tmpfs needs root' }, () => {
  it('takes a sixteenth of a small disk, is made once, and given up whole', async (t) => {
    const directory = await smallDisk(t, '16m');
    const file = path.join(directory, 'state.db');
    await writeFile(file, '');
    const ballast = createBallast(file);
    const free = async () => (await statfs(directory)).bavail * 4096;
    const before = await free();
    assert.equal(await ballast.renew(), true);
    const taken = before - (await free());
    assert.ok(Math.abs(taken - 2 ** 20) < 10_000, String(taken));
    assert.equal(await ballast.renew(), true);
    assert.equal(before - (await free()), taken);
    assert.deepEqual((await readdir(directory)).sort(), ['state.db', 'state.db.ballast']);
    assert.deepEqual([ballast.release(), ballast.release()], [true, false]);
    assert.equal(await free(), before);
  });

  it('is not made of the last room there is', async (t) => {
    const directory = await smallDisk(t, '16m');
    const file = path.join(directory, 'state.db');
    await writeFile(file, '');
    await writeFile(path.join(directory, 'other'), Buffer.alloc(14 * 2 ** 20));
    assert.equal(await createBallast(file).renew(), false);
    assert.deepEqual((await readdir(directory)).sort(), ['other', 'state.db']);
  });
});

it('a reserve that cannot be made does not keep the store from serving, and is told of', async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  await mkdir(`${file}.ballast.unfinished`);
  const told: string[] = [];
  const log = Object.assign(Object.create(silentLogger) as typeof silentLogger, {
    warn: (text: string) => told.push(text),
  });
  const clock = fakeClock();
  const storage = await open(t, `sqlite:${file}`, { clock, log });
  await create(storage, 'a');
  await clock.advance(10_000);
  await eventually('it was told', () => told.length > 0);
  assert.match(told[0] ?? '', /^the reserve for a full disk could not be made: /);
  await create(storage, 'b');
  assert.deepEqual(storage.problems(), []);
});
