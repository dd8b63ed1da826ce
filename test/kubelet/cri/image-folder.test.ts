import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { writeTestImages } from '../../../scripts/test-images.ts';
import { loadImageFolder } from '../../../src/kubelet/cri/image-folder.ts';
import { type ImageStatus, RuntimeError } from '../../../src/kubelet/cri/runtime.ts';
import { silentLogger as log } from '../../../src/log.ts';

describe('the images folder', () => {
  let directory: string;
  let present: Set<string>;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'img-'));
    present = new Set();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** An archive's text is the image's name; "broken" cannot be loaded. */
  const load = () =>
    loadImageFolder({
      directory,
      stateFile: path.join(directory, 'loaded.json'),
      log,
      runtime: {
        async loadImages(file) {
          const name = readFileSync(file, 'utf8');
          if (name === 'broken') throw new RuntimeError('ImageLoadError', 'broken');
          present.add(name);
          return [name];
        },
        imageStatus: async (name) => (present.has(name) ? ({ id: name } as ImageStatus) : undefined),
      },
    });
  const put = (file: string, text: string) => writeFileSync(path.join(directory, file), text);

  test('each content is loaded once, whatever the file is called', async () => {
    put('a.tar', 'app:1');
    put('b.tar.zst', 'app:2');
    put('readme.txt', 'app:3');
    assert.deepEqual(await load(), ['app:1', 'app:2']);
    renameSync(path.join(directory, 'a.tar'), path.join(directory, 'c.tar.gz'));
    assert.deepEqual(await load(), []);
    put('c.tar.gz', 'app:4');
    assert.deepEqual(await load(), ['app:4']);
  });

  test('an image that was removed is loaded again', async () => {
    put('a.tar', 'app:1');
    await load();
    present.delete('app:1');
    assert.deepEqual(await load(), ['app:1']);
  });

  test('an archive that cannot be read does not stop the others', async () => {
    put('a.tar', 'broken');
    put('b.tar', 'app:2');
    assert.deepEqual(await load(), ['app:2']);
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
