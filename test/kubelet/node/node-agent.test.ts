import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import type { Node } from '../../../src/api/types/core/v1.ts';
import { createClient } from '../../../src/client/create-client.ts';
import { createInformers } from '../../../src/client/create-informers.ts';
import { createHealth } from '../../../src/kubelet/cri/health.ts';
import type { ImageStatus } from '../../../src/kubelet/cri/runtime.ts';
import { readMachine } from '../../../src/kubelet/node/machine.ts';
import { createNodeAgent } from '../../../src/kubelet/node/node-agent.ts';
import { DEFAULT_NODE_SETTINGS } from '../../../src/kubelet/node/node-settings.ts';
import { silentLogger } from '../../../src/log.ts';
import { eventually } from '../../support/eventually.ts';
import { type FakeApi, fakeApi } from '../../support/fake-api.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** An agent whose runtime lists its images when the test says so. */
async function withAgent(
  use: (bed: {
    clock: ReturnType<typeof fakeClock>;
    ready(): string | undefined;
    reported: Promise<void>;
    answer(images: ImageStatus[]): void;
    setProblem(problem: string | undefined): void;
    /** Reasons of events so far. */
    told: string[];
    report(): void;
    heartbeats(): string[];
    api: FakeApi;
  }) => Promise<void>,
): Promise<void> {
  const clock = fakeClock();
  const told: string[] = [];
  const api = fakeApi({ clock });
  const { promise, resolve: answer } = Promise.withResolvers<ImageStatus[]>();
  const { set: setProblem, ...health } = createHealth();
  const machine = await readMachine(os.tmpdir());
  const input = {
    nodeName: 'node-1',
    addresses: ['192.0.2.1'],
    port: 10250,
    machine,
    settings: DEFAULT_NODE_SETTINGS,
    labels: {},
  };
  const client = createClient(api.transport);
  const informers = createInformers({ client, clock, log: silentLogger });
  const agent = createNodeAgent({
    client,
    informers,
    clock,
    log: silentLogger,
    events: { event: (_, __, reason) => void told.push(reason) },
    runtime: { ...health, listImages: () => promise, onImage: () => () => undefined },
    input: () => ({ ...input, runtimeVersion: 'containerd://1.6.20' }),
  });
  await agent.start();
  const conditions = () => api.object<Node>('nodes', undefined, 'node-1')?.status?.conditions;
  const ready = () => conditions()?.find(({ type }) => type === 'Ready')?.status;
  try {
    const heartbeats = () => (conditions() ?? []).map(({ lastHeartbeatTime }) => lastHeartbeatTime as string);
    const { report } = agent;
    await use({ clock, ready, reported: agent.firstReport(), answer, setProblem, told, report, heartbeats, api });
  } finally {
    answer([]);
    await agent.stop();
    await informers.stop();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve, 'a turn'));

test('the first report has been made once the node is told to be ready', () =>
  withAgent(async ({ ready, reported, answer }) => {
    assert.equal(await Promise.race([reported, turn()]), 'a turn');
    assert.notEqual(ready(), 'True');
    answer([]);
    await reported;
    assert.equal(ready(), 'True');
  }));

test('a runtime that hangs keeps nobody waiting for longer than two seconds', () =>
  withAgent(async ({ clock, ready, reported }) => {
    await clock.advance(1_999);
    assert.equal(await Promise.race([reported, turn()]), 'a turn');
    await clock.advance(1);
    await reported;
    assert.notEqual(ready(), 'True');
  }));

test('a runtime that hangs makes the node not ready at once, in its words, and is not asked meanwhile', () =>
  withAgent(async ({ clock, ready, reported, answer, setProblem }) => {
    answer([]);
    await reported;
    setProblem('container runtime is down: it hangs');
    await clock.advance(0);
    await eventually('the condition', () => ready() === 'False');
    setProblem(undefined);
    await clock.advance(0);
    await eventually('the return', () => ready() === 'True');
  }));

test('what begins to hold is told as events, and what is new at once', () =>
  withAgent(async ({ clock, reported, answer, told, report, heartbeats }) => {
    answer([]);
    await reported;
    const first = ['Starting', 'NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'NodeReady'];
    assert.deepEqual(told, first);
    const [before] = heartbeats();
    await clock.advance(1_000);
    assert.equal(heartbeats()[0], before);
    report();
    await clock.advance(0);
    assert.notEqual(heartbeats()[0], before);
    assert.deepEqual(told, first, 'nothing has changed');
  }));

test('a node that is cordoned and uncordoned is told as such, once each', () =>
  withAgent(async ({ reported, answer, api, told }) => {
    answer([]);
    await reported;
    const first = told.length;
    const change = (spec: Node['spec']) =>
      api.change('nodes', undefined, 'node-1', (node) =>
        Object.assign(node, { spec: { ...(node as Node).spec, ...spec } }),
      );
    change({ unschedulable: true });
    change({ taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] });
    await eventually('cordoned', () => told.length > first);
    change({ unschedulable: false });
    await eventually('uncordoned', () => told.length > first + 1);
    assert.deepEqual(told.slice(first), ['NodeNotSchedulable', 'NodeSchedulable']);
  }));

test('resources that somebody else gives the node can be asked for, until they are taken away', () =>
  withAgent(async ({ reported, answer, api }) => {
    answer([]);
    await reported;
    const status = () => api.object<Node>('nodes', undefined, 'node-1')?.status;
    const pods = status()?.allocatable?.pods;
    const setDongles = (change: (capacity: Record<string, string>) => void) =>
      api.change('nodes', undefined, 'node-1', (node) => change((node as Node).status?.capacity as never));
    setDongles((capacity) => Object.assign(capacity, { 'example.com/dongle': '4', 'kubernetes.io/own': '1' }));
    await eventually('four', () => status()?.allocatable?.['example.com/dongle'] === '4');
    assert.equal(status()?.allocatable?.['kubernetes.io/own'], undefined);
    assert.equal(status()?.allocatable?.pods, pods);
    setDongles((capacity) => delete capacity['example.com/dongle']);
    await eventually('none', () => status()?.allocatable?.['example.com/dongle'] === undefined);
  }));
