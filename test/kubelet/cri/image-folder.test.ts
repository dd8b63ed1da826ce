import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { writeTestImages } from '../../../scripts/test-images.ts';
import { loadImageFolder } from '../../../src/kubelet/cri/image-folder.ts';
import { type ImageStatus, RuntimeError } from '../../../src/kubelet/cri/runtime.ts';

describe('the images folder', () => {
  let directory: string;
  let present: Set<string>;
  let records: { level: number; msg?: string }[];
  const log = pino({ level: 'trace' }, { write: (line: string) => void records.push(JSON.parse(line)) });
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'img-'));
    present = new Set();
    records = [];
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** An archive's text is the image's name; "broken" cannot be loaded. */
  const load = () =>
    loadImageFolder({
      folder: directory,
      memory: path.join(directory, 'loaded.json'),
      log,
      runtime: {
        async loadImages(file) {
          const name = readFileSync(file, 'utf8');
          if (name === 'broken') throw new RuntimeError('ImageLoadError', `${file} is not a whole image archive`);
          present.add(name);
          return [name];
        },
        imageStatus: async (name) => (present.has(name) ? ({ id: name } as ImageStatus) : undefined),
      },
    });
  const loaded = async () => (await load()).loaded;
  const put = (file: string, text: string) => writeFileSync(path.join(directory, file), text);

  test('each content is loaded once, whatever the file is called', async () => {
    put('a.tar', 'app:1');
    put('b.tar.zst', 'app:2');
    put('d.tar.gz', 'app:5');
    put('readme.txt', 'app:3');
    assert.deepEqual(await loaded(), ['app:1', 'app:2', 'app:5']);
    renameSync(path.join(directory, 'a.tar'), path.join(directory, 'c.tgz'));
    assert.deepEqual(await loaded(), []);
    put('c.tgz', 'another:4');
    assert.deepEqual(await loaded(), ['another:4']);
  });

  test('an image that was removed is loaded again', async () => {
    put('a.tar', 'app:1');
    await load();
    present.delete('app:1');
    assert.deepEqual(await loaded(), ['app:1']);
  });

  test('an archive that cannot be read does not stop the others, and is told in one line without a stack', async () => {
    put('a.tar', 'broken');
    put('b.tar', 'app:2');
    assert.deepEqual(await load(), { loaded: ['app:2'], failed: ['a.tar'] });
    const errors = records.filter((record) => record.level === 50);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]?.msg), /^image archive not loaded: \S+a\.tar is not a whole image archive$/);
    assert.ok(!JSON.stringify(errors).includes('stack'));
  });

  test('a memory that cannot be read is told, and everything counts as new', async () => {
    put('a.tar', 'app:1');
    await load();
    put('loaded.json', '{');
    assert.deepEqual(await loaded(), ['app:1']);
    assert.equal(records.filter((record) => record.level === 40).length, 1);
    assert.deepEqual(await loaded(), []);
  });

  test('a folder that is not there holds nothing', async () => {
    rmSync(directory, { recursive: true });
    assert.deepEqual(await load(), { loaded: [], failed: [] });
  });
});

test('the test images are the same bytes each time', () => {
  const directories = [1, 2].map(() => mkdtempSync(path.join(os.tmpdir(), 'img-')));
  try {
    const [first, second] = directories.map((directory) =>
      writeTestImages(directory).map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')),
    );
    assert.deepEqual(first, second);
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  }
});
