import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorityLevelConfigurations } from '../../../src/api/resources.ts';
import type { PriorityLevelConfiguration } from '../../../src/api/types/flowcontrol/v1.ts';
import { dumpPriorityLevels } from '../../../src/apiserver/fairness/dump.ts';
import { createFlowControl, type Ticket } from '../../../src/apiserver/fairness/flow-control.ts';
import type { Attributes } from '../../../src/apiserver/identity.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const asking = (username: string, groups: string[]): Attributes => ({
  ...{ user: { username, groups }, verb: 'get', isResource: true, path: '/api/v1/nodes/a', namespace: '' },
  ...{ apiGroup: '', apiVersion: 'v1', resource: 'nodes', subresource: '', name: 'a' },
});

test('priority levels are told as a table: who works, waits, came in, was refused and left', async () => {
  const reader = memoryReader();
  const queuing = { queues: 8, handSize: 1, queueLengthLimit: 1 };
  // It takes over the mandatory level that has whoever no FlowSchema names.
  const limitResponse = { type: 'Queue', queuing };
  const catchAll = { metadata: { name: 'catch-all' }, spec: { type: 'Limited', limited: { limitResponse } } };
  reader.put(priorityLevelConfigurations, catchAll as PriorityLevelConfiguration);
  const clock = fakeClock();
  const flowControl = createFlowControl({ reader, clock, seats: 1 });
  const never = new AbortController().signal;
  const enter = (name: string, signal = never) =>
    flowControl.enter(asking(name, ['system:authenticated']), { width: 1, caller: { signal } });
  flowControl.enter(asking('root', ['system:masters']), { width: 1, caller: { signal: never } });
  const first = enter('jane') as Ticket;
  const leaving = new AbortController();
  const left = enter('jane', leaving.signal) as Promise<Ticket>;
  await assert.rejects(enter('jane') as Promise<Ticket>, /Too many requests/);
  leaving.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  const late = assert.rejects(enter('jane') as Promise<Ticket>, /Too many requests/);
  await clock.advance(15_000);
  await late;
  const waiting = enter('jane') as Promise<Ticket>;
  const dump = () => dumpPriorityLevels(flowControl.levels());
  assert.equal(
    dump(),
    [
      'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
      'catch-all,         1,            false,  false,       1,               1,                 1,                  1,                1,                1',
      'exempt,            0,            false,  false,       0,               1,                 1,                  0,                0,                0',
      '',
    ].join('\n'),
  );
  first.release();
  (await waiting).release();
  assert.match(dump(), /^catch-all, +0, +true, +false, +0, +0, +2, +1, +1, +1$/m);
  flowControl.close();
});
