import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { ConfigMap, Pod, Secret, Volume } from '../../src/api/types/core/v1.ts';
import type { Mounter } from '../../src/kubelet/mounts.ts';
import { createPodVolumes } from '../../src/kubelet/pod-volumes.ts';
import type { VolumeObjects } from '../../src/kubelet/volumes/volume.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';
import { inDirectory } from './in-directory.ts';
import { noMounts } from './kubelet-bed.ts';

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
    if (name.startsWith('pv-block')) {
      const place = name === 'pv-block' ? blockDevice : '/tmp';
      return { metadata: { name }, spec: { claimRef, volumeMode: 'Block', local: { path: place } } } as never;
    }
    if (name.startsWith('pv-of-')) {
      const values = [name.replace('pv-of-', '')];
      const nodeSelectorTerms = [{ matchExpressions: [{ key: 'disk', operator: 'In', values }] }];
      const nodeAffinity = { required: { nodeSelectorTerms } };
      return { metadata: { name }, spec: { claimRef, nodeAffinity, local: { path: '/tmp' } } } as never;
    }
    const source = name === 'pv-local' ? { local: { path: '/no/such/disk' } } : { hostPath: { path: '/tmp' } };
    return { metadata: { name }, spec: { claimRef, ...source } } as never;
  },
  node: async () => ({ metadata: { name: 'node-1', labels: { disk: 'fast' } } }) as never,
  serviceAccountToken: async () => ({ token: 'signed', refreshAt: 99 }),
};

/** Any of this host's; it is only looked at. */
const blockDevice = path.join(
  '/dev',
  readdirSync('/sys/class/block').find((name) =>
    statSync(`/dev/${name}`, { throwIfNoEntry: false })?.isBlockDevice(),
  ) ?? '',
);

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
    what: 'a volume of another node',
    volume: { persistentVolumeClaim: { claimName: 'of-slow' } },
    message: 'MountVolume.NodeAffinity check failed for volume "pv-of-slow" : no matching NodeSelectorTerms',
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

test('a claim to a device is a device, to read only when it says so', () =>
  inDirectory(async (directory) => {
    const volumes = volumesOf(directory);
    await volumes.setUp(podWith({ persistentVolumeClaim: { claimName: 'block', readOnly: true } }));
    const container = { name: 'm', volumeDevices: [{ name: 'v', devicePath: '/dev/data' }] };
    const [device] = volumes.devicesOf(container);
    assert.deepEqual(device, { hostPath: blockDevice, containerPath: '/dev/data', permissions: 'r' });
  }));

for (const { claimName, use, message } of [
  {
    claimName: 'block',
    use: { volumeMounts: [{ name: 'v', mountPath: '/d' }] },
    message: `${UNPROCESSED}volume v has volumeMode Block, but is specified in volumeMounts`,
  },
  {
    claimName: 'bound',
    use: { volumeDevices: [{ name: 'v', devicePath: '/d' }] },
    message: `${UNPROCESSED}volume v has volumeMode Filesystem, but is specified in volumeDevices`,
  },
  {
    claimName: 'block-wrong',
    use: {},
    message: 'MountVolume.SetUp failed for volume "pv-block-wrong" : path "/tmp" is not a block device',
  },
]) {
  test(`a claim that is used as what it is not is told: ${message}`, () =>
    inDirectory(async (directory) => {
      const containers = [{ name: 'main', ...use }];
      const pod = podWith({ persistentVolumeClaim: { claimName } }, { containers });
      await assert.rejects(volumesOf(directory).setUp(pod), { messages: [message] });
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

test('a claim to a local volume of this node has room of its own to tell, one to a path of the host has not', () =>
  inDirectory(async (directory) => {
    const volumes = volumesOf(directory);
    await volumes.setUp(podWith({ persistentVolumeClaim: { claimName: 'of-fast' } }));
    const [place, ...others] = volumes.claimedPlaces();
    assert.deepEqual([place?.claim, place?.path, others], ['of-fast', '/tmp', []]);
    const ofHost = volumesOf(directory);
    await ofHost.setUp(podWith({ persistentVolumeClaim: { claimName: 'bound' } }));
    assert.deepEqual(ofHost.claimedPlaces(), []);
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
