import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pods } from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { serviceUnavailable } from '../../src/apimachinery/status-error.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { silentLogger } from '../../src/log.ts';
import { fakeApi } from '../support/fake-api.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';

function setup(t: TestContext, options: { streamingList?: boolean } = {}) {
  const clock = fakeClock();
  const api = fakeApi({ clock, ...options });
  const informers = createInformers({ client: createClient(api.transport), clock, log: silentLogger, random: () => 0 });
  t.after(() => informers.stop());
  const told: string[] = [];
  const name = (pod: Pod) => pod.metadata.name;
  const handler = {
    added: (pod: Pod, initial: boolean) => void told.push(`+${name(pod)}${initial ? ' initial' : ''}`),
    updated: (pod: Pod) => void told.push(`~${name(pod)}`),
    deleted: (pod: Pod) => void told.push(`-${name(pod)}`),
  };
  return { clock, api, informers, told, handler };
}

for (const streamingList of [true, false]) {
  test(`the state and then every change arrive in order (streaming list: ${streamingList})`, async (t) => {
    const { api, informers, clock, told, handler } = setup(t, { streamingList });
    api.seed(podObject('a'), podObject('b'));
    const informer = informers.for(pods);
    informer.addHandler(handler);
    await clock.advance(1);
    await informer.synced;
    api.seed(podObject('c'));
    api.change('pods', 'default', 'a', (pod: Pod) => {
      pod.metadata.labels = { x: 'y' };
    });
    api.remove('pods', 'default', 'b');
    await clock.advance(1);
    assert.deepEqual(told, ['+a initial', '+b initial', '+c', '~a', '-b']);
    assert.equal(informer.lister.get('default', 'a')?.metadata.labels?.x, 'y');
    assert.equal(informer.lister.get('default', 'b'), undefined);
  });
}

test('a watch that breaks is resumed where it was', async (t) => {
  const { api, informers, clock, told, handler } = setup(t);
  api.seed(podObject('a'));
  informers.for(pods).addHandler(handler);
  await clock.advance(1);
  api.breakWatches();
  api.seed(podObject('b'));
  await clock.advance(60_000);
  assert.deepEqual(told, ['+a initial', '+b']);
});

test('when the changes are gone the state is read anew and the difference told', async (t) => {
  const { api, informers, clock, told, handler } = setup(t);
  api.seed(podObject('a'), podObject('b'), podObject('c'));
  informers.for(pods).addHandler(handler);
  await clock.advance(1);
  told.length = 0;
  api.breakWatches();
  const mend = api.fail((request) => (request.query?.has('watch') ? serviceUnavailable('down') : undefined));
  api.remove('pods', 'default', 'a');
  api.remove('pods', 'default', 'c');
  api.seed(podObject('c'), podObject('d'));
  api.expire();
  mend();
  await clock.advance(60_000);
  assert.deepEqual(told, ['-a', '-c', '+c', '+d']);
});

test('errors are waited for, longer each time', async (t) => {
  const { api, informers, clock } = setup(t);
  api.fail(() => serviceUnavailable('down'));
  informers.for(pods);
  await clock.advance(10_000);
  // 0, 0.8, 2.4, 5.6 s; the next would be at 12 s.
  assert.equal(api.requests.length, 4);
});

test('one informer serves all: late handlers are told what is known, removed ones nothing', async (t) => {
  const { api, informers, clock, told, handler } = setup(t);
  api.seed(podObject('a'));
  const informer = informers.for(pods);
  await clock.advance(1);
  const remove = informers.for(pods).addHandler(handler);
  assert.deepEqual(told, ['+a initial']);
  remove();
  api.seed(podObject('b'));
  await clock.advance(1);
  assert.deepEqual(told, ['+a initial']);
  assert.equal(informer.lister.list('default').length, 2);
  assert.equal(api.requests.length, 1);
});

test('a handler that throws does not keep the others from hearing', async (t) => {
  const { api, informers, clock, told, handler } = setup(t);
  const informer = informers.for(pods);
  informer.addHandler({
    added() {
      throw new Error('broken handler');
    },
  });
  informer.addHandler(handler);
  api.seed(podObject('a'));
  await clock.advance(1);
  assert.deepEqual(told, ['+a']);
});

test('indexes follow changes', async (t) => {
  const { api, informers, clock } = setup(t);
  const { addIndex, lister } = informers.for(pods);
  api.seed(podObject('a', { spec: { nodeName: 'n1' } }));
  await clock.advance(1);
  addIndex('node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  assert.deepEqual(
    lister.byIndex('node', 'n1').map((pod) => pod.metadata.name),
    ['a'],
  );
  api.change('pods', 'default', 'a', (pod: Pod) => {
    pod.spec.nodeName = 'n2';
  });
  await clock.advance(1);
  assert.deepEqual([lister.byIndex('node', 'n1').length, lister.byIndex('node', 'n2').length], [0, 1]);
  assert.throws(() => lister.byIndex('zone', 'a'), /no index "zone"/);
});

test('objects that come from a lister are frozen', async (t) => {
  const { api, informers, clock } = setup(t);
  api.seed(podObject('a'));
  const { lister } = informers.for(pods);
  await clock.advance(1);
  assert.ok(Object.isFrozen(lister.get('default', 'a')?.spec.containers));
});

test('a forgotten resource is followed no more, and anew when it is asked for again', async (t) => {
  const { api, informers, clock, told, handler } = setup(t);
  informers.for(pods).addHandler(handler);
  await clock.advance(1);
  informers.forget(pods);
  api.seed(podObject('a'));
  await clock.advance(60_000);
  assert.deepEqual(told, []);
  const { lister } = informers.for(pods);
  await clock.advance(1);
  assert.equal(lister.list().length, 1);
});
