// Priority and fairness in a whole API server: what clients see of it.
import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { flowSchemas, priorityLevelConfigurations } from '../../../src/api/resources.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../src/api/types/flowcontrol/v1.ts';
import { systemClock } from '../../../src/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

let api: TestServer;
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret' });
});
after(() => api.stop());

const get = (path: string) =>
  new Promise<{ code: number | undefined; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const options = {
      headers: { authorization: 'Bearer secret', 'impersonate-user': 'jane' },
      ca: api.ca,
      agent: false,
    };
    https
      .get(new URL(path, api.server.url), options, (response) => {
        response.resume();
        response.on('end', () => resolve({ code: response.statusCode, headers: response.headers }));
      })
      .on('error', reject);
  });

const schema = (level: string): FlowSchema => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'FlowSchema',
  metadata: { name: 'everyone' },
  spec: {
    matchingPrecedence: 3,
    priorityLevelConfiguration: { name: level },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
        resourceRules: [
          { verbs: ['get'], apiGroups: [''], resources: ['namespaces'], clusterScope: true, namespaces: ['*'] },
        ],
      },
    ],
  },
});

const dangling = async () => {
  const { status } = await api.client.get(flowSchemas, undefined, 'everyone');
  return status?.conditions?.find(({ type }) => type === 'Dangling');
};

test('a schema says whether its level exists, as that comes and goes; answers name both', async () => {
  const made = await api.client.create(flowSchemas, schema('narrow'));
  await eventually('dangles', async () => (await dangling())?.status === 'True');

  const level = await api.client.create(priorityLevelConfigurations, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'narrow' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
  } satisfies PriorityLevelConfiguration);
  await eventually('is found', async () => (await dangling())?.status === 'False');

  const { code, headers } = await get('/api/v1/namespaces/default');
  assert.equal(code, 403); // she takes a seat before it is known what she may
  assert.equal(headers['x-kubernetes-pf-flowschema-uid'], made.metadata.uid);
  assert.equal(headers['x-kubernetes-pf-prioritylevel-uid'], level.metadata.uid);

  await api.client.delete(priorityLevelConfigurations, undefined, 'narrow');
  await eventually('dangles again', async () => (await dangling())?.status === 'True');
});

test('a stream of log lines or of a proxy takes no seat', async () => {
  const { headers } = await get('/api/v1/namespaces/default/pods/none/log');
  assert.equal(headers['x-kubernetes-pf-flowschema-uid'], undefined);
});
