import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerStatus, ImageStatus } from '../../../src/kubelet/cri/runtime.ts';
import { removeEndedPods } from '../../../src/kubelet/garbage/containers.ts';
import { createImageCollector } from '../../../src/kubelet/garbage/images.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { podObject } from '../../support/objects.ts';

const image = (name: string, size = 100, repoTags = [`docker.io/library/${name}:1`]): ImageStatus => ({
  id: `sha256:${name}`,
  repoTags,
  repoDigests: [`${name}@sha256:${name}`],
  size,
  entrypoint: [],
  cmd: [],
});
const SETTINGS = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000, maxAgeMs: 0 };
const MINUTE = 60_000;

function bed(images: ImageStatus[], change: Partial<typeof SETTINGS> = {}) {
  const clock = fakeClock();
  const state = { images, stuck: '', inUse: [] as string[], room: { capacityBytes: 1000, availableBytes: 500 } };
  const removed: string[] = [];
  const told: string[] = [];
  const collector = createImageCollector({
    runtime: {
      listImages: async () => state.images,
      listContainers: async () => state.inUse.map((name) => ({ image: name, imageId: name }) as ContainerStatus),
      async removeImage(name) {
        if (name === state.stuck) throw new Error('in use');
        removed.push(name);
        state.images = state.images.filter(({ id, repoTags }) => id !== name && !repoTags.includes(name));
      },
    },
    clock,
    log: silentLogger,
    events: { event: (_, type, reason, message) => void told.push(`${type} ${reason} ${message}`) },
    nodeName: 'node-1',
    settings: { ...SETTINGS, ...change },
    room: async () => state.room,
    removed: (reason) => void told.push(reason),
  });
  return { clock, state, removed, told, collector };
}

describe('images that nobody uses', () => {
  test('stay while there is room', async () => {
    const { collector, clock, removed } = bed([image('a')]);
    await collector.collect();
    await clock.advance(10 * MINUTE);
    await collector.collect();
    assert.deepEqual(removed, []);
  });

  test('go above the high threshold until the low one is reached, the longest unused first', async () => {
    const { collector, clock, state, removed, told } = bed([
      image('used'),
      image('old'),
      image('older'),
      image('newest'),
    ]);
    state.inUse = ['old:1', 'used:1', 'newest:1'];
    await collector.collect();
    await clock.advance(5 * MINUTE);
    state.inUse = ['used:1', 'newest:1'];
    await collector.collect();
    await clock.advance(5 * MINUTE);
    state.inUse = ['sha256:used'];
    state.room = { capacityBytes: 1000, availableBytes: 50 };
    await collector.collect();
    assert.deepEqual(removed, ['docker.io/library/older:1', 'docker.io/library/old:1'], '150 are wanted, 200 freed');
    assert.deepEqual(told, ['space', 'space']);
  });

  test('stay when the runtime has them pinned', async () => {
    const { collector, clock, removed } = bed([{ ...image('pause'), isPinned: true }, image('other')]);
    await collector.removeUnused();
    await clock.advance(10 * MINUTE);
    await collector.removeUnused();
    assert.deepEqual(removed, ['docker.io/library/other:1']);
  });

  test('stay for as long as they may be about to be used', async () => {
    const { collector, clock, state, removed, told } = bed([image('new')]);
    state.room = { capacityBytes: 1024 ** 2, availableBytes: 0 };
    await collector.collect();
    assert.deepEqual(removed, []);
    assert.match(
      told[0] ?? '',
      /^Warning FreeDiskSpaceFailed Insufficient free disk space on the node's image filesystem \(100% of 1\.0 MiB used\)\. Failed to free sufficient space by deleting unused images \(freed 0 bytes\)\./,
    );
    await clock.advance(2 * MINUTE);
    await collector.collect();
    assert.deepEqual(removed, ['docker.io/library/new:1']);
  });

  test('go by every name they have, or by their id', async () => {
    const { collector, clock, removed } = bed([image('a', 1, ['a:1', 'a:2']), image('b', 1, [])]);
    await collector.collect();
    await clock.advance(2 * MINUTE);
    await collector.removeUnused();
    assert.deepEqual(removed, ['a:1', 'a:2', 'sha256:b']);
  });

  test('go for their age, when the kubelet has been there for so long', async () => {
    const { collector, clock, state, removed, told } = bed([image('a'), image('used')], { maxAgeMs: 30 * MINUTE });
    state.inUse = ['sha256:used'];
    await collector.collect();
    await clock.advance(30 * MINUTE);
    await collector.collect();
    assert.deepEqual(removed, []);
    await clock.advance(MINUTE);
    await collector.collect();
    assert.deepEqual([removed, told], [['docker.io/library/a:1'], ['age']]);
  });

  test('hold up no other when one cannot be removed', async () => {
    const { collector, clock, state, removed, told } = bed([image('a'), image('b')]);
    await collector.collect();
    await clock.advance(2 * MINUTE);
    state.stuck = 'docker.io/library/a:1';
    await collector.removeUnused();
    assert.deepEqual([removed, told], [['docker.io/library/b:1'], ['space']]);
  });

  test('stay on a full disk where they shall', async () => {
    const { collector, clock, state, removed, told } = bed([image('a')], { highPercent: 100 });
    state.room = { capacityBytes: 1000, availableBytes: 0 };
    await collector.collect();
    await clock.advance(10 * MINUTE);
    await collector.collect();
    assert.deepEqual([removed, told], [[], []]);
  });

  test('a file system that says it has nothing is told of', async () => {
    const { collector, state, told } = bed([]);
    state.room = { capacityBytes: 0, availableBytes: 0 };
    await collector.collect();
    assert.deepEqual(told, ['Warning InvalidDiskCapacity invalid capacity 0 on image filesystem']);
  });
});

test('containers of pods that ended go when the disk is needed, those of others stay', async () => {
  const removed: string[] = [];
  const pod = (uid: string) => ({ namespace: 'default', name: uid, uid });
  await removeEndedPods({
    pods: () => [
      podObject('done', { metadata: { uid: 'done' }, status: { phase: 'Succeeded' } }),
      podObject('lives', { metadata: { uid: 'lives' }, status: { phase: 'Running' } }),
    ],
    runtime: {
      listContainers: async () =>
        [
          { id: 'c1', sandboxId: 's1', pod: pod('done'), state: 'exited' },
          { id: 'c2', sandboxId: 's2', pod: pod('lives'), state: 'exited' },
          { id: 'c3', sandboxId: 's3', pod: pod('done'), state: 'running' },
        ] as ContainerStatus[],
      listSandboxes: async () =>
        (['s1', 's2', 's3'] as const).map((id) => ({
          id,
          pod: pod(id === 's2' ? 'lives' : 'done'),
          attempt: 0,
          state: 'notReady',
          createdAt: 0,
          ips: [],
        })),
      removeContainer: async (id) => void removed.push(id),
      removeSandbox: async (id) => void removed.push(id),
    },
  });
  assert.deepEqual(removed, ['c1', 's1']);
});
