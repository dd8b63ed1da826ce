// Environment and volumes on real containers.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PersistentVolumeClaim } from '../../src/api/types/core/v1.ts';
import { run } from '../../src/exec.ts';
import type { Summary } from '../../src/kubelet/stats/summary-types.ts';
import { eventually } from '../support/eventually.ts';
import { clusterWith, type ManifestCluster } from './manifest-cluster.ts';

const socket = createServer();
const mounted: string[] = [];

let loopDevice = '';

async function prepare(folder: string): Promise<void> {
  for (const name of ['there', 'shared/below', 'disk']) mkdirSync(path.join(folder, name), { recursive: true });
  writeFileSync(path.join(folder, 'there/file'), '');
  writeFileSync(path.join(folder, 'disk/file'), '', { mode: 0o600 });
  chmodSync(path.join(folder, 'disk'), 0o700);
  await new Promise<void>((listening) => socket.listen(path.join(folder, 'there/socket'), listening));
  const disk = path.join(folder, 'block.img');
  writeFileSync(disk, Buffer.alloc(1024 ** 2));
  loopDevice = (await run(['losetup', '--find', '--show', disk])).stdout.trim();
  symlinkSync(loopDevice, path.join(folder, 'block'));
  const shared = path.join(folder, 'shared');
  await run(['mount', '--bind', shared, shared]);
  mounted.push(shared);
  await run(['mount', '--make-rshared', shared]);
  await run(['mount', '-t', 'tmpfs', 'below', path.join(shared, 'below')]);
  mounted.push(path.join(shared, 'below'));
}

/** What the binder of claims does. */
async function bind(kubectl: ManifestCluster['kubectl'], name: string): Promise<void> {
  const { metadata } = await kubectl.json<PersistentVolumeClaim>('get', 'pvc', name);
  const claimRef = JSON.stringify({ spec: { claimRef: { uid: metadata.uid } } });
  await kubectl('patch', 'pv', name, '-p', claimRef);
  await kubectl('patch', 'pvc', name, '--subresource=status', '-p', JSON.stringify({ status: { phase: 'Bound' } }));
}

describe('environment and volumes', { timeout: 240_000 }, () => {
  let on: ManifestCluster;
  before(async () => {
    on = await clusterWith('volumes', { prepare });
  });
  after(async () => {
    socket.close();
    await on?.cluster.kubectl('delete', 'pod', 'propagates', '--ignore-not-found', '--timeout=30s');
    for (const point of mounted.toReversed()) await run(['umount', point]);
    if (loopDevice) await run(['losetup', '--detach', loopDevice]);
    await on?.remove();
  });

  test('variables come from maps, files, fields and resources, and refer to one another', async () => {
    assert.equal((await on.ended('variables')).status?.phase, 'Succeeded');
    const node = (await on.running('follows')).spec?.nodeName;
    await on.prints('variables', [
      'fast blue $(T_MODE) $(T_NOWHERE)',
      'T_BOTH=fast-round-443',
      'T_CPU=100',
      'T_MODE=fast',
      `T_NODE=${node}`,
      'T_TEXT=two',
      'T_color=blue',
      'T_shape=round',
      'two',
      'lines',
    ]);
  });

  test('variables tell of Services, and only of the API where links are not wanted', async () => {
    await Promise.all([on.ended('linked'), on.ended('not-linked')]);
    await on.prints('linked', [
      'THE_STORE_PORT=tcp://10.53.7.7:80',
      'THE_STORE_PORT_80_TCP=tcp://10.53.7.7:80',
      'THE_STORE_PORT_80_TCP_ADDR=10.53.7.7',
      'THE_STORE_PORT_80_TCP_PORT=80',
      'THE_STORE_PORT_80_TCP_PROTO=tcp',
      'THE_STORE_PORT_90_UDP=udp://10.53.7.7:90',
      'THE_STORE_PORT_90_UDP_ADDR=10.53.7.7',
      'THE_STORE_PORT_90_UDP_PORT=90',
      'THE_STORE_PORT_90_UDP_PROTO=udp',
      'THE_STORE_SERVICE_HOST=10.53.7.7',
      'THE_STORE_SERVICE_PORT=80',
      'THE_STORE_SERVICE_PORT_HTTP=80',
      'THE_STORE_SERVICE_PORT_MORE=90',
    ]);
    await on.prints('not-linked', ['KUBERNETES_SERVICE_HOST']);
  });

  test('a pod waits for a key and runs when it is there', async () => {
    const { reason, message } = await on.waiting('wants-a-key');
    assert.equal(reason, 'CreateContainerConfigError');
    assert.equal(message, "couldn't find key size in ConfigMap default/settings");
    await on.told('wants-a-key', /Failed .*Error: couldn't find key size in ConfigMap default\/settings/);
    await on.kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"size":"big"}}');
    await on.ended('wants-a-key');
    await on.prints('wants-a-key', ['big']);
  });

  test('a file of variables that is not there is said', async () => {
    const { reason, message } = await on.waiting('wants-a-file');
    assert.equal(reason, 'CreateContainerConfigError');
    assert.match(message ?? '', /^couldn't parse env file: ENOENT/);
  });

  test('every type of a path of the host', async () => {
    await on.ended('every-type');
    await on.prints('every-type', [
      '/v/any directory 755',
      '/v/device character special file 666',
      '/v/file regular empty file 644',
      '/v/folder directory 755',
      '/v/new-file regular empty file 644',
      '/v/new-folder directory 755',
      '/v/socket socket 755',
    ]);
    assert.ok(statSync(path.join(on.folder, 'new/folder')).isDirectory());
  });

  test('each volume whose path is of another type is told', async () => {
    const failed = (volume: string, place: string, what: string) =>
      on.told('no-type', new RegExp(`MountVolume.SetUp failed for volume "${volume}" : .*${place} is not a ${what}`));
    await failed('a-folder', 'there/file', 'directory');
    await failed('a-file', 'there', 'file');
    await failed('a-socket', 'there/file', 'socket file');
    await failed('a-char', 'there/file', 'character device');
    await failed('a-block', '/dev/null', 'block device');
    await failed('absent', 'absent', 'directory');
    assert.ok(!existsSync(path.join(on.folder, 'absent')));
  });

  test('contents follow their objects, all keys at once; what is immutable stays', async () => {
    await on.running('follows');
    const read = async (file: string) => (await on.kubectl('exec', 'follows', '--', 'cat', file)).trim();
    const becomes = (file: string, value: string) => eventually(file, async () => (await read(file)) === value);
    await on.kubectl('patch', 'configmap', 'changing', '-p', '{"data":{"a":"2","b":"2"}}');
    await on.kubectl('patch', 'secret', 'changing', '-p', '{"stringData":{"a":"3"}}');
    await on.kubectl('label', 'pod', 'follows', 'step=4', '--overwrite');
    await becomes('/config/a', '2');
    await becomes('/secret/a', '3');
    await becomes('/all/config', '2');
    await becomes('/all/secret', '3');
    await becomes('/all/step', '4');
    const seen = (await on.kubectl('logs', 'follows')).trim().split('\n');
    // between two reads of the container its folder may go
    assert.deepEqual(
      seen.filter((line) => !line.includes('No such file')),
      ['11 777', '22 777'],
    );

    await on.kubectl('delete', 'configmap', 'fixed');
    await on.kubectl('create', 'configmap', 'fixed', '--from-literal=a=other');
    await on.kubectl('label', 'pod', 'follows', 'step=5', '--overwrite');
    await becomes('/all/step', '5');
    assert.equal(await read('/fixed/a'), '1');
  });

  test('a pod waits for its Secret and runs as soon as it is there', async () => {
    await on.told('wants-a-secret', /MountVolume\.SetUp failed for volume "secret" : secret "late" not found/);
    await on.kubectl('create', 'secret', 'generic', 'late', '--from-literal=word=hush');
    await on.ended('wants-a-secret');
    await on.prints('wants-a-secret', ['hush400']);
  });

  test('parts of a volume: a file, behind a link, by a variable', async () => {
    assert.equal((await on.ended('parts')).status?.phase, 'Succeeded');
    await on.prints('parts', ['file', 'file', 'a', 'link', 'parts', '777']);
  });

  test('a part of a volume cannot lead out of it', async () => {
    const { reason, message } = await on.waiting('escapes');
    assert.equal(reason, 'CreateContainerConfigError');
    assert.match(message ?? '', /^failed to prepare subPath for volumeMount "disk" of container "main": /);
  });

  test('a variable that a subPathExpr lacks is said', async () => {
    const { reason, message } = await on.waiting('lacks-a-variable');
    assert.deepEqual([reason, message], ['CreateContainerConfigError', 'missing value for NOWHERE']);
  });

  test('read only, with and without what is mounted below', async () => {
    await on.ended('read-only');
    const refused = (file: string) => `sh: can't create ${file}: Read-only file system`;
    await on.prints('read-only', [refused('/plain/x'), refused('/all/x'), refused('/all/below/x'), 'end']);
    assert.equal(readFileSync(path.join(on.folder, 'shared/below/x'), 'utf8'), 'x\n');
  });

  test('the files of an image, and a part of them, read only', async () => {
    assert.equal((await on.ended('image-files')).status?.phase, 'Succeeded');
    await on.prints('image-files', [
      '50x.html',
      'index.html',
      '<!DOCTYPE html>',
      "sh: can't create /web/x: Read-only file system",
    ]);
    await on.kubectl('delete', 'pod', 'image-files', '--timeout=30s');
  });

  test('an image that is not there keeps the container that mounts it waiting', async () => {
    const { reason, message } = await on.waiting('no-image');
    assert.equal(reason, 'ErrImageNeverPull');
    assert.equal(message, 'Container image "nowhere:1" is not present with pull policy of Never');
  });

  test('mounts propagate as each container asked for', async () => {
    await on.running('propagates');
    await eventually('the mount of the container', () => existsSync(path.join(on.folder, 'shared/up/file')));
    const late = path.join(on.folder, 'shared/late');
    mkdirSync(late);
    await run(['mount', '-t', 'tmpfs', 'late', late]);
    mounted.push(late);
    writeFileSync(path.join(late, 'file'), '');
    const sees = async (container: string) =>
      (await on.kubectl('exec', 'propagates', '-c', container, '--', 'ls', '/host/late')).trim();
    assert.deepEqual([await sees('none'), await sees('down'), await sees('both')], ['', 'file', 'file']);
  });

  test('memory is bounded by the volume and by the pod', async () => {
    await on.ended('small');
    await on.prints('small', ['1777', '1024', '32768', 'No space left on device']);
  });

  test('a claim to a block device is a device of the container', async () => {
    await bind(on.kubectl, 'block');
    await on.ended('device');
    await on.prints('device', ['written block special file']);
    assert.equal(readFileSync(path.join(on.folder, 'block'), { encoding: 'utf8' }).slice(0, 7), 'written');
  });

  test('a claim to a disk of this node: its room is in the summary and the metrics; one of another node is not mounted', async () => {
    const { kubectl } = on;
    await Promise.all([bind(kubectl, 'measured'), bind(kubectl, 'elsewhere')]);
    const { spec } = await on.running('measured');
    const ask = (path: string) => kubectl('get', '--raw', `/api/v1/nodes/${spec?.nodeName}/proxy/${path}`);
    const summary = JSON.parse(await ask('stats/summary')) as Summary;
    const { volume = [] } = summary.pods.find(({ podRef }) => podRef.name === 'measured') ?? {};
    const disk = volume.find(({ name }) => name === 'disk');
    const { blocks, bsize } = statfsSync(on.folder);
    assert.deepEqual(disk?.pvcRef, { namespace: 'default', name: 'measured' });
    assert.equal(disk?.capacityBytes, blocks * bsize);
    const line = `kubelet_volume_stats_capacity_bytes{namespace="default",persistentvolumeclaim="measured"} ${blocks * bsize}`;
    assert.ok((await ask('metrics')).split('\n').includes(line));

    // The scheduler would not bring it here.
    const container = { name: 'main', image: 'busybox:1.36', volumeMounts: [{ name: 'disk', mountPath: '/disk' }] };
    const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: 'elsewhere' } }];
    const pod = { nodeName: spec?.nodeName, terminationGracePeriodSeconds: 1, containers: [container], volumes };
    const metadata = { name: 'elsewhere' };
    await kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: pod }), 'apply', '-f', '-');
    await on.told(
      'elsewhere',
      /FailedMount .*MountVolume.NodeAffinity check failed for volume "elsewhere" : no matching NodeSelectorTerms/,
    );
  });

  test('claims that are bound to local and host paths: owners, read only, what outlives the pod', async () => {
    await on.told('claims', /error processing PVC default\/local-disk: PVC is not bound/);
    await Promise.all([bind(on.kubectl, 'local-disk'), bind(on.kubectl, 'host-disk')]);
    await on.ended('claims');
    await on.prints('claims', [
      '2770 0:2000',
      '660 0:2000',
      '640 1000:2000',
      "sh: can't create /locked/x: Read-only file system",
      "sh: can't create /host/x: Permission denied",
      'read',
    ]);
    await on.kubectl('delete', 'pod', 'claims', '--timeout=30s');
    assert.equal(readFileSync(path.join(on.folder, 'disk/new'), 'utf8'), 'new\n');
  });
});
