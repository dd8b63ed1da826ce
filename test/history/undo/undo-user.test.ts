// Undo of all that one identity changed, against a real server.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { configMaps } from '../../../src/api/resources.ts';
import { parseMoment } from '../../../src/history/moment.ts';
import { plain } from '../../../src/history/text.ts';
import { proposeUser } from '../../../src/history/undo/gather.ts';
import { planLines } from '../../../src/history/undo/show-plan.ts';
import { apply, configMap, patch, startUndo, steps } from './harness.ts';

const { alice, dataOf, deleteNamespace, isGone, makeNamespace, server } = await startUndo();
after(() => server.stop());

describe('all that one identity changed', () => {
  const from = parseMoment('from', '1m');

  test('is taken back together; what others did stays', async () => {
    await alice.client.create(configMaps, configMap('kept', { a: '1', b: '1' }));
    await alice.client.create(configMaps, configMap('deleted', { a: '1' }));
    await server.clock.advance(3_600_000);
    const eve = await server.as('eve');
    await patch(eve, 'kept', { a: 'x' });
    await patch(alice, 'kept', { b: '2' });
    await patch(eve, 'deleted', { a: 'y' });
    await eve.client.delete(configMaps, 'default', 'deleted');
    await eve.client.create(configMaps, configMap('planted', {}));
    await eve.client.create(configMaps, configMap('fleeting', {}));
    await eve.client.delete(configMaps, 'default', 'fleeting');
    const proposal = await proposeUser(alice, { user: 'eve', from });
    assert.deepEqual(proposal.undoes, ['what eve changed: 6 changes of 4 objects']);
    assert.deepEqual(steps(proposal), [
      'delete configmaps/planted',
      'update configmaps/kept',
      'create configmaps/deleted',
    ]);
    assert.deepEqual(await apply(alice, proposal), [
      'configmap/planted in default deleted',
      'configmap/kept in default updated',
      'configmap/deleted in default created',
    ]);
    assert.deepEqual(await dataOf('kept'), { a: '1', b: '2' });
    assert.deepEqual(await dataOf('deleted'), { a: '1' });
  });

  test('a namespace comes back as it was before that identity, which changed things in it first', async () => {
    await makeNamespace('theirs');
    await alice.client.create(configMaps, configMap('a', { x: '1' }, 'theirs'));
    await server.clock.advance(3_600_000);
    const oscar = await server.as('oscar');
    await oscar.client.patch(configMaps, 'theirs', 'a', { type: 'merge', body: { data: { x: '2' } } });
    await oscar.client.create(configMaps, configMap('extra', {}, 'theirs'));
    await deleteNamespace('theirs', oscar);
    const proposal = await proposeUser(alice, { user: 'oscar', from });
    await apply(alice, proposal);
    assert.deepEqual((await alice.client.get(configMaps, 'theirs', 'a')).data, { x: '1' });
    assert.equal(await isGone(configMaps, 'extra', 'theirs'), true);
  });

  test('a namespace that it made is not deleted with what others put into it, unless forced', async () => {
    await server.clock.advance(3_600_000);
    const trudy = await server.as('trudy');
    await makeNamespace('hers', trudy);
    await trudy.client.create(configMaps, configMap('her-own', {}, 'hers'));
    await alice.client.create(configMaps, configMap('mine', {}, 'hers'));
    const proposal = await proposeUser(alice, { user: 'trudy', from });
    assert.deepEqual(steps(proposal), ['delete configmaps/her-own']);
    assert.ok(
      planLines(proposal, plain).includes(
        '  namespace/hers: it holds configmap/mine, which would go with it: --force deletes it nevertheless',
      ),
    );
    const forced = await proposeUser(alice, { user: 'trudy', from, force: true });
    assert.deepEqual(steps(forced).toSorted(), ['delete configmaps/her-own', 'delete namespaces/hers']);
  });

  test('nothing in the span, and nothing in the namespace, are told', async () => {
    await assert.rejects(proposeUser(alice, { user: 'ghost', from }), /ghost changed nothing from 1m ago to now/);
    const to = parseMoment('to', '1s');
    await assert.rejects(proposeUser(alice, { user: 'ghost', from, to, namespace: 'shop' }), /to 1s ago in shop/);
  });
});
