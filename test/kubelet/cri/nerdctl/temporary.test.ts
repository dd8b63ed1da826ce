// What a nerdctl that was killed while it created a container leaves behind.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createNerdctl } from '../../../../src/kubelet/cri/nerdctl/cli.ts';
import { emptyTemporary } from '../../../../src/kubelet/cri/nerdctl/temporary.ts';
import { hostMounter } from '../../../../src/kubelet/mounts.ts';
import { temporaryDirectory } from '../../../storage/drivers.ts';
import { subjects } from '../harness.ts';

test('an image that is still mounted is unmounted before the folder is emptied', async (t) => {
  const folder = path.join(await temporaryDirectory(t), 'nerdctl');
  await emptyTemporary(folder, { under: async () => [], unmount: () => assert.fail('nothing is mounted') });
  const mounted = path.join(folder, 'initialC1');
  mkdirSync(mounted);
  writeFileSync(path.join(mounted, 'of the image'), '');
  const told: string[] = [];
  await emptyTemporary(folder, {
    under: async (directory) => (directory === folder ? [mounted] : []),
    async unmount(target) {
      told.push(`${target} with ${readdirSync(target)}`);
    },
  });
  assert.deepEqual(told, [`${mounted} with of the image`]);
  assert.deepEqual(readdirSync(folder), []);
});

test('nerdctl makes its short-lived files there', async (t) => {
  const folder = await temporaryDirectory(t);
  const binary = path.join(folder, 'nerdctl');
  writeFileSync(binary, '#!/bin/sh\nprintf %s "$TMPDIR"\n');
  chmodSync(binary, 0o755);
  const place = { binary, address: '/a', dataRoot: folder };
  const nerdctl = createNerdctl({ ...place, temporary: '/of/its/own' });
  assert.equal((await nerdctl.run('StatusError', ['ps'])).stdout, '/of/its/own');
});

const subject = subjects.find(({ name }) => name === 'nerdctl')!;

test('the next server takes away what is mounted there', { skip: subject.unavailable, timeout: 60_000 }, async (t) => {
  const harness = await subject.open();
  t.after(() => harness.close());
  const folder = path.join(harness.directories?.runDir ?? '', 'runtime/nerdctl');
  const left = path.join(folder, 'initialC1');
  mkdirSync(left);
  await hostMounter.tmpfs(left);
  await harness.restart();
  assert.deepEqual(await hostMounter.under(folder), []);
  assert.deepEqual(readdirSync(folder), []);
});
