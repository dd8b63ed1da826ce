// Sizes, users, mount points and mounts of volumes: what becomes of a pod's fields.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { PodSpec, Volume, VolumeMount } from '../../src/api/types/core/v1.ts';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { createPodVolumes } from '../../src/kubelet/pod-volumes.ts';
import { memorySize, pageSize } from '../../src/kubelet/volumes/empty-dir.ts';
import { fsUserOf } from '../../src/kubelet/volumes/ownership.ts';
import { nestedMountPoints } from '../../src/kubelet/volumes/written.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';
import { inDirectory } from './in-directory.ts';
import { noMounts } from './kubelet-bed.ts';

const NODE = { nodeName: 'n', hostIPs: [], allocatable: { cpu: '2', memory: '8Mi', 'ephemeral-storage': '1Gi' } };
const podWith = (spec: Partial<PodSpec>) => podObject('web', { spec });
const limited = (memory: string) => ({ resources: { limits: { memory } } });

for (const { what, sizeLimit, spec, expected } of [
  { what: 'what the node gives', sizeLimit: undefined, spec: {}, expected: 8 },
  { what: 'its own limit', sizeLimit: '2Mi', spec: {}, expected: 2 },
  { what: 'what the node gives for a greater limit', sizeLimit: '1Gi', spec: {}, expected: 8 },
  {
    what: 'what its containers may use together',
    sizeLimit: '4Mi',
    spec: {
      containers: [
        { name: 'a', ...limited('1Mi') },
        { name: 'b', ...limited('2Mi') },
      ],
      initContainers: [{ name: 'i', ...limited('2Mi') }],
    },
    expected: 3,
  },
  {
    what: 'its own limit beside a container without one',
    sizeLimit: '4Mi',
    spec: { containers: [{ name: 'a', ...limited('1Mi') }, { name: 'b' }] },
    expected: 4,
  },
  { what: "the pod's limit", sizeLimit: undefined, spec: { ...limited('5Mi') }, expected: 5 },
]) {
  test(`a volume in memory has ${what}`, () => {
    assert.equal(memorySize(podWith(spec), NODE, sizeLimit), expected * 1024 ** 2);
  });
}

const huge = (...names: string[]) =>
  podWith({ containers: [{ name: 'a', resources: { requests: Object.fromEntries(names.map((n) => [n, '1'])) } }] });

test('huge pages are of the size that the pod asks for', () => {
  assert.equal(pageSize(huge('hugepages-2Mi'), 'HugePages'), '2Mi');
  assert.equal(pageSize(huge('hugepages-2Mi', 'hugepages-1Gi'), 'HugePages-1Gi'), '1Gi');
  assert.throws(() => pageSize(huge('hugepages-2Mi', 'hugepages-1Gi'), 'HugePages'), /multiple huge page sizes/);
  assert.throws(() => pageSize(huge('hugepages-2Mi'), 'HugePages-1Gi'), /no resource request for huge pages/);
});

test('the one user of all containers', () => {
  const own = (name: string, runAsUser?: number) => ({ name, securityContext: { runAsUser } });
  assert.equal(fsUserOf(podWith({ containers: [own('a', 5), own('b', 5)] })), 5);
  assert.equal(fsUserOf(podWith({ containers: [own('a', 5), own('b', 6)] })), undefined);
  assert.equal(fsUserOf(podWith({ containers: [own('a', 5), own('b')] })), undefined);
  assert.equal(fsUserOf(podWith({ containers: [own('a', 5), own('b')], securityContext: { runAsUser: 5 } })), 5);
});

test('other volumes find a folder to be mounted on, those below them do not', () => {
  const at = (name: string, mountPath: string) => ({ name, mountPath });
  const mounts = [
    at('v', '/d'),
    at('x', '/d/nested'),
    at('y', '/d/nested/deeper'),
    at('z', '/d/nested-too/'),
    at('u', '/dx'),
  ];
  assert.deepEqual(nestedMountPoints('v', podWith({ containers: [{ name: 'a', volumeMounts: mounts }] })), [
    'nested',
    'nested-too',
  ]);
});

const withVolume = (volume: Omit<Volume, 'name'>, use: (mountOf: Mount, directory: string) => Promise<void>) =>
  inDirectory(async (directory) => {
    const mounter: Mounter = noMounts;
    const clock = fakeClock();
    const objects = { of: () => ({}) as never, forget: () => undefined, runtimeHandler: async () => undefined };
    const volumes = createPodVolumes({ directory, objects, node: () => NODE, mounter, clock });
    await volumes.setUp(podWith({ volumes: [{ name: 'v', ...volume }] }));
    const mountOf: Mount = async (mount, env = {}) => {
      const container = { name: 'main', volumeMounts: [{ name: 'v', mountPath: '/d', ...mount }] };
      const list = Object.entries(env).map(([name, value]) => ({ name, value }));
      return (await volumes.mountsOf(container, list))[0];
    };
    await use(mountOf, directory);
  });
type Mount = (mount: Partial<VolumeMount>, env?: Record<string, string>) => Promise<object | undefined>;

for (const { mount, message } of [
  {
    mount: { recursiveReadOnly: 'Enabled' },
    message: /volume "v" requested recursive read-only mode, but it is not read-only/,
  },
  {
    mount: { recursiveReadOnly: 'IfPossible', readOnly: true, mountPropagation: 'HostToContainer' },
    message: /but it is not compatible with propagation "HostToContainer"/,
  },
  { mount: { subPathExpr: '$(B)/$(A)/$(C)' }, message: /^missing value for A, B$/ },
  { mount: { subPath: '../x' }, message: /^failed to prepare subPath for volumeMount "v" of container "main": / },
  { mount: { name: 'w' }, message: /^cannot find volume "w" to mount into container "main"$/ },
] as const) {
  test(`a mount of ${JSON.stringify(mount)} is refused`, () =>
    withVolume({ emptyDir: {} }, async (mountOf) => {
      await assert.rejects(mountOf(mount, { B: '', C: 'c' }), { reason: 'CreateContainerConfigError', message });
    }));
}

test('a mount is read only in all that is mounted below it when it says so', () =>
  withVolume({ emptyDir: {} }, async (mountOf, directory) => {
    assert.deepEqual(await mountOf({ readOnly: true, recursiveReadOnly: 'Enabled', mountPath: 'd' }), {
      hostPath: path.join(directory, 'volumes/kubernetes.io~empty-dir/v'),
      containerPath: '/d',
      readOnly: true,
      recursiveReadOnly: true,
      propagation: 'private',
    });
  }));

test('an image is mounted by the runtime, read only', () =>
  withVolume({ image: { reference: 'web:1' } }, async (mountOf) => {
    assert.deepEqual(await mountOf({ subPath: 'usr/share' }), {
      hostPath: '',
      image: { reference: 'web:1', subPath: 'usr/share' },
      containerPath: '/d',
      readOnly: true,
      propagation: 'private',
    });
  }));
