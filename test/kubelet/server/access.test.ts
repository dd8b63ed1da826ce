import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { createAccess, subresourcesOf } from '../../../src/kubelet/server/access.ts';
import { fakeClock } from '../../support/fake-clock.ts';

interface Review {
  kind: string;
  spec: { token?: string; user?: string; groups?: string[]; resourceAttributes?: Record<string, string> };
}

/** An API server that knows one token, and whose reviews are noted. */
function bed(isAllowed: (review: Review) => boolean = () => false) {
  const clock = fakeClock();
  const asked: string[] = [];
  const state = { down: false };
  const create = async (_: unknown, review: Review) => {
    asked.push(review.kind);
    if (state.down) throw new Error('no API server');
    if (review.kind === 'TokenReview') {
      const user = { username: 'prometheus', groups: ['monitoring'] };
      return { status: review.spec.token === 'good' ? { authenticated: true, user } : { authenticated: false } };
    }
    return { status: { allowed: isAllowed(review) } };
  };
  const access = createAccess({ client: { create } as never, clock, nodeName: 'node-1' });
  return { access, asked, clock, state };
}

const request = (
  url: string,
  who: { token?: string; certificate?: { CN?: string; O?: string | string[] } } = {},
  method = 'GET',
) =>
  ({
    url,
    method,
    headers: who.token ? { authorization: `Bearer ${who.token}` } : {},
    socket: { authorized: who.certificate !== undefined, getPeerCertificate: () => ({ subject: who.certificate }) },
  }) as unknown as IncomingMessage;

describe('who may use the kubelet', () => {
  test('nobody without a certificate or a token', async () => {
    const { access } = bed(() => true);
    const refusal = { code: 401, message: 'Unauthorized' };
    assert.deepEqual(await access.refusal(request('/healthz')), refusal);
    assert.deepEqual(await access.refusal(request('/healthz', { token: 'bad' })), refusal);
    assert.deepEqual(await access.refusal(request('/healthz', { certificate: {} })), refusal);
  });

  test('the API server and administrators, without being asked about', async () => {
    const { access, asked } = bed();
    const certificate = { CN: 'kube-apiserver-kubelet-client' };
    assert.equal(await access.refusal(request('/exec/a/b/c', { certificate })), undefined);
    const admin = { CN: 'admin', O: ['x', 'system:masters'] };
    assert.equal(await access.refusal(request('/exec/a/b/c', { certificate: admin })), undefined);
    assert.deepEqual(asked, []);
  });

  test('whoever has the right to a part of the node, to that part', async () => {
    const reviews: Review[] = [];
    const { access } = bed((review) => {
      reviews.push(review);
      return review.spec.resourceAttributes?.subresource === 'metrics';
    });
    assert.equal(await access.refusal(request('/metrics/resource', { token: 'good' })), undefined);
    assert.deepEqual(reviews[0]?.spec, {
      user: 'prometheus',
      groups: ['monitoring'],
      resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'metrics', name: 'node-1' },
    });
    assert.deepEqual(await access.refusal(request('/pods', { token: 'good' })), {
      code: 403,
      message: 'Forbidden (user=prometheus, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    });
    const other = await access.refusal(request('/exec/a/b/c', { certificate: { CN: 'jane', O: 'dev' } }, 'POST'));
    assert.equal(other?.message, 'Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[proxy])\n');
  });

  test('answers hold for a while: yes for minutes, no for seconds', async () => {
    const { access, asked, clock } = bed(({ spec }) => spec.resourceAttributes?.subresource === 'stats');
    const ask = async (url: string) => {
      asked.length = 0;
      await access.refusal(request(url, { token: 'good' }));
      return asked.length;
    };
    assert.deepEqual([await ask('/stats/summary'), await ask('/stats/summary'), await ask('/metrics')], [2, 0, 1]);
    await clock.advance(31_000);
    assert.deepEqual([await ask('/stats/summary'), await ask('/metrics')], [0, 1]);
    await clock.advance(120_000);
    assert.equal(await ask('/stats/summary'), 1, 'the token alone');
    await clock.advance(300_000);
    assert.equal(await ask('/stats/summary'), 2);
  });

  test('an API server that cannot be asked is an error that is not remembered', async () => {
    const { access, state } = bed(() => true);
    state.down = true;
    await assert.rejects(access.refusal(request('/metrics', { token: 'good' })), /no API server/);
    state.down = false;
    assert.equal(await access.refusal(request('/metrics', { token: 'good' })), undefined);
  });

  for (const [place, expected] of [
    ['/stats/summary', 'stats'],
    ['/metrics', 'metrics'],
    ['/metrics/cadvisor', 'metrics'],
    ['/metricsx', 'proxy'],
    ['/logs/syslog', 'log'],
    ['/pods', 'pods proxy'],
    ['/runningpods/', 'pods proxy'],
    ['/healthz/ping', 'healthz proxy'],
    ['/configz', 'configz proxy'],
    ['/flagz', 'configz'],
    ['/statusz', 'statusz'],
    ['/checkpoint/a/b/c', 'checkpoint'],
    ['/containerLogs/a/b/c', 'proxy'],
  ] as const) {
    test(`${place} needs ${expected}`, () => assert.equal(subresourcesOf(place).join(' '), expected));
  }
});
