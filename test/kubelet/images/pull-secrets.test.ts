// Pods and the secrets they name for their pulls: a kubelet over a registry that wants a password.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { Secret } from '../../../src/api/types/core/v1.ts';
import { createPullCredentials } from '../../../src/kubelet/images/pull-secrets.ts';
import { type KubeletBed, withKubelet } from '../kubelet-bed.ts';

const IMAGE = 'registry.example.com/team/app:1';
const images = [{ reference: IMAGE, present: false, password: 'right' }];

const secret = (name: string, password: string, registry = 'registry.example.com'): Secret => {
  const config = JSON.stringify({ auths: { [registry]: { username: 'me', password } } });
  return secretOf(name, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': config });
};

function secretOf(name: string, type: string, texts: Record<string, string>): Secret {
  const data = Object.fromEntries(Object.entries(texts).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, type, data };
}

const put = (bed: KubeletBed, secrets: string[]) =>
  bed.put('web', {
    spec: {
      imagePullSecrets: secrets.map((name) => ({ name })),
      containers: [{ name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent' }],
    },
  });
/** The pod is looked at again at once, and then backs off. */
const FAILED = /^(ErrImagePull|ImagePullBackOff)$/;
const state = (bed: KubeletBed) => bed.container('web', 'main')?.state;

for (const [what, secrets] of [
  ['dockerconfigjson', [secret('pull', 'right')]],
  [
    'dockercfg',
    [
      secretOf('pull', 'kubernetes.io/dockercfg', {
        '.dockercfg': '{"https://registry.example.com/v2/":{"username":"me","password":"right"}}',
      }),
    ],
  ],
  ['the second of two that fit', [secret('old', 'wrong'), secret('pull', 'right')]],
  ['one beside a secret that does not exist', [secret('pull', 'right'), { metadata: { name: 'gone' } }]],
] as [string, Secret[]][]) {
  test(`an image is pulled with a secret: ${what}`, () =>
    withKubelet({ images }, async (bed) => {
      bed.api.seed(...secrets.filter((s) => s.kind));
      await bed.start();
      put(
        bed,
        secrets.map((s) => s.metadata?.name as string),
      );
      await bed.until('running', () => state(bed)?.running);
      assert.equal(bed.told.join('\n').includes('right'), false, 'no event says the password');
    }));
}

test('each credential that fits is tried, and what all of them were told is told once', () =>
  withKubelet({ images }, async (bed) => {
    bed.api.seed(secret('one', 'wrong'), secret('two', 'wrong too'));
    await bed.start();
    put(bed, ['one', 'two']);
    await bed.until('failed', () => FAILED.test(state(bed)?.waiting?.reason ?? ''));
    const told = `Warning Failed Failed to pull image "${IMAGE}": failed to resolve reference "${IMAGE}": pull access denied`;
    assert.ok(bed.told.includes(told), bed.told.join('\n'));
  }));

for (const { what, secrets, told } of [
  {
    what: 'does not exist',
    secrets: [],
    told: 'Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (pull); attempting to pull the image may not succeed.',
  },
  {
    what: 'is of another type',
    secrets: [secretOf('pull', 'Opaque', { password: 'right' })],
    told: 'Warning InvalidImagePullSecret Image pull secret pull is not used: is of type Opaque; it must be of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg',
  },
  {
    what: 'lacks its key',
    secrets: [secretOf('pull', 'kubernetes.io/dockercfg', {})],
    told: 'Warning InvalidImagePullSecret Image pull secret pull is not used: has no key .dockercfg',
  },
  {
    what: 'is for another registry',
    secrets: [secret('pull', 'right', 'other.example.com')],
    told: `Warning Failed Failed to pull image "${IMAGE}": failed to resolve reference "${IMAGE}": pull access denied`,
  },
]) {
  test(`a secret that ${what} is not used, and the pull is tried without`, () =>
    withKubelet({ images }, async (bed) => {
      bed.api.seed(...secrets);
      await bed.start();
      put(bed, ['pull']);
      await bed.until('failed', () => FAILED.test(state(bed)?.waiting?.reason ?? ''));
      assert.ok(bed.told.includes(told), bed.told.join('\n'));
    }));
}

describe("the node's own credentials", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'node-credentials-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'config.json');
  const pod = { metadata: { name: 'web' }, spec: { containers: [], imagePullSecrets: [{ name: 'pull' }] } };
  const of = createPullCredentials({
    secret: async () => secret('pull', 'of the pod'),
    events: { event: () => undefined },
    registryConfig: file,
  });

  test('need not be there', async () => {
    const source = { uid: '', namespace: 'default', name: 'pull' };
    assert.deepEqual(await of(pod, IMAGE), [{ username: 'me', password: 'of the pod', secret: source }]);
  });
  test("come after the pod's, and are read anew", async () => {
    writeFileSync(file, '{"auths":{"*.example.com":{"username":"node","password":"own"}}}');
    assert.deepEqual(
      (await of(pod, IMAGE)).map(({ username }) => username),
      ['me', 'node'],
    );
  });
  test('are told with their file when they cannot be read', async () => {
    writeFileSync(file, 'secret');
    await assert.rejects(of(pod, IMAGE), { message: `registry credentials in ${file}: is not JSON` });
  });
});
