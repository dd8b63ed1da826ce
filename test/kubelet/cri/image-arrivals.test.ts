// When an image that came into containerd is told: not before it is unpacked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerdEvent } from '../../../src/kubelet/cri/containerd/events.ts';
import { createImageArrivals } from '../../../src/kubelet/cri/image-arrivals.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function bed() {
  const clock = fakeClock();
  const told: string[] = [];
  const arrivals = createImageArrivals({ clock, arrived: (name) => void told.push(name) });
  const event = (topic: string, { name, key }: { name?: string; key?: string }) => {
    const subject: Partial<ContainerdEvent> = key === undefined ? { imageName: name } : { snapshotKey: key };
    arrivals.apply({ topic, at: 0, ...subject });
  };
  return { clock, told, event, arrivals };
}

test('an image is told once when all is quiet', async () => {
  const { clock, told, event } = bed();
  event('/images/create', { name: 'docker.io/library/app:1' });
  await clock.advance(100);
  event('/images/update', { name: 'docker.io/library/app:1' });
  await clock.advance(100);
  assert.deepEqual(told, []);
  await clock.advance(100);
  assert.deepEqual(told, ['docker.io/library/app:1']);
  event('/snapshot/prepare', { key: 'a-container' });
  await clock.advance(1000);
  assert.equal(told.length, 1);
});

test('an image is told when its layers are unpacked, however long that takes', async () => {
  const { clock, told, event } = bed();
  event('/images/create', { name: 'app:1' });
  event('/snapshot/prepare', { key: 'extract-1 sha256:01' });
  await clock.advance(10_000);
  event('/snapshot/prepare', { key: 'a-container' });
  await clock.advance(10_000);
  assert.deepEqual(told, []);
  event('/snapshot/commit', { key: 'extract-1 sha256:01' });
  await clock.advance(150);
  assert.deepEqual(told, ['app:1']);
});

test('an unpacking that was broken off does not hold other images for good', async () => {
  const { clock, told, event } = bed();
  event('/images/create', { name: 'app:1' });
  event('/snapshot/prepare', { key: 'extract-1 sha256:01' });
  await clock.advance(60_000);
  assert.deepEqual(told, ['app:1']);
  event('/images/create', { name: 'app:2' });
  await clock.advance(150);
  assert.deepEqual(told, ['app:1', 'app:2']);
});

test('an image that went again, or a driver that stops, tells nothing', async () => {
  const { clock, told, event, arrivals } = bed();
  event('/images/create', { name: 'app:1-tmp' });
  event('/images/delete', { name: 'app:1-tmp' });
  await clock.advance(1000);
  event('/images/create', { name: 'app:2' });
  arrivals.stop();
  await clock.advance(1000);
  assert.deepEqual(told, []);
});
