// What a strategic merge patch is refused with whose outcome does not fit the type. Upstream converts a Go map there, and
// shows the patch; of other patches it decodes JSON, and shows the outcome.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deployments } from '../../src/api/resources.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

let api: TestServer;
before(async () => {
  api = await startTestServer();
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await api.client.create(deployments, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template },
  });
});
after(() => api.stop());

async function refusalOf(body: object, query = ''): Promise<string> {
  const request = {
    method: 'PATCH' as const,
    path: '/apis/apps/v1/namespaces/default/deployments/web',
    query: new URLSearchParams(query),
    contentType: 'application/strategic-merge-patch+json',
    body: body as never,
  };
  const error = await api.server
    .transport(ADMIN)
    .request(request)
    .then(
      () => assert.fail('it was taken'),
      (cause: unknown) => cause,
    );
  assert.ok(error instanceof StatusError);
  assert.deepEqual([error.code, error.reason], [422, 'Invalid']);
  return error.status.details?.causes?.[0]?.message ?? '';
}

test('a value of another type is told as the converter of maps tells it, with the patch', async () => {
  const container = (fields: object) => ({ spec: { template: { spec: { containers: [{ name: 'c', ...fields }] } } } });
  const cases: [body: object, message: string][] = [
    [{ spec: { replicas: 'x' } }, 'Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32'],
    [{ spec: { replicas: 1.5 } }, 'Invalid value: "map[spec:map[replicas:1.5]]": cannot convert float64 to int32'],
    [{ spec: { paused: 1 } }, 'Invalid value: "map[spec:map[paused:1]]": unrecognized type: bool'],
    [{ spec: 'x' }, 'Invalid value: "map[spec:x]": cannot restore struct from: string'],
    [{ metadata: { labels: ['a'] } }, 'Invalid value: "map[metadata:map[labels:[a]]]": cannot restore map from slice'],
    [
      container({ image: 5 }),
      'Invalid value: "map[spec:map[template:map[spec:map[containers:[map[image:5 name:c]]]]]]": cannot convert int64 to string',
    ],
    [
      container({ command: 'sh' }),
      'Invalid value: "map[spec:map[template:map[spec:map[containers:[map[command:sh name:c]]]]]]": cannot restore slice from string',
    ],
  ];
  for (const [body, message] of cases) assert.equal(await refusalOf(body), message);
});

test('strict reading shows the patch, too', async () => {
  assert.equal(
    await refusalOf({ spec: { none: 1 } }, 'fieldValidation=Strict'),
    'Invalid value: "map[spec:map[none:1]]": strict decoding error: unknown field "spec.none"',
  );
});
