// Images that are pinned, in a containerd of the test's own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { run } from '../../../../src/exec.ts';
import { type Harness, onPath, subjects } from '../harness.ts';

const subject = subjects.find(({ name }) => name === 'nerdctl')!;
const unavailable = subject.unavailable ?? (onPath('ctr') ? false : 'needs ctr');
const NAME = 'docker.io/library/busybox:1.36';

describe('an image that is pinned', { skip: unavailable, timeout: 60_000 }, () => {
  let harness: Harness;
  before(async () => {
    harness = await subject.open();
  });
  after(() => harness?.close());

  const label = (value: string) =>
    run([
      ...['ctr', '--address', harness.address as string, '--namespace', 'k8s.io'],
      ...['images', 'label', NAME, `io.cri-containerd.pinned=${value}`],
    ]);
  const pinned = async () =>
    (await harness.runtime.listImages()).flatMap(({ repoTags, isPinned }) => (isPinned ? repoTags : []));

  test('is told as such, whatever other names it has, until it is not', async () => {
    assert.deepEqual(await pinned(), []);
    await label('pinned');
    assert.ok((await pinned()).includes(NAME));
    await label('');
    assert.deepEqual(await pinned(), []);
  });
});
