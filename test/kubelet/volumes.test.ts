import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { ConfigMap, Pod, Secret, Volume } from '../../src/api/types/core/v1.ts';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { mountPointsUnder } from '../../src/kubelet/mounts.ts';
import { createPodVolumes } from '../../src/kubelet/pod-volumes.ts';
import { writeAtomically } from '../../src/kubelet/volumes/atomic-writer.ts';
import { bindSubPath } from '../../src/kubelet/volumes/sub-path.ts';
import type { VolumeObjects } from '../../src/kubelet/volumes/volume.ts';
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

const CONFIG = { metadata: { name: 'conf' }, data: { a: 'A', b: 'B' }, binaryData: { raw: 'AAE=' } } as ConfigMap;
const SECRET = { metadata: { name: 'keys' }, data: { token: Buffer.from('s3cret').toString('base64') } } as Secret;

const objects: VolumeObjects = {
  configMap: async (name) => (name === 'conf' ? CONFIG : undefined),
  secret: async (name) => (name === 'keys' ? SECRET : undefined),
  persistentVolumeClaim: async (name) =>
    name === 'absent'
      ? undefined
      : ({
          metadata: { name, namespace: 'default', uid: `uid-${name}` },
          spec: { volumeName: `pv-${name}` },
          status: { phase: name === 'wait' ? 'Pending' : 'Bound' },
        } as never),
  persistentVolume: async (name) => {
    const claimRef = { uid: name === 'pv-lost' ? 'uid-of-another' : name.replace('pv-', 'uid-') };
    const source = name === 'pv-local' ? { local: { path: '/no/such/disk' } } : { hostPath: { path: '/tmp' } };
    return { metadata: { name }, spec: { claimRef, ...source } } as never;
  },
  serviceAccountToken: async () => ({ token: 'signed', refreshAt: 99 }),
};

const volumesOf = (directory: string, mounter: Mounter = noMounts) =>
  createPodVolumes({
    directory,
    objects: { of: () => objects, forget: () => undefined, runtimeHandler: async () => undefined },
    node: () => ({ nodeName: 'n', hostIPs: [], allocatable: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1Gi' } }),
    mounter,
    clock: fakeClock(),
  });

const podWith = (volume: object, parts: object = {}): Pod =>
  podObject('web', {
    metadata: { labels: { app: 'web' } },
    spec: { volumes: [{ name: 'v', ...volume } as Volume], ...parts },
  });

for (const { what, volume, file, expected } of [
  { what: 'a key of a ConfigMap', volume: { configMap: { name: 'conf' } }, file: 'a', expected: 'A' },
  { what: 'binary data', volume: { configMap: { name: 'conf' } }, file: 'raw', expected: '\0\u0001' },
  {
    what: 'an item under another path',
    volume: { configMap: { name: 'conf', items: [{ key: 'b', path: 'x/y' }] } },
    file: 'x/y',
    expected: 'B',
  },
  { what: 'a key of a Secret', volume: { secret: { secretName: 'keys' } }, file: 'token', expected: 's3cret' },
  {
    what: 'labels',
    volume: { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    file: 'l',
    expected: 'app="web"',
  },
  {
    what: "the node's memory for a limit that is not set",
    volume: {
      downwardAPI: {
        items: [{ path: 'm', resourceFieldRef: { containerName: 'main', resource: 'limits.memory', divisor: '1Mi' } }],
      },
    },
    file: 'm',
    expected: '1024',
  },
  {
    what: 'a token',
    volume: { projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'conf' } }] } },
    file: 'token',
    expected: 'signed',
  },
]) {
  test(`a volume holds ${what}`, () =>
    inDirectory(async (directory) => {
      const volumes = volumesOf(directory);
      const pod = podWith(volume);
      const { refreshAt } = await volumes.setUp(pod);
      const [mount] = await volumes.mountsOf({ name: 'main', volumeMounts: [{ name: 'v', mountPath: '/data' }] }, []);
      assert.equal(await readFile(path.join(mount?.hostPath ?? '', file), 'utf8'), expected);
      assert.equal(refreshAt, what === 'a token' ? 99 : undefined);
    }));
}

for (const { what, volume, message } of [
  { what: 'a missing ConfigMap', volume: { configMap: { name: 'no' } }, message: 'configmap "no" not found' },
  { what: 'a missing Secret', volume: { secret: { secretName: 'no' } }, message: 'secret "no" not found' },
  {
    what: 'a missing key',
    volume: { configMap: { name: 'conf', items: [{ key: 'no', path: 'x' }] } },
    message: 'configmap references non-existent config key: no',
  },
  {
    what: 'a host path of another type',
    volume: { hostPath: { path: '/tmp', type: 'File' } },
    message: 'hostPath type check failed: /tmp is not a file',
  },
  {
    what: 'a missing key of a Secret',
    volume: { secret: { secretName: 'keys', items: [{ key: 'no', path: 'x' }] } },
    message: 'references non-existent secret key: no',
  },
  {
    what: 'several sources of one volume',
    volume: { projected: { sources: [{ configMap: { name: 'no' } }, { secret: { name: 'no' } }] } },
    message: '[configmap "no" not found, secret "no" not found]',
  },
  { what: 'a medium nobody knows', volume: { emptyDir: { medium: 'Tape' } }, message: 'unknown storage medium "Tape"' },
  {
    what: 'huge pages nobody asked for',
    volume: { emptyDir: { medium: 'HugePages' } },
    message: 'medium HugePages: hugePages storage requested, but there is no resource request for huge pages',
  },
]) {
  test(`a volume says what is wrong with ${what}`, () =>
    inDirectory(async (directory) => {
      const messages = [`MountVolume.SetUp failed for volume "v" : ${message}`];
      await assert.rejects(volumesOf(directory).setUp(podWith(volume)), { name: 'PodVolumesError', messages });
    }));
}

const UNPROCESSED =
  'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: ';

for (const { what, volume, message } of [
  {
    what: 'a claim that is not bound',
    volume: { persistentVolumeClaim: { claimName: 'wait' } },
    message: `${UNPROCESSED}error processing PVC default/wait: PVC is not bound`,
  },
  {
    what: 'a claim that is not there',
    volume: { persistentVolumeClaim: { claimName: 'absent' } },
    message: `${UNPROCESSED}error processing PVC default/absent: failed to fetch PVC from API server: persistentvolumeclaims "absent" not found`,
  },
  {
    what: 'a volume that was bound to another claim',
    volume: { persistentVolumeClaim: { claimName: 'lost' } },
    message: `${UNPROCESSED}error processing PVC default/lost: found PV object pv-lost but its pv.Spec.ClaimRef.UID uid-of-another does not point to claim.UID uid-lost`,
  },
  {
    what: "a claim of the pod's that another made",
    volume: { ephemeral: {} },
    message: `${UNPROCESSED}PVC default/web-v was not created for pod default/web (pod is not owner)`,
  },
  {
    what: 'a local volume whose path is gone, by the name of the PersistentVolume',
    volume: { persistentVolumeClaim: { claimName: 'local' } },
    message: 'MountVolume.SetUp failed for volume "pv-local" : path "/no/such/disk" does not exist',
  },
  {
    what: 'a type that is not served',
    volume: { iscsi: {} },
    message: 'the type of volume "v" is not supported by this kubelet',
  },
]) {
  test(`of ${what} the pod is told`, () =>
    inDirectory(async (directory) => {
      await assert.rejects(volumesOf(directory).setUp(podWith(volume)), { messages: [message] });
    }));
}

test('each volume that fails is told', () =>
  inDirectory(async (directory) => {
    const volumes = ['a', 'b'].map((name) => ({ name, configMap: { name: `no-${name}` } }));
    await assert.rejects(volumesOf(directory).setUp(podObject('web', { spec: { volumes } })), {
      messages: ['a', 'b'].map(
        (name) => `MountVolume.SetUp failed for volume "${name}" : configmap "no-${name}" not found`,
      ),
    });
  }));

test('what is optional may be missing', () =>
  inDirectory(async (directory) => {
    await volumesOf(directory).setUp(podWith({ configMap: { name: 'no', optional: true } }));
  }));

test('a claim that is bound is its volume', () =>
  inDirectory(async (directory) => {
    const volumes = volumesOf(directory);
    await volumes.setUp(podWith({ persistentVolumeClaim: { claimName: 'bound' } }));
    const [mount] = await volumes.mountsOf(
      { name: 'm', volumeMounts: [{ name: 'v', mountPath: '/d', readOnly: true }] },
      [],
    );
    assert.deepEqual(mount, { hostPath: '/tmp', containerPath: '/d', readOnly: true, propagation: 'private' });
  }));

for (const { what, volume, readOnly } of [
  { what: 'a ConfigMap', volume: { configMap: { name: 'no', optional: true } }, readOnly: true },
  { what: 'an empty directory', volume: { emptyDir: {} }, readOnly: false },
  { what: 'a claim', volume: { persistentVolumeClaim: { claimName: 'bound' } }, readOnly: false },
  {
    what: 'a claim to read only',
    volume: { persistentVolumeClaim: { claimName: 'bound', readOnly: true } },
    readOnly: true,
  },
]) {
  test(`${what} can ${readOnly ? 'not ' : ''}be written to by containers`, () =>
    inDirectory(async (directory) => {
      const volumes = volumesOf(directory);
      await volumes.setUp(podWith(volume));
      const [mount] = await volumes.mountsOf({ name: 'm', volumeMounts: [{ name: 'v', mountPath: '/d' }] }, []);
      assert.equal(mount?.readOnly, readOnly);
    }));
}

test('taking down unmounts before it removes, and removes nothing while something is mounted', () =>
  inDirectory(async (directory) => {
    let points = [`${directory}/volumes/x`];
    const mounter: Mounter = {
      ...noMounts,
      under: async () => points,
      unmount: async () => undefined,
    };
    const volumes = volumesOf(directory, mounter);
    await mkdir(path.join(directory, 'volumes'));
    await assert.rejects(volumes.tearDown(), /still mounted/);
    await stat(path.join(directory, 'volumes'));
    points = [];
    await volumes.tearDown();
    await assert.rejects(stat(directory), { code: 'ENOENT' });
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
