import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, Pod } from '../../../src/api/types/core/v1.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import type { ResourceCall } from '../../../src/apiserver/call.ts';
import { metricsDefinitions } from '../../../src/apiserver/virtual/metrics/definitions.ts';
import { metricsHandlers } from '../../../src/apiserver/virtual/metrics/handlers.ts';
import { podUsageBetween, type Summary, usageBetween } from '../../../src/apiserver/virtual/metrics/usage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { podObject } from '../../support/objects.ts';

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const used = (ms: number, nanoseconds: number, workingSetBytes = 2048) => ({
  cpu: { time: at(ms), usageCoreNanoSeconds: nanoseconds },
  memory: { time: at(ms), workingSetBytes },
});
const summary = (ms: number, nanoseconds: number, uids: readonly string[]): Summary => ({
  node: used(ms, nanoseconds),
  pods: uids.map((uid) => ({
    podRef: { name: uid, namespace: 'default', uid },
    containers: [{ name: 'main', ...used(ms, nanoseconds) }],
  })),
});

describe('what is used between two summaries', () => {
  test('is told as a metrics-server tells it', () => {
    assert.deepEqual(usageBetween(used(0, 0), used(1500, 3e8, 3000)), {
      timestamp: '2026-01-01T00:00:01Z',
      window: '1.5s',
      usage: { cpu: '200000000n', memory: '2Ki' },
    });
  });
  for (const [what, before, after] of [
    ['was not there before', undefined, used(1000, 1)],
    ['is not there now', used(0, 1), undefined],
    ['began anew', used(0, 5), used(1000, 1)],
    ['was read at the same time', used(0, 1), used(0, 1)],
  ] as const) {
    test(`is not known of what ${what}`, () => assert.equal(usageBetween(before, after), undefined));
  }
  test('a pod needs all its containers', () => {
    const before = summary(0, 0, ['a']);
    const after = summary(1000, 1e8, ['a', 'b']);
    assert.deepEqual(podUsageBetween(before, after, 'a')?.containers, [
      { name: 'main', usage: { cpu: '100000000n', memory: '2Ki' } },
    ]);
    assert.equal(podUsageBetween(before, after, 'b'), undefined);
    after.pods[0]?.containers?.push({ name: 'new', ...used(1000, 1) });
    assert.equal(podUsageBetween(before, after, 'a'), undefined);
  });
});

describe('metrics.k8s.io', () => {
  const node = (name: string): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { is: name } },
    spec: {},
  });
  const pod = (name: string, nodeName: string): Pod =>
    podObject(name, { metadata: { uid: name, labels: { app: name } }, spec: { nodeName } });

  function bed() {
    const clock = fakeClock();
    const state = { asked: 0, down: new Set<string>() };
    const pods = [pod('a', 'n1'), pod('b', 'n1'), pod('c', 'n2')];
    const nodes = [node('n1'), node('n2')];
    const handlers = new Map(
      metricsHandlers({
        clock,
        reader: {
          get: (_: unknown, __: unknown, name: string) => nodes.find(({ metadata }) => metadata.name === name),
          list: ({ plural }: { plural: string }) => (plural === 'nodes' ? nodes : pods),
        } as never,
        async summaryOf({ metadata: { name = '' } }) {
          state.asked++;
          if (state.down.has(name)) throw new Error('no answer');
          const ms = clock.monotonic();
          const own = pods.filter(({ spec }) => spec.nodeName === name).map(({ metadata }) => metadata.uid as string);
          return summary(ms, ms * 1e5, own);
        },
      }),
    );
    const call = async (plural: 'nodes' | 'pods', { name = '', query = '' } = {}) => {
      const definition = metricsDefinitions().find((one) => one.plural === plural);
      const info = { verb: name ? 'get' : 'list', name, namespace: plural === 'pods' ? 'default' : '' };
      const asked = { definition, info, request: { query: new URLSearchParams(query) } } as unknown as ResourceCall;
      const answer = handlers.get(`metrics.k8s.io/${plural}`)?.(asked);
      const [result] = await Promise.all([answer, clock.advance(1000)]);
      return result;
    };
    const list = async (plural: 'nodes' | 'pods', query = '') => {
      const result = (await call(plural, { query })) as unknown as { entries: { object: AnyObject }[] };
      return result.entries.map(({ object }) => object);
    };
    return { clock, state, call, list };
  }

  test('lists pods with the use of their containers, by namespace and labels', async () => {
    const { list } = bed();
    assert.deepEqual(
      (await list('pods')).map(({ metadata }) => metadata.name),
      ['a', 'b', 'c'],
    );
    const [only] = await list('pods', 'labelSelector=app%3Db');
    assert.deepEqual(only, {
      kind: 'PodMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: {
        name: 'b',
        namespace: 'default',
        creationTimestamp: only?.metadata.creationTimestamp,
        labels: { app: 'b' },
      },
      timestamp: only?.timestamp,
      window: '1s',
      containers: [{ name: 'main', usage: { cpu: '100000000n', memory: '2Ki' } }],
    });
  });

  test('asks twice the first time, once soon after, and twice again later', async () => {
    const { list, state, clock } = bed();
    await list('nodes');
    assert.equal(state.asked, 4, 'two nodes');
    await list('nodes');
    assert.equal(state.asked, 6);
    await clock.advance(61_000);
    await list('nodes');
    assert.equal(state.asked, 10);
  });

  test('callers at the same time share an answer', async () => {
    const { list, state } = bed();
    await Promise.all([list('nodes'), list('nodes')]);
    assert.equal(state.asked, 4);
  });

  test('a node whose kubelet does not answer is left out; one alone is 404', async () => {
    const { list, call, state } = bed();
    state.down.add('n2');
    assert.deepEqual(
      (await list('nodes')).map(({ metadata }) => metadata.name),
      ['n1'],
    );
    assert.deepEqual(
      (await list('pods')).map(({ metadata }) => metadata.name),
      ['a', 'b'],
    );
    await assert.rejects(call('nodes', { name: 'n2' }), /nodes\.metrics\.k8s\.io "n2" not found/);
    await assert.rejects(call('nodes', { name: 'none' }), /nodes\.metrics\.k8s\.io "none" not found/);
    const one = (await call('nodes', { name: 'n1' })) as unknown as { object: AnyObject };
    assert.equal(one.object.metadata.name, 'n1');
  });
});
