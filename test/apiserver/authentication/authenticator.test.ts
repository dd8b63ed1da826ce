import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { secrets } from '../../../src/api/resources.ts';
import { createAuthenticator } from '../../../src/apiserver/authentication/authenticator.ts';
import { createServiceAccountTokens } from '../../../src/apiserver/authentication/tokens.ts';
import type { Credentials, UserInfo } from '../../../src/apiserver/identity.ts';
import { subjectOf } from '../../../src/pki/certificate.ts';
import { ensurePki, type Pki } from '../../../src/pki/pki.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';

let dir: string;
let pki: Pki;
let stranger: Pki;
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'authn-'));
  const options = { nodeName: 'n1', names: [], ips: ['127.0.0.1'], clock: fakeClock() };
  pki = await ensurePki(path.join(dir, 'a'), options);
  stranger = await ensurePki(path.join(dir, 'b'), options);
});
after(() => rm(dir, { recursive: true }));

const clock = fakeClock();
const reader = memoryReader();
const base64 = (text: string) => Buffer.from(text).toString('base64');
reader.put(secrets, {
  metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: {
    'token-id': base64('abcdef'),
    'token-secret': base64('0123456789abcdef'),
    'usage-bootstrap-authentication': base64('true'),
    'auth-extra-groups': base64('system:bootstrappers:kubeadm'),
  },
} as never);

function authenticate(credentials: Partial<Credentials>, anonymous = true): Promise<UserInfo> {
  const tokens = createServiceAccountTokens({ key: pki.serviceAccountKey, issuer: 'https://i', reader, clock });
  const authenticator = createAuthenticator({
    tokens,
    reader,
    clock,
    clientCa: pki.ca.cert,
    frontProxyCa: pki.frontProxyCa.cert,
    staticToken: 'secret',
    anonymous,
  });
  return authenticator.authenticate({ headers: {}, remoteAddress: '127.0.0.1', ...credentials });
}
const certificate = (pem: string) => {
  const parsed = new X509Certificate(pem);
  return { clientCertificate: { ...subjectOf(parsed), raw: parsed.raw } };
};
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('a client certificate gives user and groups', async () => {
  const user = await authenticate(certificate(pki.kubeletClient.cert));
  assert.equal(user.username, 'system:node:n1');
  assert.deepEqual(user.groups, ['system:nodes', 'system:authenticated']);
  assert.match(user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^X509SHA256=[0-9a-f]{64}$/);
});

test('tokens of every kind are known, wrong ones refused even where anonymous is allowed', async () => {
  assert.deepEqual(await authenticate(bearer('secret')), {
    username: 'admin',
    uid: '1',
    groups: ['system:masters', 'system:authenticated'],
  });
  assert.deepEqual(await authenticate(bearer('abcdef.0123456789abcdef')), {
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm', 'system:authenticated'],
  });
  for (const token of ['wrong', 'abcdef.0123456789abcdeg', 'a.b.c']) {
    await assert.rejects(authenticate(bearer(token)), { message: 'Unauthorized' });
  }
});

test('a certificate of another authority is refused', async () => {
  await assert.rejects(authenticate(certificate(stranger.adminClient.cert)), { message: 'Unauthorized' });
});

test('a front proxy speaks for others and is nobody itself', async () => {
  const proxy = certificate(pki.frontProxyClient.cert);
  const headers = { 'x-remote-user': 'jane', 'x-remote-group': ['dev', 'ops'], 'x-remote-extra-a%2Fb': 'c' };
  assert.deepEqual(await authenticate({ ...proxy, headers }), {
    username: 'jane',
    groups: ['dev', 'ops', 'system:authenticated'],
    extra: { 'a/b': ['c'] },
  });
  assert.equal((await authenticate(proxy)).username, 'system:anonymous');
  assert.equal((await authenticate({ headers })).username, 'system:anonymous');
});

test('no credentials are anonymous, or 401 when that is off', async () => {
  assert.deepEqual(await authenticate({}), { username: 'system:anonymous', groups: ['system:unauthenticated'] });
  await assert.rejects(authenticate({}, false), { message: 'Unauthorized' });
});
