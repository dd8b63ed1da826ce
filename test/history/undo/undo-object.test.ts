// Undo of one object against a real server: proposed, applied, and undone in turn.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { configMaps, deployments, replicaSets, services } from '../../../src/api/resources.ts';
import type { Service } from '../../../src/api/types/core/v1.ts';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import { TransportError } from '../../../src/client/client.ts';
import { parseMoment } from '../../../src/history/moment.ts';
import { objectNamed, type Session } from '../../../src/history/session.ts';
import { plain } from '../../../src/history/text.ts';
import { applyPlan } from '../../../src/history/undo/apply.ts';
import { doneData, nothingToDo, planLines } from '../../../src/history/undo/show-plan.ts';
import { deploymentObject, replicaSetObject } from '../../support/objects.ts';
import { apply, configMap, patch, propose, startUndo, steps, undo } from './harness.ts';

const { alice, dataOf, deleteNamespace, gc, isGone, makeNamespace, mallory, server } = await startUndo();
after(() => server.stop());

describe('a change of an object', () => {
  test('is undone, and the undo is undone', async () => {
    await alice.client.create(configMaps, configMap('colours', { a: 'red', b: 'green' }));
    await patch(mallory, 'colours', { a: 'black' });
    const lines = planLines(await propose(alice, 'cm colours'), plain);
    assert.match(lines[0] as string, /^Undo: configmap colours was changed by mallory at .* \(revision \d+\)$/);
    assert.deepEqual(lines.slice(2), ['To do:', '  update configmap/colours in default', '      .data.a: black → red']);
    assert.deepEqual(await undo(alice, 'cm colours'), ['configmap/colours in default updated']);
    assert.deepEqual(await dataOf('colours'), { a: 'red', b: 'green' });
    await undo(alice, 'cm/colours');
    assert.deepEqual(await dataOf('colours'), { a: 'black', b: 'green' });
    const { items } = await alice.past.history(await objectNamed(alice, ['cm', 'colours']));
    assert.equal(items[0]?.fieldManager, 'tsukube-undo');
  });

  test('leaves what others changed since, and tells it; --force does not', async () => {
    await alice.client.create(configMaps, configMap('shared', { a: '1', b: '1' }));
    const { metadata } = await patch(mallory, 'shared', { a: 'x', b: 'x' });
    await patch(alice, 'shared', { a: 'y' });
    const revision = Number(metadata.resourceVersion);
    const proposal = await propose(alice, 'cm shared', { revision });
    const told = planLines(proposal, plain).find((line) => line.includes('was "1" before'));
    assert.match(told as string, /configmap\/shared in default \.data\.a is y since alice at .*, was "1" before/);
    await apply(alice, proposal);
    assert.deepEqual(await dataOf('shared'), { a: 'y', b: '1' });
    await undo(alice, 'cm shared', { revision, force: true });
    assert.deepEqual(await dataOf('shared'), { a: '1', b: '1' });
  });

  test('is undone to a moment, whoever changed it', async () => {
    await server.clock.advance(60_000);
    await alice.client.create(configMaps, configMap('then', { a: '1' }));
    await server.clock.advance(60_000);
    await patch(mallory, 'then', { a: '2' });
    await patch(alice, 'then', { b: '2' });
    await server.clock.advance(60_000);
    const to = parseMoment('to', '90s');
    await undo(alice, 'cm then', { to });
    assert.deepEqual(await dataOf('then'), { a: '1' });
    const again = await propose(alice, 'cm then', { to: parseMoment('to', '90s') });
    assert.match(nothingToDo(again), /there is nothing to do: configmap\/then in default: it is so already/);
    await undo(alice, 'cm then', { to: parseMoment('to', '150s') });
    assert.equal(await isGone(configMaps, 'then'), true);
  });

  test('that was its creation deletes it; undone, it is there again', async () => {
    await alice.client.create(configMaps, configMap('brief', { a: '1' }));
    assert.deepEqual(await undo(alice, 'cm brief'), ['configmap/brief in default deleted']);
    assert.equal(await isGone(configMaps, 'brief'), true);
    assert.deepEqual(await undo(alice, 'cm brief'), ['configmap/brief in default created']);
    assert.deepEqual(await dataOf('brief'), { a: '1' });
  });

  test('that someone else overtakes is told', async () => {
    await alice.client.create(configMaps, configMap('raced', { a: '1' }));
    await patch(mallory, 'raced', { a: '2' });
    const proposal = await propose(alice, 'cm raced');
    await patch(mallory, 'raced', { b: '1' });
    assert.deepEqual(await apply(alice, proposal), [
      'configmap/raced in default failed: it was changed meanwhile: run undo again',
    ]);
  });

  test('of the control plane is nobody’s to undo unless it is named', async () => {
    await gc.client.create(configMaps, configMap('machine', { a: '1' }));
    await assert.rejects(
      propose(alice, 'cm machine'),
      /only the control plane has changed configmap machine .* --revision/,
    );
    await assert.rejects(propose(alice, 'cm machine', { revision: 1 }), /revision 1 is no change of configmap machine/);
    await assert.rejects(propose(alice, 'cm never'), /configmaps "never" not found/);
  });
});

describe('a deleted object', () => {
  test('comes back with what it owned, under its new uid; what its owner makes anew is left out', async () => {
    const web = await alice.client.create(deployments, deploymentObject('web'));
    for (const name of ['web-1', 'web-2']) await gc.client.create(replicaSets, replicaSet(name, web));
    await mallory.client.delete(deployments, 'default', 'web', { propagationPolicy: 'Background' });
    for (const name of ['web-1', 'web-2']) await gc.client.delete(replicaSets, 'default', name);
    const proposal = await propose(alice, 'deploy web');
    assert.deepEqual(steps(proposal), [
      'create deployments/web',
      'create replicasets/web-1',
      'create replicasets/web-2',
    ]);
    assert.equal(
      planLines(proposal, plain).at(-1),
      '  create replicaset.apps/web-2 in default   belonged to deployment web',
    );
    // The Deployment's controller is faster with one of them.
    const create: Session['client']['create'] = async (type, object, options) => {
      const made = await alice.client.create(type, object, options);
      if (type.plural === 'deployments') await gc.client.create(replicaSets, replicaSet('web-2', made));
      return made;
    };
    assert.deepEqual(await apply({ ...alice, client: { ...alice.client, create } }, proposal), [
      'deployment.apps/web in default created',
      'replicaset.apps/web-1 in default created',
      'replicaset.apps/web-2 in default there already',
    ]);
    const now = await alice.client.get(deployments, 'default', 'web');
    assert.notEqual(now.metadata.uid, web.metadata.uid);
    const restored = await alice.client.get(replicaSets, 'default', 'web-1');
    assert.equal(restored.metadata.ownerReferences?.[0]?.uid, now.metadata.uid);
  });

  test('that is a Service comes back with another address when its own is taken', async () => {
    const spec: Service['spec'] = { ports: [{ port: 80 }], type: 'NodePort' };
    const first = await alice.client.create<Service>(services, {
      metadata: { name: 'first', namespace: 'default' },
      spec,
    });
    const { clusterIP, ports } = first.spec as { clusterIP: string; ports: { nodePort: number }[] };
    await mallory.client.delete(services, 'default', 'first');
    const thief = { metadata: { name: 'thief', namespace: 'default' }, spec: { ...first.spec } };
    await alice.client.create<Service>(services, thief);
    const proposal = await propose(alice, 'svc first');
    const told = planLines(proposal, plain).join('\n');
    assert.match(told, new RegExp(`another address than ${clusterIP}`));
    assert.match(told, new RegExp(`another node port than ${ports[0]?.nodePort}`));
    assert.deepEqual(await apply(alice, proposal), ['service/first in default created']);
  });

  test('is owned by what is there in the place of its former owner', async () => {
    const owner = await alice.client.create(deployments, deploymentObject('owner'));
    const first = replicaSet('owned', owner);
    await gc.client.create(replicaSets, first);
    await mallory.client.delete(deployments, 'default', 'owner', { propagationPolicy: 'Background' });
    await gc.client.delete(replicaSets, 'default', 'owned');
    const again = await alice.client.create(deployments, deploymentObject('owner'));
    await undo(alice, 'rs owned');
    const { ownerReferences } = (await alice.client.get(replicaSets, 'default', 'owned')).metadata;
    assert.deepEqual(
      ownerReferences?.map(({ uid }) => uid),
      [again.metadata.uid],
    );
  });

  test('that is being deleted still cannot come back yet', async () => {
    const object = configMap('held', { a: '1' });
    await alice.client.create(configMaps, {
      ...object,
      metadata: { ...object.metadata, finalizers: ['example.com/hold'] },
    });
    await mallory.client.delete(configMaps, 'default', 'held');
    const message = /configmap\/held in default: it is being deleted still: try again when it is gone/;
    assert.match(nothingToDo(await propose(alice, 'cm held')), message);
    assert.match(nothingToDo(await propose(alice, 'cm held', { to: parseMoment('to', '1m') })), message);
    await alice.client.patch(configMaps, 'default', 'held', {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await undo(alice, 'cm held');
    assert.deepEqual((await alice.client.get(configMaps, 'default', 'held')).metadata.finalizers, ['example.com/hold']);
  });

  test('that exists again stays as it is', async () => {
    await alice.client.create(configMaps, configMap('twice', { a: '1' }));
    await mallory.client.delete(configMaps, 'default', 'twice');
    await alice.client.create(configMaps, configMap('twice', { a: '2' }));
    const { items } = await alice.past.history(await objectNamed(alice, ['cm', 'twice']));
    const revision = Number(items.find(({ operation }) => operation === 'delete')?.resourceVersion);
    assert.match(nothingToDo(await propose(alice, 'cm twice', { revision })), /it exists again, created by alice at/);
  });

  test('whose namespace is gone says what to undo first', async () => {
    await makeNamespace('lost');
    await alice.client.create(configMaps, configMap('a', {}, 'lost'));
    await deleteNamespace('lost');
    const session = await server.as('alice', { namespace: 'lost' });
    assert.match(
      nothingToDo(await propose(session, 'cm a')),
      /its namespace lost is gone, or going: undo namespace lost first/,
    );
  });
});

const replicaSet = (name: string, { metadata }: KubeObject) => {
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name ?? '', uid: metadata.uid ?? '', controller: true },
  ];
  return replicaSetObject(name, { metadata: { name, namespace: 'default', ownerReferences }, spec: { replicas: 0 } });
};

test('results are data, too', async () => {
  await alice.client.create(configMaps, configMap('data', { a: '1' }));
  await patch(alice, 'data', { a: '2' });
  const proposal = await propose(alice, 'cm data');
  const [done] = await applyPlan(alice, proposal);
  assert.deepEqual(done && doneData(done), {
    action: 'update',
    object: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'data' },
    result: 'updated',
  });
});

test('a server that does not answer any more ends it', async () => {
  await patch(alice, 'data', { a: '3' });
  const proposal = await propose(alice, 'cm data');
  const update = async () => {
    throw new TransportError('no answer');
  };
  await assert.rejects(applyPlan({ ...alice, client: { ...alice.client, update } }, proposal), TransportError);
});
