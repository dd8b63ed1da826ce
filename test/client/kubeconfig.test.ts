// Kubeconfig files are read as kubectl reads them; what cannot be used is told in a sentence that names the file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ClientConfigError, type ClientConfigOptions, loadClientConfig } from '../../src/client/kubeconfig.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
after(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const config = (parts: { cluster?: object; user?: object; context?: object; current?: string } = {}) => ({
  'current-context': parts.current ?? 'one',
  clusters: [{ name: 'c', cluster: { server: 'https://localhost:6443/', ...parts.cluster } }],
  users: [{ name: 'u', user: { token: 'secret', ...parts.user } }],
  contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', ...parts.context } }],
});

const load = (file: string, options: Partial<ClientConfigOptions> = {}) =>
  loadClientConfig({ file, env: {}, home: folder, ...options });

test('certificates come from data or from files beside the kubeconfig', async () => {
  write('key.pem', 'KEY');
  const file = write(
    'certificates',
    config({
      cluster: { 'certificate-authority-data': base64('CA') },
      user: { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' },
      context: { namespace: 'shop' },
    }),
  );
  const { transport, namespace, context } = await load(file);
  assert.deepEqual([namespace, context], ['shop', 'one']);
  const { server, ca, cert, key } = transport;
  assert.deepEqual([server, ca, cert, key], ['https://localhost:6443', 'CA', 'CERT', 'KEY']);
});

test('a token file wins over a token and is read each time', async () => {
  write('token', 'first\n');
  const { transport } = await load(write('tokens', config({ user: { tokenFile: 'token' } })));
  assert.equal(transport.token?.(), 'first');
  write('token', 'second\n');
  assert.equal(transport.token?.(), 'second');
  rmSync(path.join(folder, 'token'));
  assert.throws(() => transport.token?.(), /tokens names .*token, which cannot be read/);
});

test('several files of KUBECONFIG are one: the first entry of a name counts, a missing file does not matter', async () => {
  const first = write('first', { ...config({ user: { token: 'a' } }), 'current-context': '' });
  const second = write('second', { ...config({ user: { token: 'b' } }), 'current-context': 'one' });
  const env = { KUBECONFIG: [first, path.join(folder, 'none'), second].join(path.delimiter) };
  const { transport, namespace } = await loadClientConfig({ env, home: folder });
  assert.deepEqual([transport.token?.(), namespace], ['a', 'default']);
});

test('impersonation comes from flags, else from the user', async () => {
  const file = write('as', config({ user: { as: 'alice', 'as-groups': ['dev'] } }));
  assert.deepEqual((await load(file)).transport.headers, { 'Impersonate-User': 'alice', 'Impersonate-Group': ['dev'] });
  const other = await load(file, { impersonate: { user: 'bob' } });
  assert.deepEqual(other.transport.headers, { 'Impersonate-User': 'bob' });
});

const V1 = 'client.authentication.k8s.io/v1';

const REFUSED: readonly [string, unknown, RegExp][] = [
  ['no YAML', 'a: [', /is not valid YAML/],
  ['a list', '- a', /is not a kubeconfig: a map is expected/],
  ['a section that is no list', { clusters: {} }, /"clusters" is not a list/],
  ['an entry without a name', { users: [{}] }, /an entry of "users" has no name/],
  ['no current context', { ...config(), 'current-context': '' }, /has no current-context: name one with --context/],
  ['a context that is not there', config({ current: 'two' }), /there is no context "two" in .* \(there: one\)/],
  ['a user that is not there', config({ context: { user: 'x' } }), /names the user "x", which .* does not have/],
  ['no server', config({ cluster: { server: '' } }), /has no server that is a URL/],
  ['an exec plugin without a command', config({ user: { token: '', exec: {} } }), /exec plugin .* has no command/],
  [
    'an exec plugin of an old version',
    config({ user: { token: '', exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } } }),
    /has the apiVersion ".*v1alpha1": client.authentication.k8s.io\/v1 or .*v1beta1 is expected/,
  ],
  [
    'an exec plugin that must ask',
    config({ user: { token: '', exec: { command: 'x', apiVersion: V1, interactiveMode: 'Always' } } }),
    /wants to ask on a terminal/,
  ],
  [
    'an exec plugin that does not say whether it asks',
    config({ user: { token: '', exec: { command: 'x', apiVersion: V1 } } }),
    /has the interactiveMode "": one of Never, IfAvailable, Always is expected/,
  ],
  ['a proxy', config({ cluster: { 'proxy-url': 'http://x' } }), /uses proxy-url, which tsukube does not/],
  ['a certificate without key', config({ user: { 'client-certificate-data': base64('C') } }), /only one of/],
  ['a file that is not there', config({ user: { 'client-key': 'gone.pem' } }), /gone\.pem, which cannot be read/],
];
for (const [what, content, message] of REFUSED) {
  test(`${what} is refused`, async () => {
    const file = write('refused', content);
    await assert.rejects(
      load(file),
      (error: Error) => error instanceof ClientConfigError && message.test(error.message),
    );
  });
}

test('no file, and one that cannot be read, are told', async () => {
  await assert.rejects(
    loadClientConfig({ env: {}, home: folder }),
    /there is no kubeconfig .*\.kube\/config: "tsukube server" writes one/,
  );
  await assert.rejects(load(folder), /cannot be read/);
});
