import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { nodes, pods, secrets, serviceAccounts } from '../../../src/api/resources.ts';
import type { TokenRequest } from '../../../src/api/types/authentication/v1.ts';
import { issueServiceAccountToken } from '../../../src/apiserver/authentication/token-request.ts';
import { createServiceAccountTokens, InvalidToken } from '../../../src/apiserver/authentication/tokens.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();
const named = (name: string, uid: string, more: object = {}) => ({
  metadata: { name, namespace: 'default', uid },
  ...more,
});

function setUp() {
  const reader = memoryReader();
  const clock = fakeClock();
  reader.put(serviceAccounts, named('web', 'sa-uid'));
  reader.put(pods, named('web-1', 'pod-uid', { spec: { serviceAccountName: 'web', nodeName: 'n1', containers: [] } }));
  reader.put(secrets, named('web-token', 'secret-uid'));
  reader.put(nodes, { metadata: { name: 'n1', uid: 'node-uid' } });
  const tokens = createServiceAccountTokens({ key, issuer: ISSUER, reader, clock });
  const request = (spec: Partial<TokenRequest['spec']>, metadata = {}) =>
    issueServiceAccountToken(
      { metadata, spec: { audiences: [], ...spec } },
      { reader, tokens, clock, namespace: 'default', name: 'web' },
    );
  return { reader, clock, tokens, request };
}
const boundTo = (kind: string, name: string) => ({ boundObjectRef: { apiVersion: 'v1', kind, name } });

test('a token names the account, its groups and what it is bound to', async () => {
  const { tokens, request } = setUp();
  const { status } = await request(boundTo('Pod', 'web-1'));
  const verified = await tokens.verify(status?.token ?? '');
  assert.equal(verified?.user.username, 'system:serviceaccount:default:web');
  assert.equal(verified?.user.uid, 'sa-uid');
  assert.deepEqual(verified?.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:default']);
  const { 'authentication.kubernetes.io/credential-id': credential, ...extra } = verified?.user.extra ?? {};
  assert.match(credential?.[0] ?? '', /^JTI=/);
  assert.deepEqual(extra, {
    'authentication.kubernetes.io/pod-name': ['web-1'],
    'authentication.kubernetes.io/pod-uid': ['pod-uid'],
    'authentication.kubernetes.io/node-name': ['n1'],
    'authentication.kubernetes.io/node-uid': ['node-uid'],
  });
});

test('others verify a token with the published keys', async () => {
  const { tokens, request, clock } = setUp();
  const { status } = await request({});
  const keys = createLocalJWKSet(tokens.jwks() as JSONWebKeySet);
  const { payload, protectedHeader } = await jwtVerify(status?.token ?? '', keys, {
    issuer: ISSUER,
    audience: ISSUER,
    currentDate: new Date(clock.now()),
  });
  assert.equal(payload.sub, 'system:serviceaccount:default:web');
  assert.equal(protectedHeader.alg, 'ES256');
  assert.deepEqual(tokens.openidConfiguration(`${ISSUER}/openid/v1/jwks`), {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
});

test("a kubelet's token lives a year and warns after its hour", async () => {
  const { request, clock } = setUp();
  const { status } = await request({ ...boundTo('Pod', 'web-1'), expirationSeconds: 3607 });
  const claims = decodeJwt(status?.token ?? '');
  const now = Math.floor(clock.now() / 1000);
  assert.equal(claims.exp, now + 365 * 24 * 3600);
  assert.equal((claims['kubernetes.io'] as { warnafter: number }).warnafter, now + 3607);
  assert.equal(status?.expirationTimestamp, '2026-01-01T01:00:07Z');
});

test('deleting or replacing what a token is bound to ends it', async () => {
  const cases: [bound: object, change: (reader: ReturnType<typeof memoryReader>) => void, why: RegExp][] = [
    [{}, (r) => r.remove(serviceAccounts, 'default', 'web'), /"web" not found/],
    [{}, (r) => r.put(serviceAccounts, named('web', 'other')), /service account UID \(other\) does not match claim/],
    [boundTo('Pod', 'web-1'), (r) => r.remove(pods, 'default', 'web-1'), /has been invalidated/],
    [boundTo('Pod', 'web-1'), (r) => r.put(pods, named('web-1', 'other')), /pod UID \(other\) does not match/],
    [boundTo('Secret', 'web-token'), (r) => r.remove(secrets, 'default', 'web-token'), /has been invalidated/],
    [boundTo('Node', 'n1'), (r) => r.remove(nodes, undefined, 'n1'), /has been invalidated/],
  ];
  for (const [bound, change, why] of cases) {
    const { reader, tokens, request } = setUp();
    const { status } = await request(bound);
    assert.ok(await tokens.verify(status?.token ?? ''));
    change(reader);
    await assert.rejects(
      tokens.verify(status?.token ?? ''),
      (error) => error instanceof InvalidToken && why.test(error.message),
    );
  }
});

test('expiry, audience, signature and issuer are checked', async () => {
  const { tokens, request, clock } = setUp();
  const token = (await request({ expirationSeconds: 600 })).status?.token ?? '';
  await assert.rejects(tokens.verify(token, ['vault']), /token audiences .* is invalid for the target audiences/);
  await assert.rejects(tokens.verify(`${token.slice(0, -6)}AAAAAA`), InvalidToken);
  assert.equal(await tokens.verify('not-a-token'), undefined);
  await clock.advance(661_000);
  await assert.rejects(tokens.verify(token), /service account token has expired/);
});

test('token requests are refused as upstream refuses them', async () => {
  const cases: [spec: object, metadata: object, code: number, message: RegExp][] = [
    [{ expirationSeconds: 599 }, {}, 422, /may not specify a duration less than 10 minutes/],
    [{ expirationSeconds: 2 ** 33 }, {}, 422, /may not specify a duration larger than 2\^32 seconds/],
    [{}, { name: 'other' }, 422, /must match the service account name if specified/],
    [{}, { uid: 'other' }, 409, /the UID in the token request \(other\) does not match/],
    [boundTo('Pod', 'none'), {}, 404, /pods "none" not found/],
    [boundTo('ConfigMap', 'x'), {}, 400, /cannot bind token to object of type \/v1, Kind=ConfigMap/],
    [{ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid: 'x' } }, {}, 409, /bound object reference/],
  ];
  for (const [spec, metadata, code, message] of cases) {
    await assert.rejects(setUp().request(spec, metadata), (error: Error & { code: number }) => {
      assert.match(error.message, message);
      return error.code === code;
    });
  }
});
