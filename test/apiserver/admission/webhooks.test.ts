// Webhooks that judge and change requests, over real HTTPS: who is asked, with what, and what comes of the answer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ResourceType } from '../../../src/api/definition.ts';
import {
  configMaps,
  deployments,
  events,
  mutatingWebhookConfigurations,
  namespaces,
  pods,
  validatingWebhookConfigurations,
} from '../../../src/api/resources.ts';
import type { JsonObject, KubeObject } from '../../../src/apimachinery/meta.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { httpsCaller } from '../../support/https-call.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { patching, startWebhook, type TestWebhook } from '../../support/webhook.ts';

const TOKEN = 'secret';
let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
let webhook: TestWebhook;

before(async () => {
  webhook = await startWebhook();
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  await api.stop();
  webhook.close();
});
afterEach(async () => {
  for (const type of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
    for (const { metadata } of (await api.client.list(type)).items)
      await api.client.delete(type, undefined, metadata.name ?? '');
  }
  for (const { metadata } of (await api.client.list(configMaps, { namespace: 'default' })).items) {
    await api.client.delete(configMaps, 'default', metadata.name ?? '');
  }
  webhook.asked.length = 0;
  webhook.answer(() => ({ allowed: true }));
});

const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

const hook = (more: object = {}) => ({
  name: 'judge.example.com',
  clientConfig: webhook.clientConfig(),
  rules: [RULE],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});

async function configure(type: ResourceType<KubeObject>, name: string, ...webhooks: object[]): Promise<void> {
  await api.client.create(type, { metadata: { name }, webhooks } as unknown as KubeObject);
}
const validating = (...webhooks: object[]) => configure(validatingWebhookConfigurations as never, 'v', ...webhooks);
const mutating = (...webhooks: object[]) => configure(mutatingWebhookConfigurations as never, 'm', ...webhooks);

const configMap = (name: string, more: object = {}) =>
  api.client.create(configMaps, { metadata: { name, namespace: 'default' }, ...more });

async function refusal(request: Promise<unknown>): Promise<StatusError> {
  const error = await request.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StatusError, String(error));
  return error;
}

test('a webhook is told of the request and refuses it in its own words', async () => {
  await validating(hook());
  webhook.answer(() => ({ allowed: false, status: { code: 403, reason: 'Forbidden', message: 'not on a Sunday' } }));
  const error = await refusal(
    api.client.create(
      configMaps,
      { metadata: { name: 'a', namespace: 'default' }, data: { b: 'c' } },
      {
        fieldManager: 'tester',
      },
    ),
  );
  assert.deepEqual(
    [error.code, error.reason, error.message],
    [403, 'Forbidden', 'admission webhook "judge.example.com" denied the request: not on a Sunday'],
  );
  const [asked] = webhook.asked;
  const { uid, object, userInfo, path, ...rest } = asked as JsonObject;
  assert.match(String(uid), /^[0-9a-f-]{36}$/);
  assert.equal((object as unknown as KubeObject).metadata.name, 'a');
  assert.deepEqual((object as JsonObject).data, { b: 'c' });
  assert.equal((userInfo as JsonObject).username, 'admin');
  assert.deepEqual(rest, {
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
    requestResource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'a',
    namespace: 'default',
    operation: 'CREATE',
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'tester' },
  });
});

test('a refusal without words, and one without a code', async () => {
  await validating(hook());
  webhook.answer(() => ({ allowed: false }));
  const silent = await refusal(configMap('a'));
  assert.deepEqual(
    [silent.code, silent.message],
    [400, 'admission webhook "judge.example.com" denied the request without explanation'],
  );
  webhook.answer(() => ({ allowed: false, status: { reason: 'Gone' } }));
  assert.match((await refusal(configMap('a'))).message, /denied the request: Gone$/);
});

test('patches are applied, in the order of names, and each webhook sees those before it', async () => {
  await mutating(
    hook({ name: 'one.example.com', clientConfig: webhook.clientConfig('/one') }),
    hook({ name: 'two.example.com', clientConfig: webhook.clientConfig('/two') }),
  );
  webhook.answer((_request, path) =>
    patching({ op: 'add', path: path === '/one' ? '/data' : '/data/two', value: path === '/one' ? { one: '1' } : '2' }),
  );
  const made = await configMap('a');
  assert.deepEqual(made.data, { one: '1', two: '2' });
  assert.deepEqual(
    webhook.asked.map(({ path, object }) => [path, (object as JsonObject).data]),
    [
      ['/one', undefined],
      ['/two', { one: '1' }],
    ],
  );
  assert.deepEqual((await api.client.get(configMaps, 'default', 'a')).data, { one: '1', two: '2' });
});

test('what is patched has the defaults of its type', async () => {
  await mutating(hook({ rules: [{ ...RULE, resources: ['pods'] }] }));
  const sidecar = { name: 'sidecar', image: 'side' };
  webhook.answer(() => patching({ op: 'add', path: '/spec/containers/-', value: sidecar }));
  const pod = await api.client.create(pods, {
    metadata: { name: 'a', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const [, added] = pod.spec.containers;
  assert.equal(added?.imagePullPolicy, 'Always');
  // The plugins before ran once more.
  assert.equal(added?.volumeMounts?.[0]?.mountPath, '/var/run/secrets/kubernetes.io/serviceaccount');
});

test('a webhook that wants it is asked again when one after it changed the object', async () => {
  await mutating(
    hook({ name: 'one.example.com', clientConfig: webhook.clientConfig('/one'), reinvocationPolicy: 'IfNeeded' }),
    hook({ name: 'two.example.com', clientConfig: webhook.clientConfig('/two') }),
  );
  webhook.answer((_request, path) =>
    path === '/two' ? patching({ op: 'add', path: '/data', value: { two: '2' } }) : { allowed: true },
  );
  await configMap('a');
  assert.deepEqual(
    webhook.asked.map(({ path }) => path),
    ['/one', '/two', '/one'],
  );
});

test('rules: operations, groups, versions, resources, subresources, scope', async () => {
  const cases: [object, number][] = [
    [{ operations: ['UPDATE'] }, 0],
    [{ operations: ['*'] }, 1],
    [{ apiGroups: ['apps'] }, 0],
    [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }, 1],
    [{ apiVersions: ['v2'] }, 0],
    [{ resources: ['configmaps/status'] }, 0],
    [{ resources: ['*/*'] }, 1],
    [{ scope: 'Cluster' }, 0],
    [{ scope: 'Namespaced' }, 1],
  ];
  for (const [change, times] of cases) {
    await validating(hook({ rules: [{ ...RULE, ...change }] }));
    await configMap('a');
    assert.equal(webhook.asked.length, times, JSON.stringify(change));
    webhook.asked.length = 0;
    await api.client.delete(validatingWebhookConfigurations, undefined, 'v');
    await api.client.delete(configMaps, 'default', 'a');
  }
});

test('selectors of namespaces and objects', async () => {
  await api.client.create(namespaces, { metadata: { name: 'red', labels: { colour: 'red' } }, spec: {} });
  await validating(
    hook({ namespaceSelector: { matchLabels: { colour: 'red' } } }),
    hook({ name: 'objects.example.com', objectSelector: { matchLabels: { judged: 'yes' } } }),
  );
  await configMap('a');
  assert.equal(webhook.asked.length, 0);
  await api.client.create(configMaps, { metadata: { name: 'a', namespace: 'red' } });
  assert.equal(webhook.asked.length, 1);
  await configMap('b', { metadata: { name: 'b', namespace: 'default', labels: { judged: 'yes' } } });
  assert.equal(webhook.asked.length, 2);
});

test('a Namespace is selected by the labels that it will have', async () => {
  await validating(
    hook({ rules: [{ ...RULE, resources: ['namespaces'] }], namespaceSelector: { matchLabels: { colour: 'blue' } } }),
  );
  await api.client.create(namespaces, { metadata: { name: 'blue', labels: { colour: 'blue' } }, spec: {} });
  assert.deepEqual(
    webhook.asked.map(({ name, namespace }) => [name, namespace]),
    [['blue', 'blue']],
  );
});

test('conditions: what is false is not asked, what fails is judged by the failure policy', async () => {
  const when = (expression: string, more: object = {}) =>
    validating(hook({ matchConditions: [{ name: 'when', expression }], ...more }));
  await when("object.metadata.name != 'a' && request.operation == 'CREATE'");
  await configMap('a');
  assert.equal(webhook.asked.length, 0);
  await configMap('b');
  assert.equal(webhook.asked.length, 1);
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');

  await when("object.data.none == 'x'");
  const error = await refusal(configMap('c'));
  assert.equal(error.code, 403);
  assert.match(
    error.message,
    /^configmaps "c" is forbidden: expression 'object.data.none == 'x'' resulted in error: no such key: data$/,
  );
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');

  await when("object.data.none == 'x'", { failurePolicy: 'Ignore' });
  await configMap('c');
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');

  await when("!authorizer.requestResource.check('create').allowed()");
  await configMap('d');
  assert.equal(webhook.asked.length, 1);
});

test('a webhook that cannot be asked: refused, or passed over', async () => {
  const url = 'https://127.0.0.1:1/nobody';
  await validating(hook({ clientConfig: { url }, failurePolicy: 'Fail', timeoutSeconds: 3 }));
  const error = await refusal(configMap('a'));
  assert.deepEqual([error.code, error.reason], [500, 'InternalError']);
  assert.match(
    error.message,
    /^Internal error occurred: failed calling webhook "judge.example.com": failed to call webhook: Post "https:\/\/127.0.0.1:1\/nobody\?timeout=3s": dial tcp 127.0.0.1:1: connect: connection refused$/,
  );
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');
  await validating(hook({ clientConfig: { url: webhook.clientConfig().url } }));
  assert.match((await refusal(configMap('a'))).message, /x509: certificate signed by unknown authority$/);
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');
  await validating(hook({ clientConfig: { service: { namespace: 'default', name: 'none' } } }));
  assert.match(
    (await refusal(configMap('a'))).message,
    /Post "https:\/\/none.default.svc:443\/\?timeout=10s": service "none" not found$/,
  );
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');
  await validating(hook({ clientConfig: { url }, failurePolicy: 'Ignore' }));
  await configMap('a');
});

test('answers that are no reviews, of another request, or patches that are none', async () => {
  const cases: [unknown, RegExp][] = [
    ['no JSON', /failed to call webhook: couldn't get version\/kind; json parse error/],
    ['{}', /received invalid webhook response: webhook response was absent$/],
    [{ uid: 'other', allowed: true }, /received invalid webhook response: expected response.uid="[^"]+", got "other"$/],
    [
      { allowed: 'yes' },
      /failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse/,
    ],
    [
      { ...patching(), patchType: 'Other' },
      /failed calling webhook "judge.example.com": unsupported patch type "Other"$/,
    ],
    [{ allowed: true, patch: 'x' }, /webhook returned response.patch but not response.patchType$/],
    [{ allowed: true, patchType: 'JSONPatch' }, /webhook returned response.patchType but not response.patch$/],
    [{ ...patching(), patch: 'eA==' }, /received undecodable patch in webhook response: /],
    [patching({ op: 'remove', path: '/data/none' }), /^Internal error occurred: /],
    [patching({ op: 'add', path: '/data', value: 7 }), /^Internal error occurred: /],
  ];
  await mutating(hook());
  for (const [given, message] of cases) {
    webhook.answer(() => given);
    const error = await refusal(configMap('a'));
    assert.equal(error.code, 500, JSON.stringify(given));
    assert.match(error.message, message);
  }
});

test('a webhook is told of a dry run', async () => {
  await validating(hook());
  await api.client.create(configMaps, { metadata: { name: 'a', namespace: 'default' } }, { dryRun: true });
  assert.equal(webhook.asked[0]?.dryRun, true);
});

test('warnings come with the answer', async () => {
  await validating(hook());
  webhook.answer(() => ({ allowed: true, warnings: ['look out'] }));
  const { headers } = await call('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'a' } }),
  });
  assert.equal(headers.warning, '299 - "look out"');
});

test('an update and a deletion show what was', async () => {
  await configMap('a', { data: { b: 'old' } });
  await validating(hook({ rules: [{ ...RULE, operations: ['UPDATE', 'DELETE'] }] }));
  await api.client.update(configMaps, { metadata: { name: 'a', namespace: 'default' }, data: { b: 'new' } });
  await api.client.delete(configMaps, 'default', 'a');
  assert.deepEqual(
    webhook.asked.map(({ operation, object, oldObject, options }) => [
      operation,
      (object as JsonObject | null)?.data,
      (oldObject as JsonObject).data,
      (options as JsonObject).kind,
    ]),
    [
      ['UPDATE', { b: 'new' }, { b: 'old' }, 'UpdateOptions'],
      ['DELETE', undefined, { b: 'new' }, 'DeleteOptions'],
    ],
  );
});

test('a rule for another version of the resource shows it in that version, unless the match must be exact', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: ['events.k8s.io'], apiVersions: ['v1'], resources: ['events'] }];
  await validating(hook({ rules }), hook({ name: 'exact.example.com', rules, matchPolicy: 'Exact' }));
  const involvedObject = { kind: 'ConfigMap', namespace: 'default', name: 'a' };
  await api.client.create(events, { metadata: { name: 'e', namespace: 'default' }, involvedObject } as never);
  assert.equal(webhook.asked.length, 1);
  const [{ kind, requestKind, object }] = webhook.asked as unknown as [JsonObject];
  assert.deepEqual(kind, { group: 'events.k8s.io', version: 'v1', kind: 'Event' });
  assert.deepEqual(requestKind, { group: '', version: 'v1', kind: 'Event' });
  assert.equal((object as JsonObject).apiVersion, 'events.k8s.io/v1');
  assert.deepEqual((object as JsonObject).regarding, involvedObject);
});

test('a Scale is judged as a Scale', async () => {
  const labels = { app: 'a' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await api.client.create(deployments, {
    metadata: { name: 'd', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template },
  } as never);
  await mutating(
    hook({
      rules: [{ operations: ['UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments/scale'] }],
    }),
  );
  webhook.answer(() => patching({ op: 'replace', path: '/spec/replicas', value: 4 }));
  await call('/apis/apps/v1/namespaces/default/deployments/d/scale', {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ spec: { replicas: 9 } }),
  });
  const [{ kind, object, oldObject }] = webhook.asked as unknown as [JsonObject];
  assert.deepEqual(kind, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  assert.deepEqual([(object as JsonObject).spec, (oldObject as JsonObject).spec], [{ replicas: 9 }, { replicas: 1 }]);
  assert.equal((await api.client.get(deployments, 'default', 'd')).spec?.replicas, 4);
});

test('configurations are judged by none, so that a broken one can be mended', async () => {
  await validating(
    hook({ rules: [{ ...RULE, operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }),
  );
  webhook.answer(() => ({ allowed: false }));
  await api.client.delete(validatingWebhookConfigurations, undefined, 'v');
  assert.equal(webhook.asked.length, 0);
});

test('an eviction is judged as an Eviction, a connection with its options', async () => {
  await api.client.create(pods, {
    metadata: { name: 'judged', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  await validating(
    hook({ rules: [{ ...RULE, operations: ['CREATE', 'CONNECT'], resources: ['pods/eviction', 'pods/exec'] }] }),
  );
  webhook.answer(() => ({ allowed: false, status: { code: 418, message: 'no' } }));
  const pod = '/api/v1/namespaces/default/pods/judged';
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'judged' } };
  const headers = { 'content-type': 'application/json' };
  const post = { method: 'POST', headers };
  const answers = [
    await call(`${pod}/eviction`, { ...post, body: JSON.stringify(eviction) }),
    await call(`${pod}/exec?command=ls&command=-l&stdout=true`, post),
  ];
  assert.deepEqual(
    answers.map(({ code }) => code),
    [418, 418],
  );
  assert.deepEqual(
    webhook.asked.map(({ operation, kind, subResource, options }) => [operation, kind, subResource, options]),
    [
      [
        'CREATE',
        { group: 'policy', version: 'v1', kind: 'Eviction' },
        'eviction',
        { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      ],
      ['CONNECT', { group: '', version: 'v1', kind: 'PodExecOptions' }, 'exec', null],
    ],
  );
  assert.deepEqual(webhook.asked[1]?.object, {
    kind: 'PodExecOptions',
    apiVersion: 'v1',
    stdout: true,
    command: ['ls', '-l'],
  });
});

test('a connection serves several calls, and one that was closed meanwhile is replaced', async () => {
  await validating(hook());
  await configMap('first');
  const before = webhook.connections();
  for (const name of ['second', 'third']) await configMap(name);
  assert.equal(webhook.connections(), before);
  webhook.disconnect();
  await configMap('fourth');
  assert.equal(webhook.connections(), before + 1);
});
