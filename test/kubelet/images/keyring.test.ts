// Cases after pkg/credentialprovider/keyring_test.go's subjects, with values of our own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joinKeyrings, lookUp, parseDockerConfig } from '../../../src/kubelet/images/keyring.ts';

const config = (...registries: string[]) =>
  parseDockerConfig(
    JSON.stringify({ auths: Object.fromEntries(registries.map((r) => [r, { username: r, password: 'pw' }])) }),
    'dockerconfigjson',
  );
const users = (registries: string[], image: string) => lookUp(config(...registries), image).map((c) => c.username);

describe('an entry fits an image', () => {
  const cases: [entry: string, image: string, fits: boolean][] = [
    ['example.com', 'example.com/app:1', true],
    ['example.com', 'example.com/team/app@sha256:0123', true],
    ['https://example.com/v1/', 'example.com/app', true],
    ['http://example.com/v2/', 'example.com/app', true],
    ['example.com/v2', 'example.com/app', false],
    ['example.com:5000', 'example.com:5000/app:1', true],
    ['example.com:5000', 'example.com/app', false],
    ['example.com', 'example.com:5000/app', false],
    ['example.com/team', 'example.com/team/app', true],
    ['example.com/team', 'example.com/other/app', false],
    ['*.example.com', 'registry.example.com/app', true],
    ['*.example.com', 'example.com/app', false],
    ['*.example.com', 'a.b.example.com/app', false],
    ['reg?.example.com', 'reg1.example.com/app', true],
    ['exampleXcom', 'example.com/app', false],
    ['https://index.docker.io/v1/', 'busybox', true],
    ['https://index.docker.io/v1/', 'team/app:2', true],
    ['https://index.docker.io/v1/', 'example.com/app', false],
    ['docker.io', 'busybox:1.36', true],
    ['localhost:5000', 'localhost:5000/app', true],
  ];
  for (const [entry, image, fits] of cases) {
    test(`${entry} ${fits ? 'is' : 'is not'} for ${image}`, () => {
      assert.deepEqual(users([entry], image), fits ? [entry] : []);
    });
  }
});

test('the entry with the longer path is tried first, then the others that fit', () => {
  assert.deepEqual(users(['example.com', 'example.com/team/app', 'example.com/team'], 'example.com/team/app:1'), [
    'example.com/team/app',
    'example.com/team',
    'example.com',
  ]);
});

test('equal credentials are tried once, those of the first secret first', () => {
  const joined = joinKeyrings([config('example.com'), config('example.com')]);
  assert.equal(lookUp(joined, 'example.com/app').length, 1);
  const other = parseDockerConfig('{"example.com":{"username":"second","password":"pw"}}', 'dockercfg');
  assert.deepEqual(
    lookUp(joinKeyrings([config('example.com'), other]), 'example.com/app').map((c) => c.username),
    ['example.com', 'second'],
  );
});

test('auth holds user and password, and counts before the fields of their own', () => {
  const auth = Buffer.from('me:pass:word').toString('base64');
  const keyring = parseDockerConfig(JSON.stringify({ 'example.com': { auth, username: 'other' } }), 'dockercfg');
  assert.deepEqual(lookUp(keyring, 'example.com/app'), [{ username: 'me', password: 'pass:word' }]);
});

describe('what is no docker configuration is told without its values', () => {
  const cases: [text: string, form: 'dockerconfigjson' | 'dockercfg', says: RegExp][] = [
    ['{"auths": secret', 'dockerconfigjson', /^is not JSON$/],
    ['[]', 'dockerconfigjson', /must be an object of registries under "auths"/],
    ['"text"', 'dockercfg', /must be an object of registries$/],
    ['{"auths":{"example.com":"secret"}}', 'dockerconfigjson', /^entry "example.com" must be an object$/],
    ['{"example.com":{"auth":"c2VjcmV0"}}', 'dockercfg', /^"auth" of "example.com" must be base64 of user:password$/],
  ];
  for (const [text, form, says] of cases) {
    test(text, () => {
      assert.throws(
        () => parseDockerConfig(text, form),
        ({ message }: Error) => says.test(message) && !message.includes('secret'),
      );
    });
  }
  test('without auths there are no credentials', () => {
    assert.deepEqual(parseDockerConfig('{"credsStore":"desktop"}', 'dockerconfigjson'), []);
  });
});
