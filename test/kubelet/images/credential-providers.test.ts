// Programs that know credentials, stood in for by scripts that count how often they are asked.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseCredentialProviders } from '../../../src/kubelet/images/credential-provider-config.ts';
import { createCredentialProviders } from '../../../src/kubelet/images/credential-providers.ts';
import { lookUp } from '../../../src/kubelet/images/keyring.ts';
import { createPullCredentials } from '../../../src/kubelet/images/pull-secrets.ts';
import { silentLogger } from '../../../src/log.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';

const IMAGE = 'registry.example.com/team/app:1';
const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const provider = {
  name: 'cloud',
  matchImages: ['*.example.com'],
  defaultCacheDuration: '10m',
  apiVersion: V1,
  args: ['get'],
  env: [{ name: 'REGION', value: 'north' }],
};
const config = (providers: unknown[], more = {}) =>
  JSON.stringify({ kind: 'CredentialProviderConfig', apiVersion: 'kubelet.config.k8s.io/v1', providers, ...more });
const answer = (more = {}) =>
  JSON.stringify({
    kind: 'CredentialProviderResponse',
    apiVersion: V1,
    cacheKeyType: 'Registry',
    auth: { 'registry.example.com': { username: 'me', password: 'of the cloud' } },
    ...more,
  });

describe('programs that know credentials', () => {
  let folder: string;
  let clock: FakeClock;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'providers-'));
    clock = fakeClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const install = (text: string, code = 0) => {
    const script = `#!/bin/sh\necho "$@ $REGION $(cat)" >> ${folder}/asked\ncat <<'END'\n${text}\nEND\nexit ${code}\n`;
    writeFileSync(path.join(folder, 'cloud'), script, { mode: 0o755 });
  };
  const asked = () => readFileSync(path.join(folder, 'asked'), 'utf8').trim().split('\n');
  const open = (more = {}) =>
    createCredentialProviders(parseCredentialProviders(config([{ ...provider, ...more }]), folder), {
      clock,
      log: silentLogger,
    });

  test('are asked for images that they match, and for no others', async () => {
    install(answer());
    const of = open();
    assert.deepEqual(await of('docker.io/library/busybox'), []);
    assert.deepEqual(lookUp(await of(IMAGE), IMAGE), [{ username: 'me', password: 'of the cloud' }]);
    const request = { kind: 'CredentialProviderRequest', apiVersion: V1, image: 'registry.example.com/team/app' };
    assert.deepEqual(asked(), [`get north ${JSON.stringify(request)}`]);
  });

  test("come after the pod's and the node's", async () => {
    install(answer());
    const pod = { metadata: { name: 'web' }, spec: { containers: [] } };
    const registryConfig = path.join(folder, 'config.json');
    writeFileSync(registryConfig, '{"auths":{"*.example.com":{"username":"node","password":"own"}}}');
    const events = { event: () => undefined };
    const of = createPullCredentials({ secret: async () => undefined, events, registryConfig, providers: open() });
    assert.deepEqual(
      (await of(pod, IMAGE)).map(({ username }) => username),
      ['node', 'me'],
    );
  });

  for (const { what, more, images, times } of [
    { what: 'the registry', more: {}, images: [IMAGE, 'registry.example.com/other'], times: 1 },
    {
      what: 'one image',
      more: { cacheKeyType: 'Image' },
      images: [IMAGE, IMAGE, 'registry.example.com/other'],
      times: 2,
    },
    { what: 'all', more: { cacheKeyType: 'Global' }, images: [IMAGE, 'other.example.com/app'], times: 1 },
    { what: 'nothing but the question', more: { cacheDuration: '0s' }, images: [IMAGE, IMAGE], times: 2 },
  ]) {
    test(`give an answer that is good for ${what}`, async () => {
      install(answer(more));
      const of = open();
      for (const image of images) await of(image);
      assert.equal(asked().length, times);
    });
  }

  test('are asked again when their answer is old, and once for all who ask at a time', async () => {
    install(answer({ cacheDuration: '1m' }));
    const of = open();
    await Promise.all([of(IMAGE), of(IMAGE)]);
    await clock.advance(59_000);
    await of(IMAGE);
    assert.equal(asked().length, 1);
    await clock.advance(1_000);
    await of(IMAGE);
    assert.equal(asked().length, 2);
  });

  for (const [what, text, code] of [
    ['end with an error', answer(), 1],
    ['do not answer in JSON', 'password=secret', 0],
    ['answer in another version', answer({ apiVersion: 'credentialprovider.kubelet.k8s.io/v1beta1' }), 0],
    ['answer something else', answer({ kind: 'Secret' }), 0],
    ['do not say how long it is good', answer({ cacheKeyType: 'Ever' }), 0],
    ['say it in a way nobody reads', answer({ cacheDuration: 'long' }), 0],
    ['have no list of registries', answer({ auth: 'secret' }), 0],
  ] as const) {
    test(`know none when they ${what}, which the log tells without passwords`, async () => {
      install(text, code);
      const told: string[] = [];
      const error = (details: object) => void told.push(JSON.stringify(details));
      const of = createCredentialProviders(parseCredentialProviders(config([provider]), folder), {
        clock,
        log: { ...silentLogger, error } as typeof silentLogger,
      });
      assert.deepEqual(await of(IMAGE), []);
      assert.equal(told.length, 1);
      assert.doesNotMatch(told[0] as string, /secret|of the cloud/);
    });
  }

  for (const [text, expected] of [
    ['{}', 'kind must be CredentialProviderConfig'],
    [config([], { apiVersion: 'v1' }), /^apiVersion must be kubelet\.config\.k8s\.io\/v1 or /],
    [config([]), 'providers must have at least one item'],
    [config([provider, provider]), 'providers[1].name is there twice'],
    [config([{ ...provider, name: '../sh' }]), /^providers\[0\]\.name must be the name of a program/],
    [config([{ ...provider, name: 'none' }]), /^providers\[0\]\.name: there is no program .*none$/],
    [config([{ ...provider, apiVersion: 'v1' }]), /^providers\[0\]\.apiVersion must be credentialprovider/],
    [config([{ ...provider, matchImages: [] }]), 'providers[0].matchImages must have at least one text'],
    [config([{ ...provider, args: 'get' }]), 'providers[0].args must be texts'],
    [config([{ ...provider, env: [{ name: 'REGION' }] }]), 'providers[0].env must be of names and values'],
    [
      config([{ ...provider, defaultCacheDuration: undefined }]),
      /^providers\[0\]\.defaultCacheDuration must be a duration/,
    ],
    [
      config([{ ...provider, defaultCacheDuration: '-1s' }]),
      /^providers\[0\]\.defaultCacheDuration must be a duration/,
    ],
    [config([{ ...provider, tokenAttributes: {} }]), /^providers\[0\]\.tokenAttributes is not supported/],
  ] as const) {
    test(`are refused: ${expected}`, () => {
      install(answer());
      assert.throws(() => parseCredentialProviders(text, folder), { message: expected });
    });
  }
});
