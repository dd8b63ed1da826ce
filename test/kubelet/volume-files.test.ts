// Files of volumes: changed together, owned as they should be, and reached without a way out.
import assert from 'node:assert/strict';
import { chmod, chown, lstat, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { mountPointsUnder } from '../../src/kubelet/mounts.ts';
import { writeAtomically } from '../../src/kubelet/volumes/atomic-writer.ts';
import { makeInside, readInside } from '../../src/kubelet/volumes/inside.ts';
import { giveToGroup } from '../../src/kubelet/volumes/ownership.ts';
import { bindSubPath } from '../../src/kubelet/volumes/sub-path.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { inDirectory } from './in-directory.ts';
import { noMounts } from './kubelet-bed.ts';

const options = { clock: fakeClock() };
const content = (text: string, mode = 0o644) => ({ data: Buffer.from(text), mode });

test('files change together: the link ..data is swapped', () =>
  inDirectory(async (directory) => {
    const read = (name: string) => readFile(path.join(directory, name), 'utf8');
    assert.equal(
      await writeAtomically(
        directory,
        new Map([
          ['a', content('1')],
          ['d/b', content('2', 0o600)],
        ]),
        options,
      ),
      true,
    );
    const first = await readlink(path.join(directory, '..data'));
    assert.equal(await readlink(path.join(directory, 'a')), '..data/a');
    assert.equal(await read('d/b'), '2');
    assert.equal((await stat(path.join(directory, 'd/b'))).mode & 0o777, 0o600);
    assert.equal(
      await writeAtomically(
        directory,
        new Map([
          ['a', content('1')],
          ['d/b', content('2', 0o600)],
        ]),
        options,
      ),
      false,
    );
    assert.equal(await writeAtomically(directory, new Map([['c', content('3')]]), options), true);
    assert.equal(await read('c'), '3');
    await assert.rejects(read('a'), { code: 'ENOENT' });
    await assert.rejects(stat(path.join(directory, first)), { code: 'ENOENT' });
  }));

for (const name of ['../x', '/etc/passwd', 'a/../../b', '..data', '']) {
  test(`a file may not be written to ${JSON.stringify(name)}`, () =>
    inDirectory(async (directory) => {
      await assert.rejects(writeAtomically(directory, new Map([[name, content('x')]]), options), /invalid path/);
    }));
}

const fields = async (place: string) => {
  const { mode, uid, gid } = await lstat(place);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
};

test('a volume is given to its group, links and what they point to are not changed in mode', () =>
  inDirectory(async (directory) => {
    const volume = path.join(directory, 'v');
    await mkdir(path.join(volume, 'd'), { recursive: true, mode: 0o700 });
    await writeFile(path.join(volume, 'd/f'), '', { mode: 0o600 });
    await writeFile(path.join(directory, 'outside'), '', { mode: 0o600 });
    await symlink('../outside', path.join(volume, 'link'));
    await chown(path.join(volume, 'd/f'), 5, 6);
    await giveToGroup(volume, 77, { readOnly: false });
    assert.equal(await fields(path.join(volume, 'd')), '2770 0:77');
    assert.equal(await fields(path.join(volume, 'd/f')), '660 5:77');
    assert.equal(await fields(path.join(directory, 'outside')), '600 0:0');
    assert.equal((await lstat(path.join(volume, 'link'))).gid, 77);
  }));

test('OnRootMismatch looks at the volume itself only', () =>
  inDirectory(async (directory) => {
    const file = path.join(directory, 'f');
    await chmod(directory, 0o700);
    await giveToGroup(directory, 77, { readOnly: false, policy: 'OnRootMismatch' });
    await writeFile(file, '', { mode: 0o600 });
    await giveToGroup(directory, 77, { readOnly: false, policy: 'OnRootMismatch' });
    assert.equal(await fields(file), '600 0:77');
    await giveToGroup(directory, 77, { readOnly: false, policy: 'Always' });
    assert.equal(await fields(file), '660 0:77');
  }));

test('files that are written are given to the group to read', () =>
  inDirectory(async (directory) => {
    const payload = new Map([['a', { data: Buffer.from('1'), mode: 0o600, uid: 9 }]]);
    const options = { clock: fakeClock(), fsGroup: 77 };
    assert.equal(await writeAtomically(directory, payload, options), true);
    const { mode, uid, gid } = await stat(path.join(directory, 'a'));
    assert.deepEqual([mode & 0o777, uid, gid], [0o640, 9, 77]);
    assert.equal(await writeAtomically(directory, payload, options), false);
  }));

test('what a killed server left half done does not stop the next one', () =>
  inDirectory(async (directory) => {
    const payload = new Map([['a', { data: Buffer.from('1'), mode: 0o600 }]]);
    await symlink('nowhere', path.join(directory, '..data_tmp'));
    await writeAtomically(directory, payload, { clock: fakeClock() });
    await rm(path.join(directory, 'a'));
    await writeAtomically(directory, payload, { clock: fakeClock() });
    assert.equal(await readFile(path.join(directory, 'a'), 'utf8'), '1');
  }));

test('a subPath is bound by its opened file; a missing one is made', () =>
  inDirectory(async (directory) => {
    const volume = path.join(directory, 'volume');
    await mkdir(path.join(volume, 'real'), { recursive: true });
    await symlink('real', path.join(volume, 'link'));
    const bound: string[] = [];
    const mounter: Mounter = { ...noMounts, bind: async (source) => void bound.push(await readlink(source)) };
    for (const subPath of ['real', 'link', 'new/deep']) {
      await bindSubPath({ volume, subPath, target: path.join(directory, 'target') }, mounter);
    }
    assert.deepEqual(
      bound,
      ['real', 'real', 'new/deep'].map((p) => path.join(volume, p)),
    );
  }));

for (const subPath of ['out', 'out/deeper', 'file-out', '../volume', '/etc']) {
  test(`the subPath ${subPath} cannot leave its volume`, () =>
    inDirectory(async (directory) => {
      const volume = path.join(directory, 'volume');
      await mkdir(volume);
      await writeFile(path.join(directory, 'secret'), 'x');
      await symlink('..', path.join(volume, 'out'));
      await symlink('../secret', path.join(volume, 'file-out'));
      const mounter: Mounter = { ...noMounts, bind: () => assert.fail('bound') };
      const at = { volume, subPath, target: path.join(directory, 'target') };
      await assert.rejects(bindSubPath(at, mounter), { name: 'VolumeError' });
    }));
}

test('mount points below a directory, the deepest first', () => {
  const table = '1 0 8:1 / / rw\n2 1 0:5 / /a rw\n3 2 0:6 / /a/b\\040c rw\n4 1 0:7 / /ab rw\n';
  assert.deepEqual(mountPointsUnder(table, '/a'), ['/a/b c', '/a']);
});

test('a folder that a subPath needs has the mode of its volume', () =>
  inDirectory(async (directory) => {
    const volume = path.join(directory, 'v');
    await mkdir(volume);
    await chmod(volume, 0o2777);
    await makeInside(volume, 'a/b');
    assert.equal((await stat(path.join(volume, 'a'))).mode & 0o7777, 0o2777);
    assert.equal((await stat(path.join(volume, 'a/b'))).mode & 0o7777, 0o2777);
    await symlink('/nowhere', path.join(volume, 'dangling'));
    await assert.rejects(makeInside(volume, 'dangling/x'), /leads out of its volume/);
  }));

test('a file of variables is read inside its volume only, and only when it is a short file', () =>
  inDirectory(async (directory) => {
    const volume = path.join(directory, 'v');
    await mkdir(path.join(volume, 'd'), { recursive: true });
    await writeFile(path.join(directory, 'outside'), 'secret');
    await writeFile(path.join(volume, 'f'), 'text');
    await symlink('f', path.join(volume, 'inner'));
    await symlink('../outside', path.join(volume, 'outer'));
    assert.equal(await readInside(volume, 'inner', 4), 'text');
    await assert.rejects(readInside(volume, 'outer', 100), /leads out of its volume/);
    await assert.rejects(readInside(volume, 'f', 3), /longer than 3 bytes/);
    await assert.rejects(readInside(volume, 'd', 100), /is not a file/);
  }));
