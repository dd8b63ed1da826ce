// What a pod costs does not grow with the number of others: V8 counts how often each block of the source runs while a few
// pods are made, placed, changed and deleted in a small cluster and in a large one. A block that runs more often for
// each pod of the large one is a loop over what has nothing to do with them.
import assert from 'node:assert/strict';
import { Session } from 'node:inspector/promises';
import { type TestContext, test } from 'node:test';
import { namespaces, nodes, pods } from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { runController } from '../../src/client/run-controller.ts';
import { createControllers } from '../../src/controllers/index.ts';
import { startAll, stopAll } from '../../src/lifecycle.ts';
import { silentLogger as log } from '../../src/log.ts';
import { createScheduler } from '../../src/scheduler/scheduler.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { nodeObject } from '../support/objects.ts';
import { startTestServer } from '../support/server.ts';

const SMALL = 200;
const LARGE = 2_000;
const MEASURED = 20;
/** Half of what a look at all others for each pod that is measured would be. */
const LOOP = (MEASURED * (LARGE - SMALL)) / 2;

async function controlPlane(t: TestContext) {
  const clock = fakeClock();
  const { server, client, stop } = await startTestServer({ clock, namespaces: [] });
  const informers = createInformers({ client, clock, log, random: () => 0 });
  const events = createEventRecorder({ client, clock, log, component: 'test' });
  const signal = new AbortController().signal;
  const components = [
    ...createControllers({ resources: server.catalogue, rootCa: 'PEM', signToken: async () => 'token' }).map(
      (controller) => runController(controller, { client, informers, events, clock, log, signal }),
    ),
    createScheduler({ client, informers, events, clock, log, random: () => 0 }),
  ];
  await client.create(namespaces, { metadata: { name: 'default' }, spec: {} });
  const conditions = [{ type: 'Ready', status: 'True' as const }];
  const allocatable = { cpu: '1', memory: '1Gi', pods: '110' };
  await client.create(nodes, nodeObject('node', { status: { conditions, allocatable } }));
  await startAll(components);
  t.after(async () => {
    await stopAll(components);
    await informers.stop();
    await stop();
  });
  const settle = async () => {
    for (let i = 0; i < 20; i++) await clock.advance(20);
  };
  await settle();
  return { client, settle };
}

const pod = (name: string): Pod => ({
  metadata: { name, namespace: 'default', labels: { app: 'many' } },
  spec: { containers: [{ name: 'one', image: 'example.com/app', resources: { requests: { cpu: '1m' } } }] },
});

/** Stays where it is made: nobody but the test writes it. */
function gated(name: string): Pod {
  const { spec, ...rest } = pod(name);
  return { ...rest, spec: { ...spec, schedulingGates: [{ name: 'example.com/never' }] } };
}

type Ranges = readonly { startOffset: number; endOffset: number; count: number }[];

/** How often the blocks of each function of the source ran since the last call. */
async function blocksRun(session: Session): Promise<Map<string, Ranges>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const functions = new Map<string, Ranges>();
  for (const { url, functions: ran } of result) {
    const file = /\/(src\/.*)$/.exec(url)?.[1];
    if (!file) continue;
    for (const { functionName, ranges } of ran) {
      functions.set(`${file} ${functionName} at ${ranges[0]?.startOffset}`, ranges);
    }
  }
  return functions;
}

/** V8 leaves out a block that ran as often as the one around it. */
const countAt = (ranges: Ranges, offset: number): number =>
  ranges.findLast(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset)?.count ?? 0;

test('what a pod costs does not grow with the number of pods', async (t) => {
  // First of all: functions that are compiled before it count only as a whole.
  const session = new Session();
  session.connect();
  t.after(() => session.disconnect());
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const { client, settle } = await controlPlane(t);
  let made = 0;
  const makeUpTo = async (count: number) => {
    for (; made < count; made++) await client.create(pods, gated(`there-${made}`));
    await settle();
  };
  async function costAmong(count: number): Promise<Map<string, Ranges>> {
    await makeUpTo(count);
    await blocksRun(session);
    const names = Array.from({ length: MEASURED }, (_, i) => `among-${count}-${i}`);
    for (const name of names) await client.create(pods, pod(name));
    await settle();
    for (const name of names) {
      assert.equal((await client.get(pods, 'default', name)).spec.nodeName, 'node', 'the scheduler has placed it');
      await client.patch(pods, 'default', name, { type: 'merge', body: { metadata: { labels: { seen: 'yes' } } } });
    }
    await settle();
    for (const name of names) await client.delete(pods, 'default', name, { gracePeriodSeconds: 0 });
    await settle();
    return await blocksRun(session);
  }

  const few = await costAmong(SMALL);
  const many = await costAmong(LARGE);
  const grown = [...many].flatMap(([where, ranges]) =>
    ranges
      .map(({ startOffset, count }) => ({
        where,
        startOffset,
        more: count - countAt(few.get(where) ?? [], startOffset),
      }))
      .filter(({ more }) => more >= LOOP),
  );
  assert.deepEqual(grown, []);
});
