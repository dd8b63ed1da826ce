// What goes wrong while a plan is made and done: told for the step or object it concerns; the rest goes on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { configMaps, persistentVolumeClaims, services } from '../../../src/api/resources.ts';
import type { Service } from '../../../src/api/types/core/v1.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { forbidden, StatusError } from '../../../src/apimachinery/status-error.ts';
import type { Client } from '../../../src/client/client.ts';
import type { ServedResource } from '../../../src/client/rest-mapper.ts';
import { parseMoment } from '../../../src/history/moment.ts';
import type { Past } from '../../../src/history/past.ts';
import { objectNamed, type Session } from '../../../src/history/session.ts';
import { plain } from '../../../src/history/text.ts';
import { applyPlan } from '../../../src/history/undo/apply.ts';
import { proposeUser } from '../../../src/history/undo/gather.ts';
import type { Step } from '../../../src/history/undo/plan.ts';
import { doneLine, nothingToDo, planLines } from '../../../src/history/undo/show-plan.ts';
import { configMap, propose, startUndo, steps } from './harness.ts';

const served = (plural: string, kind: string, group = ''): ServedResource => ({
  ...{ group, version: 'v1', plural, kind, singular: kind.toLowerCase(), namespaced: true },
  ...{ shortNames: [], verbs: [], subresources: [] },
});

const creation = (type: ServedResource, name: string, parts: Partial<AnyObject['metadata']> = {}): Step => ({
  action: 'create',
  subject: { type, namespace: 'default', name },
  reason: 'r',
  notes: [],
  object: { metadata: { name, namespace: 'default', ...parts } },
  formerUid: `former-${name}`,
  mayExist: false,
});

const refused = () => new StatusError({ code: 422, reason: 'Invalid', message: 'no such thing' });

/** Does `all` with a client of which only these parts are there. */
async function done(all: Step[], client: Partial<Client>, past: Partial<Past> = {}): Promise<string[]> {
  const mapper = { refresh: () => undefined };
  const session = { client, past, mapper } as unknown as Session;
  return (await applyPlan(session, { steps: all, successors: new Map() })).map((one) => doneLine(one, plain));
}

describe('a step that fails', () => {
  const create: Client['create'] = async (_type, object) => {
    if (object.metadata.name === 'bad') throw refused();
    return { ...object, metadata: { ...object.metadata, uid: 'new' } };
  };

  test('leaves what it would own undone, and the rest goes on', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'bad', uid: 'former-bad' };
    const all = [
      creation(served('configmaps', 'ConfigMap'), 'bad'),
      creation(served('secrets', 'Secret'), 'owned', { ownerReferences: [owner] }),
      creation(served('secrets', 'Secret'), 'other'),
    ];
    assert.deepEqual(await done(all, { create }), [
      'configmap/bad in default failed: no such thing',
      'secret/owned in default failed: its owner ConfigMap bad was not made',
      'secret/other in default created',
    ]);
  });

  test('that exists already without an owner to have made it', async () => {
    const exists: Client['create'] = async () => {
      throw new StatusError({ code: 409, reason: 'AlreadyExists', message: 'configmaps "x" already exists' });
    };
    assert.deepEqual(await done([creation(served('configmaps', 'ConfigMap'), 'x')], { create: exists }), [
      'configmap/x in default failed: configmaps "x" already exists',
    ]);
  });

  test('of a definition that is not served in time', async () => {
    const definition = creation(
      served('customresourcedefinitions', 'CustomResourceDefinition', 'apiextensions.k8s.io'),
      'w',
    );
    const watch: Client['watch'] = async function* () {};
    const [line] = await done([definition], { create, watch });
    assert.match(line as string, /failed: it was created, and its kind is not served after 30 s$/);
  });

  test('whose content is not there when its turn comes', async () => {
    const later: Step = {
      action: 'create',
      subject: { type: served('widgets', 'Widget', 'x'), namespace: 'default', name: 'w' },
      reason: 'r',
      notes: [],
      readAt: 5,
    };
    const [line] = await done([later], { create }, { objectAt: async () => undefined });
    assert.match(line as string, /failed: what it was is not kept any more, or its definition did not come back$/);
  });
});

describe('while a plan is made', () => {
  let undoing: Awaited<ReturnType<typeof startUndo>>;
  let alice: Session;
  before(async () => {
    undoing = await startUndo();
    ({ alice } = undoing);
  });
  after(() => undoing.server.stop());

  /** alice, whose requests for these are refused. */
  const without = (isRefused: (plural: string, verb: 'get' | 'list') => boolean): Session => {
    const deny = (plural: string) => forbidden({ group: '', resource: plural }, '', 'not for you');
    return {
      ...alice,
      past: {
        ...alice.past,
        objectAt: async (name, at) => {
          if (isRefused(name.type.plural, 'get')) throw deny(name.type.plural);
          return await alice.past.objectAt(name, at);
        },
        listAt: async (type, where, at) => {
          if (isRefused(type.plural, 'list') && !where.namespace) throw deny(type.plural);
          return await alice.past.listAt(type, where, at);
        },
      },
    };
  };

  test('what may not be listed is told with the plan', async () => {
    await undoing.makeNamespace('partly');
    await alice.client.create(configMaps, configMap('a', {}, 'partly'));
    await undoing.deleteNamespace('partly');
    const session: Session = {
      ...alice,
      past: {
        ...alice.past,
        listAt: async (type, where, at) => {
          if (type.plural === 'configmaps') throw forbidden({ group: '', resource: 'configmaps' }, '', 'not for you');
          return await alice.past.listAt(type, where, at);
        },
      },
    };
    const proposal = await propose(session, 'ns partly');
    assert.deepEqual(steps(proposal), ['create namespaces/partly', 'create serviceaccounts/default']);
    assert.equal(planLines(proposal, plain).at(-1), '  you may not list configmaps: what went of them is not put back');
  });

  test('what was is not kept any more', async () => {
    await alice.client.create(configMaps, configMap('old', {}));
    await alice.client.delete(configMaps, 'default', 'old');
    const objectAt: Past['objectAt'] = async (name, at) => {
      if (at) throw new StatusError({ code: 410, reason: 'Expired', message: 'given up' });
      return await alice.past.objectAt(name);
    };
    const proposal = await propose({ ...alice, past: { ...alice.past, objectAt } }, 'cm old');
    assert.match(
      nothingToDo(proposal),
      /configmap\/old in default: what it was before its deletion is not kept any more/,
    );
  });

  test('who sees the Services of the namespace alone goes by those', async () => {
    const spec = { ports: [{ port: 80 }] };
    await alice.client.create<Service>(services, { metadata: { name: 'web', namespace: 'default' }, spec });
    await alice.client.delete(services, 'default', 'web');
    const session = without((plural, verb) => plural === 'services' && verb === 'list');
    assert.deepEqual(steps(await propose(session, 'svc web')), ['create services/web']);
  });

  test('a claim whose volume may not be seen asks for it as before', async () => {
    const claim = {
      metadata: { name: 'data', namespace: 'default' },
      spec: { volumeName: 'pv-1', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await alice.client.create(persistentVolumeClaims, claim as never);
    await alice.client.delete(persistentVolumeClaims, 'default', 'data');
    await alice.client.patch(persistentVolumeClaims, 'default', 'data', {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    const proposal = await propose(
      without((plural) => plural === 'persistentvolumes'),
      'pvc data',
    );
    const [step] = proposal.steps as unknown as [{ object: AnyObject }];
    assert.equal((step.object.spec as { volumeName: string }).volumeName, 'pv-1');
    const seen = await propose(alice, 'pvc data');
    assert.match(planLines(seen, plain).join('\n'), /with a new, empty volume: pv-1 is gone/);
  });

  test('other errors are not taken for a missing right', async () => {
    const broken = () => {
      throw refused();
    };
    const session = { ...alice, past: { ...alice.past, listAt: broken } } as unknown as Session;
    await assert.rejects(propose(session, 'svc web'), /no such thing/);
  });

  test('objects of a kind that is not served any more are left out', async () => {
    const changes: Past['changes'] = async (query) => {
      const found = await alice.past.changes(query);
      const items = found.items.map((item) => ({
        ...item,
        object: { ...item.object, apiVersion: 'example.com/v1', kind: 'Gone', resource: 'gones' },
      }));
      return { ...found, items: items.slice(0, 1) };
    };
    const session = { ...alice, past: { ...alice.past, changes } };
    const proposal = await proposeUser(session, { user: 'alice', from: parseMoment('from', '0s') });
    assert.match(nothingToDo(proposal), /the server serves no Gone now: undo the deletion of its definition first/);
  });

  test('a span with more changes than anyone looks through is to be narrowed', async () => {
    const changes: Past['changes'] = async (query) => ({
      ...(await alice.past.changes({ ...query, limit: 1 })),
      more: true,
    });
    const session = { ...alice, past: { ...alice.past, changes } };
    await assert.rejects(
      proposeUser(session, { user: 'alice', from: parseMoment('from', '0s') }),
      /alice made more than 5000 changes in that span: narrow it/,
    );
  });

  test('one object must be named', async () => {
    await assert.rejects(objectNamed(alice, []), /name a kind/);
  });
});
