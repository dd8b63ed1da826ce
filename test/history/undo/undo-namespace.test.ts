// Undo of the deletion of namespaces and definitions with what they held, against a real server.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ResourceType } from '../../../src/api/definition.ts';
import { configMaps, namespaces, roles, secrets, serviceAccounts } from '../../../src/api/resources.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import type { Session } from '../../../src/history/session.ts';
import { plain } from '../../../src/history/text.ts';
import { nothingToDo, planData, planLines } from '../../../src/history/undo/show-plan.ts';
import { apply, configMap, propose, startUndo, steps } from './harness.ts';

const { alice, deleteNamespace, gc, isGone, makeNamespace, mallory, server } = await startUndo();
after(() => server.stop());

describe('a deleted namespace', () => {
  const fill = async (name: string) => {
    await makeNamespace(name);
    const accounts = await alice.client.get(serviceAccounts, name, 'default');
    await alice.client.update(serviceAccounts, { ...accounts, imagePullSecrets: [{ name: 'pull' }] });
    await alice.client.create(secrets, {
      metadata: { name: 'pull', namespace: name },
      stringData: { p: 'w' },
    } as never);
    await alice.client.create(configMaps, configMap('a', { x: '1' }, name));
    await alice.client.create(roles, { metadata: { name: 'r', namespace: name }, rules: [] });
  };

  test('comes back with its contents, whoever deleted those', async () => {
    await fill('shop');
    await deleteNamespace('shop');
    const proposal = await propose(alice, 'namespace shop');
    assert.deepEqual(steps(proposal), [
      'create namespaces/shop',
      'create serviceaccounts/default',
      'create configmaps/a',
      'create secrets/pull',
      'create roles/r',
    ]);
    assert.ok(
      planLines(proposal, plain).includes('  configmap/kube-root-ca.crt in shop: made anew in every namespace'),
    );
    // The control plane is faster with the default account.
    const create: Session['client']['create'] = async (type, object, options) => {
      const made = await alice.client.create(type, object, options);
      if (type.plural === 'namespaces')
        await gc.client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'shop' } });
      return made;
    };
    const results = await apply({ ...alice, client: { ...alice.client, create } }, proposal);
    assert.deepEqual(results.slice(0, 3), [
      'namespace/shop created',
      'serviceaccount/default in shop there already',
      'configmap/a in shop created',
    ]);
    assert.deepEqual((await alice.client.get(serviceAccounts, 'shop', 'default')).imagePullSecrets, [{ name: 'pull' }]);
    assert.equal(
      Buffer.from((await alice.client.get(secrets, 'shop', 'pull')).data?.p ?? '', 'base64').toString(),
      'w',
    );
  });

  test('that somebody made anew gets what it held, and keeps what it holds', async () => {
    await fill('again');
    await deleteNamespace('again');
    await makeNamespace('again', mallory);
    await alice.client.create(configMaps, configMap('a', { mine: '1' }, 'again'));
    const proposal = await propose(alice, 'ns again');
    assert.deepEqual(steps(proposal), ['create serviceaccounts/default', 'create secrets/pull', 'create roles/r']);
    const left = planLines(proposal, plain);
    assert.ok(left.some((line) => /namespace\/again: it exists again, created by mallory/.test(line)));
    assert.ok(left.some((line) => /configmap\/a in again.*: it exists again/.test(line)));
    await apply(alice, proposal);
    assert.equal(await isGone(secrets, 'pull', 'again'), false);
    // Once more: all of it is there, the default account with what it had.
    assert.deepEqual(steps(await propose(alice, 'ns again')), []);
  });

  test('that is not gone yet is waited for by whoever asks', async () => {
    await makeNamespace('slow');
    await mallory.client.delete(namespaces, undefined, 'slow');
    assert.match(nothingToDo(await propose(alice, 'ns slow')), /being deleted still/);
  });

  test('that cannot be made leaves its contents unmade, and says so', async () => {
    await fill('denied');
    await deleteNamespace('denied');
    const proposal = await propose(alice, 'ns denied');
    const nobody = await server.as('nobody', { groups: ['system:authenticated'] });
    const results = await apply(nobody, proposal);
    assert.match(
      results[0] as string,
      /^namespace\/denied failed: namespaces is forbidden: User "nobody" cannot create/,
    );
    assert.ok(
      results.slice(1).every((line) => line.endsWith('failed: its namespace denied was not made')),
      results.join(),
    );
  });
});

describe('a deleted definition', () => {
  const WIDGETS = { group: 'example.com', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
  const CRDS = {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  };
  const definition = {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  } as AnyObject;

  test('comes back with its objects', async () => {
    await alice.client.create(CRDS, definition);
    await eventuallyServed();
    const made = await alice.client.create(WIDGETS, {
      metadata: { name: 'w', namespace: 'default' },
      size: 3,
    } as AnyObject);
    await mallory.client.delete(CRDS, undefined, 'widgets.example.com');
    await gone(CRDS, 'widgets.example.com');
    const session = await server.as('alice');
    const proposal = await propose(session, 'crd widgets.example.com');
    assert.deepEqual(steps(proposal), ['create customresourcedefinitions/widgets.example.com', 'create widgets/w']);
    assert.match(JSON.stringify(planData(proposal)), /"readAt":"\d+"/);
    assert.deepEqual(await apply(session, proposal), [
      'customresourcedefinition.apiextensions.k8s.io/widgets.example.com created',
      'widget.example.com/w in default created',
    ]);
    const widget = await alice.client.get<AnyObject>(WIDGETS as ResourceType<AnyObject>, 'default', 'w');
    assert.deepEqual([widget.size, widget.metadata.uid === made.metadata.uid], [3, false]);
  });

  /** Resolves when the API serves them: the watch tells when the definition is established. */
  async function eventuallyServed(): Promise<void> {
    for await (const { object } of alice.client.watch(CRDS, { fieldSelector: 'metadata.name=widgets.example.com' })) {
      const { conditions = [] } = ((object as AnyObject).status ?? {}) as {
        conditions?: { type: string; status: string }[];
      };
      if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    }
  }

  async function gone(type: ResourceType, name: string): Promise<void> {
    if (await isGone(type, name, undefined)) return;
    for await (const { type: what } of alice.client.watch(type, { fieldSelector: `metadata.name=${name}` })) {
      if (what === 'DELETED') return;
    }
  }
});
