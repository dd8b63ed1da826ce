import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Node } from '../../../src/api/types/core/v1.ts';
import { HASH, MIRROR, SOURCE } from '../../../src/kubelet/static-pods/annotations.ts';
import { parseManifest } from '../../../src/kubelet/static-pods/manifest.ts';
import { condition, type KubeletBed, withKubelet } from '../kubelet-bed.ts';

const FROM = { file: '/etc/m/web.yaml', nodeName: 'node-1', seen: '2026-01-01T00:00:00Z' };
const manifest = (name: string, image = 'example', more = '') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 5
  containers: [{ name: main, image: ${image}, imagePullPolicy: IfNotPresent }]
${more}`;

test('a manifest becomes a pod of this node, with defaults', () => {
  const pod = parseManifest(manifest('web'), FROM);
  assert.equal(pod.metadata.name, 'web-node-1');
  assert.equal(pod.metadata.namespace, 'default');
  assert.match(pod.metadata.uid ?? '', /^[0-9a-f]{32}$/);
  assert.equal(pod.metadata.annotations?.[HASH], pod.metadata.uid);
  assert.equal(pod.metadata.annotations?.[SOURCE], 'file');
  assert.equal(pod.spec?.nodeName, 'node-1');
  assert.equal(pod.spec?.restartPolicy, 'Always');
  assert.deepEqual(pod.spec?.tolerations, [{ operator: 'Exists', effect: 'NoExecute' }]);
  assert.equal(parseManifest(manifest('web'), FROM).metadata.uid, pod.metadata.uid);
  assert.notEqual(parseManifest(manifest('web', 'other'), FROM).metadata.uid, pod.metadata.uid);
  assert.notEqual(parseManifest(manifest('web'), { ...FROM, file: '/b' }).metadata.uid, pod.metadata.uid);
});

for (const { what, text, message } of [
  {
    what: 'another kind',
    text: 'apiVersion: apps/v1\nkind: Deployment\n',
    message: /one Pod of v1, and is Deployment of apps\/v1/,
  },
  { what: 'nothing', text: '', message: /one Pod of v1, and is nothing of no version/ },
  { what: 'no name', text: 'apiVersion: v1\nkind: Pod\nspec: {}\n', message: /name is needed/ },
  { what: 'no YAML', text: 'a: [', message: /./ },
  {
    what: 'what the API would refuse',
    text: manifest('web', 'x', '  restartPolicy: Sometimes'),
    message: /spec\.restartPolicy: Unsupported value/,
  },
  {
    what: 'a secret',
    text: manifest('web', 'x', '  volumes: [{ name: v, secret: { secretName: s } }]'),
    message: /static pods may not use secrets/,
  },
]) {
  test(`a manifest with ${what} is refused`, () => {
    assert.throws(() => parseManifest(text, FROM), { message });
  });
}

async function withManifests(use: (bed: KubeletBed, folder: string) => Promise<void>): Promise<void> {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'manifests-')), 'm');
  try {
    await withKubelet({ manifests: folder, images: [{ reference: 'example' }, { reference: 'other' }] }, (bed) =>
      use(bed, folder),
    );
  } finally {
    rmSync(path.dirname(folder), { recursive: true });
  }
}

/** As an editor does: a hidden file that takes the place of the other. */
function write(folder: string, name: string, text: string): void {
  writeFileSync(path.join(folder, `.${name}`), text);
  renameSync(path.join(folder, `.${name}`), path.join(folder, name));
}

/** Changes are noticed by the kernel's word, in its own time. */
const until = async (bed: KubeletBed, what: string, probe: () => unknown) => {
  await bed.until(what, async () => {
    await bed.clock.advance(200);
    return probe();
  });
};

test('a static pod runs and has a mirror with its status', () =>
  withManifests(async (bed, folder) => {
    mkdirSync(folder, { recursive: true });
    write(folder, 'web.yaml', manifest('web'));
    await bed.start();
    const mirror = () => bed.pod('web-node-1');
    await until(bed, 'ready', () => condition(mirror(), 'Ready')?.status === 'True');
    const node = bed.api.object<Node>('nodes', undefined, 'node-1');
    assert.deepEqual(mirror()?.metadata.ownerReferences, [
      { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: node?.metadata.uid, controller: true },
    ]);
    const [container] = await bed.runtime.listContainers();
    assert.equal(mirror()?.metadata.annotations?.[MIRROR], container?.pod.uid);
    assert.notEqual(mirror()?.metadata.uid, container?.pod.uid);
  }));

test('a mirror that is deleted comes back, and its pod runs on', () =>
  withManifests(async (bed, folder) => {
    await bed.start();
    write(folder, 'web.yaml', manifest('web'));
    const mirror = () => bed.pod('web-node-1');
    await until(bed, 'ready', () => condition(mirror(), 'Ready')?.status === 'True');
    const [before] = await bed.runtime.listContainers();
    const first = mirror()?.metadata.uid;
    bed.api.change('pods', 'default', 'web-node-1', (pod) => {
      pod.metadata.deletionTimestamp = '2026-01-01T00:10:00Z';
    });
    await until(
      bed,
      'back',
      () => mirror() && mirror()?.metadata.uid !== first && condition(mirror(), 'Ready')?.status === 'True',
    );
    assert.deepEqual(
      (await bed.runtime.listContainers()).map((c) => c.id),
      [before?.id],
    );
  }));

test('a changed manifest ends the old pod before the new one begins; a removed one ends it', () =>
  withManifests(async (bed, folder) => {
    await bed.start();
    write(folder, 'web.yaml', manifest('web'));
    await until(bed, 'running', () => bed.container('web-node-1', 'main')?.state?.running);
    write(folder, 'web.yaml', manifest('web', 'other'));
    const main = () => bed.container('web-node-1', 'main');
    await until(bed, 'changed', () => main()?.image === 'docker.io/library/other:latest' && main()?.state?.running);
    const containers = await bed.runtime.listContainers();
    assert.equal(containers.length, 1);
    write(folder, 'web.yaml', 'no: pod');
    await bed.clock.advance(1000);
    assert.equal((await bed.runtime.listContainers())[0]?.id, containers[0]?.id, 'a wrong manifest changes nothing');
    rmSync(path.join(folder, 'web.yaml'));
    await until(bed, 'gone', () => bed.pod('web-node-1') === undefined);
    assert.deepEqual(await bed.runtime.listSandboxes(), []);
  }));

test('mirrors of pods that are static no more are taken away', () =>
  withKubelet({}, async (bed) => {
    bed.put('old-node-1', { metadata: { name: 'old-node-1', annotations: { [MIRROR]: 'x' } } });
    await bed.start();
    await bed.until('gone', () => bed.pod('old-node-1') === undefined);
    assert.deepEqual(await bed.runtime.listContainers(), []);
  }));

test('a kubelet that starts again adopts its static pods', () =>
  withManifests(async (bed, folder) => {
    mkdirSync(folder, { recursive: true });
    write(folder, 'web.yaml', manifest('web'));
    const first = await bed.start();
    await until(bed, 'running', () => bed.container('web-node-1', 'main')?.state?.running);
    const before = (await bed.runtime.listContainers()).map((c) => c.id);
    const uid = bed.pod('web-node-1')?.metadata.uid;
    await first.stop();
    await bed.start();
    await bed.clock.advance(1000);
    assert.deepEqual(
      (await bed.runtime.listContainers()).map((c) => c.id),
      before,
    );
    assert.equal(bed.pod('web-node-1')?.metadata.uid, uid);
  }));
