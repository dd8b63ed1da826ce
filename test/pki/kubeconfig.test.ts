import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  invokingUser,
  KubeconfigError,
  kubeconfigOf,
  mergeKubeconfig,
  removeFromKubeconfig,
  writeKubeconfig,
} from '../../src/pki/kubeconfig.ts';

const entry = {
  name: 'tsukube',
  server: 'https://127.0.0.1:6443',
  caCert: 'CA',
  client: { cert: 'CERT', key: 'KEY' },
};
const OTHER = `# mine
clusters:
  - name: other # keep
    cluster:
      server: https://example.com
users: null
current-context: other
`;

test('a new kubeconfig holds one current context with embedded certificates', async () => {
  const config = parse(await kubeconfigOf(entry));
  assert.equal(config['current-context'], 'tsukube');
  assert.deepEqual(config.clusters, [
    { name: 'tsukube', cluster: { server: entry.server, 'certificate-authority-data': 'Q0E=' } },
  ]);
  assert.deepEqual(config.contexts, [{ name: 'tsukube', context: { cluster: 'tsukube', user: 'tsukube' } }]);
});

test("merging keeps others' entries, comments and current context, and is idempotent", async () => {
  const merged = await mergeKubeconfig(OTHER, entry);
  assert.match(merged, /^# mine\n/);
  assert.match(merged, /- name: other # keep/);
  assert.equal(parse(merged)['current-context'], 'other');
  assert.equal(await mergeKubeconfig(merged, entry), merged);
  assert.equal(parse(await mergeKubeconfig(merged, entry, { use: true }))['current-context'], 'tsukube');
});

test('removing takes only our entries, and the file when nothing else is in it', async () => {
  const removed = await removeFromKubeconfig(await mergeKubeconfig(OTHER, entry), 'tsukube', 'f');
  assert.deepEqual(
    parse(removed ?? '').clusters.map((c: { name: string }) => c.name),
    ['other'],
  );
  assert.equal(await removeFromKubeconfig(await kubeconfigOf(entry), 'tsukube', 'f'), undefined);
});

test('what is no kubeconfig is refused with its name', async () => {
  for (const [text, why] of [
    ['[1]', /^~\/x is not a kubeconfig \(a map is expected\)/],
    ['a: [', /^~\/x is not valid YAML/],
    ['clusters: 5', /"clusters" is not a list/],
  ] as const) {
    await assert.rejects(
      mergeKubeconfig(text, entry, { file: '~/x' }),
      (error) => error instanceof KubeconfigError && why.test(error.message),
    );
  }
});

test('the file is written for its owner only', async (t) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'kubeconfig-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = path.join(dir, '.kube', 'config');
  await writeKubeconfig(file, entry);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), await kubeconfigOf(entry));
});

test('the invoking user comes from sudo', () => {
  assert.deepEqual(invokingUser({ SUDO_UID: '1000', SUDO_GID: '1001' }), { uid: 1000, gid: 1001 });
  assert.equal(invokingUser({}), undefined);
});
