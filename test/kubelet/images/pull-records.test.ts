import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { PullCredential } from '../../../src/kubelet/images/keyring.ts';
import { openPullRecords, type PullRecords } from '../../../src/kubelet/images/pull-records.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { withKubelet } from '../kubelet-bed.ts';

const IMAGE = 'registry.example.com/team/app:1';
const ID = 'sha256:0123';

const credential = (name: string, password: string, uid = name): PullCredential => ({
  username: 'me',
  password,
  secret: { uid, namespace: 'default', name },
});
const NODE_CREDENTIAL: PullCredential = { username: 'node', password: 'own' };

describe('an image that is present', () => {
  let dataDir: string;
  let records: PullRecords;
  const open = () => openPullRecords({ dataDir, clock: fakeClock(), log: silentLogger });
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'records-'));
    records = open();
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const folder = (name: 'pulled' | 'pulling') => path.join(dataDir, 'image_manager', name);
  const pulledWith = (by: PullCredential | undefined, image = IMAGE) => {
    records.begun(image);
    records.pulled(image, ID, by);
  };
  const mayUse = (given: PullCredential[] = [], image = IMAGE) => records.mayUse(image, ID, async () => given);

  test('is of everybody when no pod had it pulled', async () => assert.equal(await mayUse(), true));

  for (const [how, by] of [
    ['without a credential', undefined],
    ["with the node's", NODE_CREDENTIAL],
  ] as const) {
    test(`is of everybody when it was pulled ${how}`, async () => {
      pulledWith(by);
      assert.equal(await mayUse(), true);
      pulledWith(credential('a', 'one')); // takes nothing away
      assert.equal(await mayUse(), true);
    });
  }

  test('is of those who have the secret it was pulled with, or one that says the same', async () => {
    pulledWith(credential('a', 'one'));
    assert.equal(await mayUse(), false);
    assert.equal(await mayUse([NODE_CREDENTIAL]), false);
    assert.equal(await mayUse([credential('b', 'two')]), false);
    assert.equal(await mayUse([credential('b', 'two'), credential('a', 'one')]), true);
    assert.equal(await mayUse([credential('c', 'one')]), true);
    assert.equal(await mayUse([credential('c', 'changed since')]), true, 'it was noted');
    assert.equal(await mayUse([credential('a', 'one', 'another of its name')]), true, 'it says the same');
  });

  test('needs a pull under another repository of the same content', async () => {
    pulledWith(undefined);
    assert.equal(await mayUse([], 'other.example.com/app:1'), false);
    assert.equal(await mayUse([], 'registry.example.com/team/app:2'), true, 'another tag of it');
  });

  test("is remembered in upstream's files", async () => {
    pulledWith(credential('a', 'one'));
    records = open();
    assert.deepEqual([await mayUse(), await mayUse([credential('a', 'one')])], [false, true]);
    const [name = ''] = readdirSync(folder('pulled'));
    assert.match(name, /^sha256-[0-9a-f]{64}$/);
    const text = readFileSync(path.join(folder('pulled'), name), 'utf8');
    const { credentialMapping, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, {
      kind: 'ImagePulledRecord',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      lastUpdatedTime: '2026-01-01T00:00:00Z',
      imageRef: ID,
    });
    const [secret] = credentialMapping['registry.example.com/team/app'].kubernetesSecrets;
    assert.deepEqual({ ...secret, credentialHash: '' }, { ...credential('a', '').secret, credentialHash: '' });
    assert.deepEqual([text.includes('one'), readdirSync(folder('pulling'))], [false, []]);
  });

  test('is nobody’s while it is pulled, and when the kubelet ended meanwhile, until it is pulled again', async () => {
    records.begun(IMAGE);
    assert.equal(await mayUse(), false);
    records = open();
    assert.equal(await mayUse(), false);
    records.begun(IMAGE);
    records.failed(IMAGE);
    assert.equal(await mayUse(), false, 'how the first ended is still not known');
    pulledWith(undefined);
    assert.deepEqual([await mayUse(), readdirSync(folder('pulling'))], [true, []]);
  });

  test('is of everybody again when the only pull of it failed', async () => {
    records.begun(IMAGE);
    records.begun(IMAGE);
    records.failed(IMAGE);
    assert.equal(await mayUse(), false, 'another goes on');
    records.failed(IMAGE);
    assert.equal(await mayUse(), true);
  });

  test('is forgotten when it has gone, unless it came back meanwhile', async () => {
    pulledWith(credential('a', 'one'));
    await records.prune(async () => {
      pulledWith(credential('b', 'two'));
      return [];
    });
    assert.equal(await mayUse(), false);
    await records.prune(async () => [{ id: ID }]);
    assert.equal(await mayUse(), false);
    await records.prune(async () => []);
    assert.deepEqual([await mayUse(), readdirSync(folder('pulled'))], [true, []]);
  });

  test('counts as not pulled when its record cannot be read; halves of records are removed', async () => {
    pulledWith(credential('a', 'one'));
    const [name = ''] = readdirSync(folder('pulled'));
    writeFileSync(path.join(folder('pulled'), name), '{');
    writeFileSync(path.join(folder('pulled'), `${name}.tmp`), '{');
    records = open();
    assert.deepEqual([await mayUse(), readdirSync(folder('pulled'))], [true, [name]]);
  });

  test('is not for those without a credential when its record could not be written', async () => {
    records.begun(IMAGE);
    rmSync(folder('pulled'), { recursive: true });
    records.pulled(IMAGE, ID, credential('a', 'one'));
    assert.equal(await mayUse(), false);
  });
});

test('a pod without the secret neither runs an image that another pod had pulled, nor is told that it is there', () =>
  withKubelet({ images: [{ reference: IMAGE, present: false, password: 'right' }] }, async (bed) => {
    const auths = { 'registry.example.com': { username: 'me', password: 'right' } };
    bed.api.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'pull', namespace: 'default' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    });
    await bed.start();
    const put = (name: string, imagePullPolicy: 'IfNotPresent' | 'Never', secrets: string[] = []) =>
      bed.put(name, {
        spec: {
          imagePullSecrets: secrets.map((one) => ({ name: one })),
          containers: [{ name: 'main', image: IMAGE, imagePullPolicy }],
        },
      });
    const state = (name: string) => bed.container(name, 'main')?.state;
    put('first', 'IfNotPresent', ['pull']);
    await bed.until('the first runs', () => state('first')?.running);
    put('with', 'IfNotPresent', ['pull']);
    await bed.until('one with the secret runs', () => state('with')?.running);
    put('without', 'IfNotPresent');
    put('never', 'Never');
    await bed.until('one without is refused', () =>
      /^(ErrImagePull|ImagePullBackOff)$/.test(state('without')?.waiting?.reason ?? ''),
    );
    await bed.until('it is not there', () => state('never')?.waiting?.reason === 'ErrImageNeverPull');
    assert.ok(
      bed.told.includes(
        `Warning ErrImageNeverPull Container image "${IMAGE}" is not present with pull policy of Never`,
      ),
    );
  }));
