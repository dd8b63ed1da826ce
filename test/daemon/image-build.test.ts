// Programs that build images are stood in for by scripts that note what they are asked and leave an archive.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { buildImage, type ImageBuild } from '../../src/daemon/image-build.ts';

describe('an image is built', () => {
  let folder: string;
  let context: string;
  let loaded: { archive: string; content: string }[];
  const runtime = {
    async loadImages(archive: string) {
      loaded.push({ archive, content: readFileSync(archive, 'utf8') });
      return ['docker.io/library/app:1'];
    },
  };
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'build-'));
    context = path.join(folder, 'context');
    mkdirSync(path.join(folder, 'bin'));
    mkdirSync(context);
    writeFileSync(path.join(context, 'Dockerfile'), 'FROM busybox:1.36\n');
    loaded = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes "built" to the first path of an image.tar among its arguments. */
  const install = (name: string, code = 0) => {
    const archive = '$(echo "$@" | sed -n "s|.*[ :=]\\(/[^ :]*image.tar\\).*|\\1|p")';
    const script = `#!/bin/sh\necho "$@" >> ${folder}/asked\nfile="${archive}"\n[ -z "$file" ] || echo built > "$file"\nexit ${code}\n`;
    writeFileSync(path.join(folder, 'bin', name), script, { mode: 0o755 });
  };
  const asked = () =>
    readFileSync(path.join(folder, 'asked'), 'utf8')
      .replaceAll(context, 'CONTEXT')
      .replaceAll(/\/[^\s,:=]*image-build-[^/]*/g, 'OUT')
      .trim();
  const build = (more: Partial<ImageBuild> = {}) =>
    buildImage({ tag: 'app:1', context, ...more }, { runtime, search: path.join(folder, 'bin') });

  for (const [name, expected] of [
    [
      'buildctl',
      'build --frontend=dockerfile.v0 --local=context=CONTEXT --local=dockerfile=CONTEXT --opt=filename=Dockerfile --opt=build-arg:A=b --output=type=docker,name=docker.io/library/app:1,dest=OUT/image.tar',
    ],
    [
      'podman',
      'build --tag docker.io/library/app:1 --file CONTEXT/Dockerfile --build-arg A=b CONTEXT\nsave --format docker-archive --output OUT/image.tar docker.io/library/app:1',
    ],
    [
      'buildah',
      'build --tag docker.io/library/app:1 --file CONTEXT/Dockerfile --build-arg A=b CONTEXT\npush docker.io/library/app:1 docker-archive:OUT/image.tar:docker.io/library/app:1',
    ],
    [
      'docker',
      'build --tag docker.io/library/app:1 --file CONTEXT/Dockerfile --build-arg A=b CONTEXT\nsave --output OUT/image.tar docker.io/library/app:1',
    ],
  ] as const) {
    test(`by ${name}, and loaded`, async () => {
      install(name);
      assert.deepEqual(await build({ buildArgs: ['A=b'] }), ['docker.io/library/app:1']);
      assert.equal(asked(), expected);
      assert.equal(loaded[0]?.content, 'built\n');
      assert.equal(existsSync(path.dirname(loaded[0]?.archive ?? '')), false, 'nothing is left');
    });
  }

  test('from another file', async () => {
    install('podman');
    const file = path.join(folder, 'Other');
    writeFileSync(file, '');
    await build({ file });
    assert.match(asked(), new RegExp(`--file ${file}`));
  });

  test('not without a program that can', async () =>
    assert.rejects(build(), /^Error: nothing here builds images: install buildkit .*podman, buildah or docker/));

  test('not when the program fails, and nothing is loaded', async () => {
    install('podman', 3);
    await assert.rejects(build(), /^Error: podman did not build the image; it says above why/);
    assert.deepEqual(loaded, []);
  });

  for (const [what, more, expected] of [
    ['a Dockerfile', { file: '/nonexistent/Dockerfile' }, 'there is no /nonexistent/Dockerfile'],
    ['a folder', { context: '/nonexistent' }, 'there is no folder /nonexistent to build from'],
    [
      'a Dockerfile in the folder',
      { context: os.devNull },
      `there is no Dockerfile in ${os.devNull}; name it with --file`,
    ],
    ['a value of an argument', { buildArgs: ['A'] }, '--build-arg must be NAME=VALUE, not "A"'],
  ] as const) {
    test(`not without ${what}`, async () => {
      install('podman');
      await assert.rejects(build(more), { message: expected });
    });
  }
});
