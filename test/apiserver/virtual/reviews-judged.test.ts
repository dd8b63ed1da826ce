// Webhooks judge and change reviews, which are posted and not kept, once these make sense by themselves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../../../src/api/resources.ts';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
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
  const rules = ['authentication.k8s.io', 'authorization.k8s.io'].map((group) => ({
    operations: ['CREATE'],
    apiGroups: [group],
    apiVersions: ['v1'],
    resources: ['*'],
  }));
  for (const [type, path] of [
    [validatingWebhookConfigurations, '/judge'],
    [mutatingWebhookConfigurations, '/change'],
  ] as const) {
    const hook = {
      name: 'reviews.example.com',
      clientConfig: webhook.clientConfig(path),
      rules,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await api.client.create(
      type as never,
      { metadata: { name: 'reviews' }, webhooks: [hook] } as unknown as KubeObject,
    );
  }
});
after(async () => {
  await api.stop();
  webhook.close();
});

async function review(path: string, kind: string, spec?: object) {
  webhook.asked.length = 0;
  const group = path.split('/')[0];
  const body = { apiVersion: `${group}/v1`, kind, ...(spec ? { spec } : {}) };
  const place = path.replace('/', '/v1/');
  const answer = await call(`/apis/${place}`, { method: 'POST', body: JSON.stringify(body) });
  return { code: answer.code ?? 0, object: JSON.parse(answer.body.toString()) };
}

const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' };

for (const [path, kind, spec, nonsense] of [
  ['authentication.k8s.io/tokenreviews', 'TokenReview', { token: TOKEN }, {}],
  ['authentication.k8s.io/selfsubjectreviews', 'SelfSubjectReview', undefined, undefined],
  ['authorization.k8s.io/subjectaccessreviews', 'SubjectAccessReview', { user: 'x', resourceAttributes }, {}],
  ['authorization.k8s.io/selfsubjectaccessreviews', 'SelfSubjectAccessReview', { resourceAttributes }, {}],
  ['authorization.k8s.io/selfsubjectrulesreviews', 'SelfSubjectRulesReview', { namespace: 'default' }, {}],
  [
    'authorization.k8s.io/namespaces/default/localsubjectaccessreviews',
    'LocalSubjectAccessReview',
    { user: 'x', resourceAttributes },
    {},
  ],
] as const) {
  test(`a ${kind} is judged`, async () => {
    webhook.answer(() => ({ allowed: true }));
    const { code, object } = await review(path, kind, spec);
    assert.equal(code, 201, JSON.stringify(object));
    assert.deepEqual(
      webhook.asked.map((asked) => [asked.path, (asked.kind as { kind: string }).kind, asked.operation]),
      [
        ['/change', kind, 'CREATE'],
        ['/judge', kind, 'CREATE'],
      ],
    );
    webhook.answer((_request, at) =>
      at === '/judge' ? { allowed: false, status: { code: 403, message: 'no' } } : { allowed: true },
    );
    const refused = await review(path, kind, spec);
    assert.deepEqual(
      [refused.code, refused.object.message],
      [403, 'admission webhook "reviews.example.com" denied the request: no'],
    );
    if (nonsense === undefined) return;
    assert.ok((await review(path, kind, nonsense)).code >= 400);
    assert.deepEqual(
      webhook.asked.map((asked) => asked.path),
      ['/change'],
    );
  });
}

test('what a webhook changes of a review is what is asked', async () => {
  webhook.answer((_request, at) =>
    at === '/change' ? patching({ op: 'replace', path: '/spec/user', value: 'other' }) : { allowed: true },
  );
  const { object } = await review('authorization.k8s.io/subjectaccessreviews', 'SubjectAccessReview', {
    user: 'x',
    resourceAttributes,
  });
  assert.equal(object.spec?.user, 'other', JSON.stringify(object));
  assert.equal(object.status.allowed, false);
});
