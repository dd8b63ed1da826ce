// Tokens of pods: kept while they are young, renewed in time, and used on while they are good and the API does not answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenRequest } from '../../src/api/types/authentication/v1.ts';
import { createPodObjects } from '../../src/kubelet/pod-objects.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';

const POD = podObject('web', { metadata: { uid: 'u' }, spec: { serviceAccountName: 'runner' } });

function bed() {
  const clock = fakeClock();
  const asked: TokenRequest[] = [];
  let fault: Error | undefined;
  const client = {
    createSubresource: async (_: object, namespace: string, name: string, part: string, body: TokenRequest) => {
      assert.deepEqual([namespace, name, part], ['default', 'runner', 'token']);
      if (fault) throw fault;
      asked.push(body);
      const expires = clock.now() + (body.spec.expirationSeconds ?? 0) * 1000;
      return { ...body, status: { token: `t${asked.length}`, expirationTimestamp: new Date(expires).toISOString() } };
    },
  };
  const objects = createPodObjects({ client: client as never, informers: {} as never, clock });
  const tokenOf = (expirationSeconds: number, audience = '') =>
    objects.of(POD).serviceAccountToken({ audience, expirationSeconds });
  const fail = (error?: Error) => {
    fault = error;
  };
  return { clock, asked, objects, tokenOf, fail };
}

test('a token is for the pod, and kept for four fifths of its life', async () => {
  const { clock, asked, tokenOf } = bed();
  const { token, refreshAt } = await tokenOf(1000);
  assert.deepEqual([token, refreshAt - clock.now()], ['t1', 800_000]);
  assert.deepEqual(asked[0]?.spec, {
    audiences: [],
    expirationSeconds: 1000,
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u' },
  });
  await clock.advance(799_000);
  assert.equal((await tokenOf(1000)).token, 't1');
  await clock.advance(2_000);
  assert.equal((await tokenOf(1000)).token, 't2');
});

test('one that lives long is renewed daily; each audience has its own; they go with the pod', async () => {
  const { clock, asked, objects, tokenOf } = bed();
  const { refreshAt } = await tokenOf(30 * 24 * 3600, 'vault');
  assert.equal(refreshAt - clock.now(), 24 * 3600 * 1000);
  assert.deepEqual(asked[0]?.spec.audiences, ['vault']);
  assert.equal((await tokenOf(30 * 24 * 3600, 'other')).token, 't2');
  objects.forget('u');
  assert.equal((await tokenOf(30 * 24 * 3600, 'vault')).token, 't3');
});

test('a token that cannot be renewed serves until it expires', async () => {
  const { clock, tokenOf, fail } = bed();
  await tokenOf(1000);
  fail(new Error('no answer'));
  await clock.advance(900_000);
  const { token, refreshAt } = await tokenOf(1000);
  assert.deepEqual([token, refreshAt - clock.now()], ['t1', 60_000]);
  await clock.advance(200_000);
  await assert.rejects(tokenOf(1000), { message: 'failed to fetch token: no answer' });
  fail();
  assert.equal((await tokenOf(1000)).token, 't2');
});
