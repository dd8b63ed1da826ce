import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../src/api/types/core/v1.ts';
import { serviceUnavailable } from '../../src/apimachinery/status-error.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { silentLogger } from '../../src/log.ts';
import { fakeApi } from '../support/fake-api.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { nodeObject, podObject } from '../support/objects.ts';

function setup() {
  const clock = fakeClock();
  const api = fakeApi({ clock });
  const client = createClient(api.transport);
  const recorder = createEventRecorder({ client, clock, log: silentLogger, component: 'kubelet', host: 'node-1' });
  return { api, clock, recorder, stored: () => api.objects<Event>('events') };
}

const pod = podObject('web', { metadata: { uid: 'u1', resourceVersion: '7' } });

test('an event is written as upstream’s components write it', async () => {
  const { recorder, stored } = setup();
  recorder.event(pod, 'Normal', 'Pulled', 'got it', { fieldPath: 'spec.containers{main}' });
  await recorder.flush();
  const { metadata, ...event } = stored()[0] as Event;
  assert.match(`${metadata.namespace}/${metadata.name}`, /^default\/web\.[0-9a-f]{16}$/);
  assert.deepEqual(event, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'web',
      namespace: 'default',
      uid: 'u1',
      resourceVersion: '7',
      fieldPath: 'spec.containers{main}',
    },
    reason: 'Pulled',
    message: 'got it',
    type: 'Normal',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'kubelet', host: 'node-1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
  });
});

test('the same event counts up, and is made anew when it has gone', async () => {
  const { recorder, stored, clock, api } = setup();
  recorder.event(pod, 'Warning', 'BackOff', 'again');
  await clock.advance(5_000);
  recorder.event(pod, 'Warning', 'BackOff', 'again');
  await recorder.flush();
  assert.deepEqual(
    stored().map((e) => [e.count, e.firstTimestamp, e.lastTimestamp]),
    [[2, '2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z']],
  );
  api.remove('events', 'default', stored()[0]?.metadata.name as string);
  recorder.event(pod, 'Warning', 'BackOff', 'again');
  await recorder.flush();
  assert.deepEqual(
    stored().map((e) => e.count),
    [3],
  );
});

test('many alike become one combined event', async () => {
  const { recorder, stored } = setup();
  for (let i = 0; i < 12; i++) recorder.event(pod, 'Warning', 'Failed', `reason ${i}`);
  await recorder.flush();
  assert.equal(stored().length, 10);
  const combined = stored().at(-1);
  assert.deepEqual([combined?.message, combined?.count], ['(combined from similar events): reason 11', 3]);
});

test('who tells too much about one object is not heard, until time has passed', async () => {
  const { recorder, stored, clock } = setup();
  const total = () => stored().reduce((sum, event) => sum + (event.count ?? 0), 0);
  for (let i = 0; i < 40; i++) recorder.event(pod, 'Normal', 'Loop', 'same');
  await recorder.flush();
  assert.equal(total(), 25);
  await clock.advance(300_000);
  for (let i = 0; i < 3; i++) recorder.event(pod, 'Normal', 'Loop', 'same');
  recorder.event(podObject('other', { metadata: { uid: 'u2' } }), 'Normal', 'Loop', 'same');
  await recorder.flush();
  assert.equal(total(), 27);
});

test('events about cluster-scoped objects are in the namespace default', async () => {
  const { recorder, stored } = setup();
  recorder.event(nodeObject('node-1'), 'Normal', 'NodeReady', 'ready');
  await recorder.flush();
  assert.equal(stored()[0]?.metadata.namespace, 'default');
  assert.equal(stored()[0]?.involvedObject.namespace, undefined);
});

test('a write that fails is no matter of the caller', async () => {
  const { recorder, stored, api } = setup();
  const mend = api.fail(() => serviceUnavailable('down'));
  recorder.event(pod, 'Normal', 'Lost', 'lost');
  await recorder.flush();
  mend();
  recorder.event(pod, 'Normal', 'Kept', 'kept');
  await recorder.flush();
  assert.deepEqual(
    stored().map((event) => event.reason),
    ['Kept'],
  );
});
