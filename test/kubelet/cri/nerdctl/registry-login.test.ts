// Where a password is while nerdctl pulls, and that it is nowhere afterwards.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { withRegistryLogin } from '../../../../src/kubelet/cri/nerdctl/registry-login.ts';

describe('a login for one pull', () => {
  const top = mkdtempSync(path.join(os.tmpdir(), 'logins-'));
  const folder = path.join(top, 'logins');
  after(() => rmSync(top, { recursive: true }));
  const credential = { username: 'me', password: 'pass:word' };
  const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

  for (const [reference, registry] of [
    ['example.com:5000/app:1', 'example.com:5000'],
    ['busybox', 'https://index.docker.io/v1/'],
  ] as const) {
    test(`${reference} is logged in at ${registry}, for its owner alone, until the pull has ended`, async () => {
      const result = await withRegistryLogin(reference, { credential, folder }, async ({ DOCKER_CONFIG = '' }) => {
        const file = path.join(DOCKER_CONFIG, 'config.json');
        const auth = Buffer.from('me:pass:word').toString('base64');
        assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { auths: { [registry]: { auth } } });
        assert.deepEqual([mode(folder), mode(DOCKER_CONFIG), mode(file)], ['700', '700', '600']);
        return 'pulled';
      });
      assert.equal(result, 'pulled');
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  test('nothing stays of a pull that failed', async () => {
    const failing = withRegistryLogin('app', { credential, folder }, () => Promise.reject(new Error('denied')));
    await assert.rejects(failing, /denied/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("the node's own passwords stand beside it, and alone without one", async () => {
    const registries = path.join(top, 'registries');
    mkdirSync(registries);
    writeFileSync(
      path.join(registries, 'config.json'),
      '{"auths":{"mirror.example":{"auth":"YTpi"}},"credsStore":"x"}',
    );
    await withRegistryLogin('example.com/app', { credential, folder, registries }, async ({ DOCKER_CONFIG = '' }) => {
      const config = JSON.parse(readFileSync(path.join(DOCKER_CONFIG, 'config.json'), 'utf8'));
      assert.deepEqual(Object.keys(config.auths), ['mirror.example', 'example.com']);
      assert.equal(config.credsStore, 'x');
    });
    const alone = { credential: undefined, folder, registries };
    assert.deepEqual(await withRegistryLogin('app', alone, async (env) => env), {
      DOCKER_CONFIG: registries,
      REGISTRY_AUTH_FILE: path.join(registries, 'config.json'),
    });
  });

  test('without a credential nothing is written', async () => {
    const other = path.join(top, 'other');
    assert.deepEqual(await withRegistryLogin('app', { credential: undefined, folder: other }, async (env) => env), {});
    assert.equal(existsSync(other), false);
  });
});
