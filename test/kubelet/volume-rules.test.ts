// Sizes, owners, mount points and mounts of volumes: what setUp and mountsOf make of a pod's fields.
import assert from 'node:assert/strict';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { PodSpec, Volume, VolumeMount } from '../../src/api/types/core/v1.ts';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { createPodVolumes } from '../../src/kubelet/pod-volumes.ts';
import { writeAtomically } from '../../src/kubelet/volumes/atomic-writer.ts';
import { memorySize, pageSize } from '../../src/kubelet/volumes/empty-dir.ts';
import { makeInside, readInside } from '../../src/kubelet/volumes/inside.ts';
import { fsUserOf, giveToGroup } from '../../src/kubelet/volumes/ownership.ts';
import { nestedMountPoints } from '../../src/kubelet/volumes/written.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';
import { noMounts } from './kubelet-bed.ts';

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'volumes-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

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
