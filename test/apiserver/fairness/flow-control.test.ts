import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowSchemas, priorityLevelConfigurations } from '../../../src/api/resources.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../src/api/types/flowcontrol/v1.ts';
import { createFlowControl, type FlowControl, type Ticket } from '../../../src/apiserver/fairness/flow-control.ts';
import { dangling } from '../../../src/apiserver/fairness/schema-status.ts';
import type { Attributes } from '../../../src/apiserver/identity.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const NEVER = new AbortController().signal;
const turn = () => new Promise<'later'>((resolve) => setImmediate(resolve, 'later'));
const state = (entry: Ticket | Promise<Ticket>) =>
  entry instanceof Promise ? Promise.race([entry.then(() => 'in'), turn()]) : 'in';

const asking = (username: string): Attributes => ({
  user: { username, groups: ['system:authenticated'] },
  verb: 'get',
  isResource: true,
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'a',
  path: '/api/v1/namespaces/default/pods/a',
});

const everyone = (level: string): FlowSchema => ({
  metadata: { name: 'everyone', uid: 'schema-uid' },
  spec: {
    matchingPrecedence: 50,
    priorityLevelConfiguration: { name: level },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: '*' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  },
});

const QUEUE = { type: 'Queue', queuing: { queues: 8, handSize: 1, queueLengthLimit: 2 } };
const narrow = (limitResponse: object = QUEUE): PriorityLevelConfiguration =>
  ({
    metadata: { name: 'narrow', uid: 'level-uid' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse } },
  }) as PriorityLevelConfiguration;

/** One seat for everyone: six for six shares, of which the mandatory catch-all has five. */
function oneSeat(level = narrow()) {
  const reader = memoryReader();
  reader.put(flowSchemas, everyone('narrow'));
  reader.put(priorityLevelConfigurations, level);
  const clock = fakeClock();
  const flowControl = createFlowControl({ reader, clock, seats: 6 });
  const enter = (user: string, signal = NEVER) => flowControl.enter(asking(user), { width: 1, caller: { signal } });
  return { reader, clock, flowControl, enter };
}

const levelOf = (flowControl: FlowControl) => [...flowControl.levels()].find(({ name }) => name === 'narrow');

test('a request with room is let in at once, and names its schema and level', () => {
  const { enter } = oneSeat();
  const ticket = enter('jane');
  assert.ok(!(ticket instanceof Promise));
  assert.equal(ticket.flowSchemaUid, 'schema-uid');
  assert.equal(ticket.priorityLevelUid, 'level-uid');
});

test('the next one waits for the seat, and two releases of a ticket are one', async () => {
  const { enter } = oneSeat();
  const first = enter('jane') as Ticket;
  const [second, third] = [enter('jane'), enter('joe')];
  assert.equal(await state(second), 'later');
  first.release();
  first.release();
  await Promise.race([second, third]);
  assert.deepEqual([await state(second), await state(third)].sort(), ['in', 'later']);
});

test('a full queue is refused with 429 and Retry-After', async () => {
  const { enter, flowControl } = oneSeat();
  enter('jane');
  const waiting = [enter('jane'), enter('jane')];
  await assert.rejects(Promise.resolve(enter('jane')), (error: { status: { code: number; details: object } }) => {
    assert.equal(error.status.code, 429);
    assert.deepEqual(error.status.details, { retryAfterSeconds: 1 });
    return true;
  });
  assert.equal(levelOf(flowControl)?.rejected['queue-full'], 1);
  assert.equal(waiting.length, 2);
});

test('a level that rejects has no queue', async () => {
  const { enter, flowControl } = oneSeat(narrow({ type: 'Reject' }));
  enter('jane');
  await assert.rejects(Promise.resolve(enter('jane')), /Too many requests/);
  assert.equal(levelOf(flowControl)?.rejected['concurrency-limit'], 1);
});

test('nobody waits for longer than fifteen seconds, and who gave up takes no seat', async () => {
  const { enter, clock, flowControl } = oneSeat();
  const first = enter('jane') as Ticket;
  const second = enter('jane') as Promise<Ticket>;
  const refused = assert.rejects(second, /Too many requests/);
  await clock.advance(15_000);
  await refused;
  assert.equal(levelOf(flowControl)?.rejected['time-out'], 1);
  first.release();
  assert.equal(await state(enter('joe')), 'in');
});

test('a caller that goes away leaves the queue', async () => {
  const { enter, flowControl } = oneSeat();
  enter('jane');
  const caller = new AbortController();
  const second = enter('jane', caller.signal) as Promise<Ticket>;
  caller.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  assert.equal(levelOf(flowControl)?.queues?.size, 0);
});

test('one of each level is let in per turn of the event loop', async () => {
  const { enter, reader } = oneSeat();
  const first = enter('jane') as Ticket;
  const waiting = [enter('jane'), enter('joe')];
  const wide = narrow();
  wide.spec.limited = { ...wide.spec.limited, nominalConcurrencyShares: 100 };
  reader.put(priorityLevelConfigurations, wide);
  const inside: string[] = [];
  for (const each of waiting) void Promise.resolve(each).then(() => inside.push('in'));
  first.release();
  enter('jim'); // sees the new limits
  await turn();
  assert.equal(inside.length, 1);
  await turn();
  assert.equal(inside.length, 2);
});

test('a schema whose level is missing goes by catch-all', () => {
  const { reader, clock } = oneSeat();
  reader.put(flowSchemas, everyone('nowhere'));
  const flowControl = createFlowControl({ reader, clock, seats: 6 });
  flowControl.enter(asking('jane'), { width: 1, caller: { signal: NEVER } });
  assert.equal([...flowControl.levels()].find(({ name }) => name === 'catch-all')?.inUse, 1);
});

test('the condition says whether the level exists', () => {
  assert.equal(dangling('x', true).status, 'False');
  assert.deepEqual(dangling('x', false), {
    type: 'Dangling',
    status: 'True',
    reason: 'NotFound',
    message: 'This FlowSchema references the PriorityLevelConfiguration object named "x" but there is no such object',
  });
});
