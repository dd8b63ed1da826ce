// Custom resources while their definition changes: what is shown of objects stored before, and conditions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ResourceType } from '../../../src/api/definition.ts';
import type { CustomResourceDefinition } from '../../../src/api/types/apiextensions/v1.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { customResourceDefinitions } from '../../../src/apiserver/apiextensions/serve.ts';
import { eventually } from '../../support/eventually.ts';
import { ADMIN, startTestServer, type TestServer } from '../../support/server.ts';

interface Pipe extends AnyObject {
  spec?: Record<string, unknown>;
}
type Properties = Record<string, { type: string; default?: unknown; 'x-kubernetes-validations'?: unknown }>;

const pipes = (group: string, version = 'v1'): ResourceType<Pipe> => ({
  group,
  version,
  plural: 'pipes',
  kind: 'Pipe',
  namespaced: true,
});

const definition = (group: string, properties: Properties, extra: object = {}): CustomResourceDefinition =>
  ({
    metadata: { name: `pipes.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'pipes', kind: 'Pipe' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
          ...extra,
        },
      ],
    },
  }) as unknown as CustomResourceDefinition;

let api: TestServer;
before(async () => {
  api = await startTestServer();
});
after(() => api.stop());

async function install(crd: CustomResourceDefinition): Promise<void> {
  await api.client.create(customResourceDefinitions, crd as never);
  await eventually('the type to be established', async () => {
    const { status } = await api.client.get(customResourceDefinitions, undefined, crd.metadata.name as string);
    return status?.conditions.some(({ type, status: value }) => type === 'Established' && value === 'True');
  });
}

async function change(group: string, properties: Properties, extra: object = {}): Promise<void> {
  const now = await api.client.get(customResourceDefinitions, undefined, `pipes.${group}`);
  const { spec } = definition(group, properties, extra);
  await api.client.update(customResourceDefinitions, { ...now, spec } as never);
}

const pipe = (name: string, spec: Record<string, unknown>): Pipe => ({
  metadata: { name, namespace: 'default' },
  spec,
});

const TEXT = { type: 'string' };

test('what was stored is shown with the defaults of today and without what is not known any more', async () => {
  const group = 'views.example.com';
  await install(definition(group, { a: TEXT, b: TEXT }));
  const type = pipes(group);
  const stored = await api.client.create(type, pipe('one', { a: 'x', b: 'y' }));
  await change(group, { a: TEXT, c: { type: 'string', default: 'z' } });
  const shown = await eventually('the new default', async () => {
    const one = await api.client.get(type, 'default', 'one');
    return one.spec?.c ? one : undefined;
  });
  assert.deepEqual(shown.spec, { a: 'x', c: 'z' });
  assert.equal(shown.metadata.resourceVersion, stored.metadata.resourceVersion, 'nothing was written');
  const { items } = await api.client.list(type, { namespace: 'default' });
  assert.deepEqual(items[0]?.spec, { a: 'x', c: 'z' });
  const path = `/apis/${group}/v1/namespaces/default/pipes`;
  const query = new URLSearchParams({
    watch: 'true',
    resourceVersion: '0',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
  for await (const { object } of api.server.transport(ADMIN).stream({ method: 'GET', path, query })) {
    assert.deepEqual((object as Pipe).spec, { a: 'x', c: 'z' });
    break;
  }
  await change(group, { a: TEXT, c: { type: 'string', default: 'w' } });
  await eventually('another default', async () => (await api.client.get(type, 'default', 'one')).spec?.c === 'w');
});

test('objects that match no schema any more are shown all the same', async () => {
  const group = 'broken.example.com';
  await install(definition(group, { a: TEXT, b: { type: 'object', additionalProperties: TEXT } as never }));
  const type = pipes(group);
  await api.client.create(type, pipe('one', { a: 'x', b: { c: 'd' } }));
  await change(group, { a: { type: 'object', properties: { e: { type: 'string', default: 'f' } } } as never, b: TEXT });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { spec } = await api.client.get(type, 'default', 'one');
  assert.equal(spec?.a, 'x');
});

test('fields that a definition names can be selected by, in lists and watches', async () => {
  const group = 'chosen.example.com';
  await install(
    definition(
      group,
      { a: TEXT, n: { type: 'integer' }, f: { type: 'boolean' } },
      {
        selectableFields: [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.n' }, { jsonPath: '.spec.f' }],
      },
    ),
  );
  const type = pipes(group);
  await api.client.create(type, pipe('one', { a: 'x', n: 1, f: true }));
  await api.client.create(type, pipe('two', { a: 'y', n: 2 }));
  const named = async (fieldSelector: string) =>
    (await api.client.list(type, { namespace: 'default', fieldSelector })).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(await named('spec.a=x'), ['one']);
  assert.deepEqual(await named('spec.n!=1'), ['two']);
  assert.deepEqual(await named('spec.f=true,spec.n=1'), ['one']);
  assert.deepEqual(await named('spec.f='), ['two']);
  await assert.rejects(named('spec.b=1'), /field label not supported: spec\.b/);
  const query = new URLSearchParams({ watch: 'true', fieldSelector: 'spec.a=x' });
  const path = `/apis/${group}/v1/pipes`;
  const seen: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    const stream = api.server.transport(ADMIN).stream({ method: 'GET', path, query, signal: stop.signal });
    for await (const { type: event, object } of stream) seen.push(`${event} ${object.metadata?.name}`);
  })().catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const two = await api.client.get(type, 'default', 'two');
  const moved = await api.client.update(type, { ...two, spec: { ...two.spec, a: 'x' } });
  await api.client.update(type, { ...moved, spec: { ...moved.spec, a: 'z' } });
  await eventually('all events', () => seen.length === 3);
  stop.abort();
  await watching;
  assert.deepEqual(seen, ['ADDED one', 'ADDED two', 'DELETED two']);
});

test('a definition being deleted says so while objects hold it up, and takes no more of them', async () => {
  const group = 'held.example.com';
  await install(definition(group, { a: TEXT }));
  const type = pipes(group);
  const held = pipe('one', { a: 'x' });
  held.metadata.finalizers = ['example.com/hold'];
  await api.client.create(type, held);
  const terminating = ({
    status,
  }: {
    status?: { conditions?: { type: string; status: string; reason?: string }[] };
  }) => {
    const found = status?.conditions?.find(({ type: kind }) => kind === 'Terminating');
    return found && `${found.status} ${found.reason}`;
  };
  const answer = await api.client.delete(customResourceDefinitions, undefined, `pipes.${group}`);
  assert.equal(terminating(answer as never), 'True InstanceDeletionPending');
  await eventually('the objects to be deleted', async () => {
    const now = await api.client.get(customResourceDefinitions, undefined, `pipes.${group}`);
    return terminating(now as never) === 'True InstanceDeletionInProgress';
  });
  await assert.rejects(
    api.client.create(type, pipe('two', {})),
    /create not allowed while custom resource definition is terminating/,
  );
  const one = await eventually('the object to be marked', async () => {
    const found = await api.client.get(type, 'default', 'one');
    return found.metadata.deletionTimestamp ? found : undefined;
  });
  await api.client.update(type, { ...one, metadata: { ...one.metadata, finalizers: [] } });
  await eventually('the definition to go', async () => {
    const { items } = await api.client.list(customResourceDefinitions);
    return !items.some(({ metadata }) => metadata.name === `pipes.${group}`);
  });
});

test('groups of the community say whether their types were approved', async () => {
  const group = 'pipes.k8s.io';
  const crd = definition(group, { a: TEXT });
  crd.metadata.annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
  await install(crd);
  const { status } = await api.client.get(customResourceDefinitions, undefined, `pipes.${group}`);
  const conformant = status?.conditions.find(({ type }) => type === 'KubernetesAPIApprovalPolicyConformant');
  assert.deepEqual(
    [conformant?.status, conformant?.reason, conformant?.message],
    ['False', 'UnapprovedAnnotation', 'not approved: "unapproved, a test"'],
  );
});

test('a watch ends when what it shows would change, with all that came before', async () => {
  const group = 'ended.example.com';
  await install(definition(group, { a: TEXT }));
  const type = pipes(group);
  const watch = () => {
    const seen: string[] = [];
    const query = new URLSearchParams({ watch: 'true' });
    const stream = api.server.transport(ADMIN).stream({ method: 'GET', path: `/apis/${group}/v1/pipes`, query });
    const ended = (async () => {
      for await (const { type: event, object } of stream) seen.push(`${event} ${object.metadata?.name}`);
      return seen;
    })();
    return { seen, ended };
  };
  const first = watch();
  await api.client.create(type, pipe('one', { a: 'x' }));
  await eventually('an event', () => first.seen.length === 1);
  await change(group, { a: TEXT, b: TEXT });
  assert.deepEqual(await first.ended, ['ADDED one']);
  const second = watch();
  await eventually('the object', () => second.seen.length === 1);
  await api.client.delete(customResourceDefinitions, undefined, `pipes.${group}`);
  assert.deepEqual(await second.ended, ['ADDED one', 'DELETED one']);
});

test('rules are those of the definition as it is now', async () => {
  const group = 'rules.example.com';
  const rule = (text: string) => ({ ...TEXT, 'x-kubernetes-validations': [{ rule: text, message: `not ${text}` }] });
  await install(definition(group, { a: rule("self == 'x'") }));
  const type = pipes(group);
  await assert.rejects(
    api.client.create(type, pipe('one', { a: 'y' })),
    /spec\.a: Invalid value: "y": not self == 'x'/,
  );
  await change(group, { a: rule("self == 'y'") });
  await eventually('the new rule', async () => {
    const made = await api.client.create(type, pipe('one', { a: 'y' })).catch(() => undefined);
    return made !== undefined;
  });
});

test('a value that is not among those allowed keeps rules from being looked at; a strict reader is told in which type', async () => {
  const group = 'strict.example.com';
  await install(
    definition(group, {
      a: { ...TEXT, enum: ['x'] } as never,
      b: { ...TEXT, 'x-kubernetes-validations': [{ rule: "self == 'y'" }] },
    }),
  );
  await assert.rejects(
    api.client.create(pipes(group), pipe('one', { a: 'z', b: 'z' })),
    /spec\.a: Unsupported value: "z": supported values: "x", <nil>: Invalid value: null: some validation rules were not checked/,
  );
  await assert.rejects(
    api.server.transport(ADMIN).request({
      method: 'POST',
      path: `/apis/${group}/v1/namespaces/default/pipes`,
      query: new URLSearchParams({ fieldValidation: 'Strict' }),
      body: { apiVersion: `${group}/v1`, kind: 'Pipe', ...pipe('one', { c: 1 }) },
    }),
    /^StatusError: Pipe in version "v1" cannot be handled as a Pipe: strict decoding error: unknown field "spec\.c"$/,
  );
});

test('a rule that does not compile is shown as upstream shows it', async () => {
  const rule = { ...TEXT, 'x-kubernetes-validations': [{ rule: 'self > 1' }] };
  await assert.rejects(
    api.client.create(customResourceDefinitions, definition('wrong.example.com', { a: rule }) as never),
    ({ message }: Error) =>
      message.includes(
        'Invalid value: {"Rule":"self \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ',
      ),
  );
});
