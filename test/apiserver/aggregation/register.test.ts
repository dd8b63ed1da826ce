import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiServices } from '../../../src/api/resources.ts';
import { customResourceDefinitions } from '../../../src/apiserver/apiextensions/serve.ts';
import { eventually } from '../../support/eventually.ts';
import { startTestServer } from '../../support/server.ts';

const SCHEMA = { openAPIV3Schema: { type: 'object' } };

test('local APIServices are there after the start, put back, and come and go with definitions', async () => {
  const { server, client, stop } = await startTestServer();
  try {
    const names = async () => (await client.list(apiServices)).items.map(({ metadata }) => metadata.name);
    await server.registerApiServices();
    const atStart = await names();
    assert.ok(atStart.includes('v1.apps'));
    assert.ok(atStart.includes('v1.'));

    await client.create(customResourceDefinitions, {
      metadata: { name: 'tabs.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'tabs', kind: 'Tab' },
        versions: [{ name: 'v1', served: true, storage: true, schema: SCHEMA }],
      },
    } as never);
    await eventually('registered', async () => (await names()).includes('v1.example.com'));
    const spec = { groupPriorityMinimum: 5 };
    await client.patch(apiServices, undefined, 'v1.example.com', { type: 'merge', body: { spec } });

    await client.delete(customResourceDefinitions, undefined, 'tabs.example.com');
    await eventually('gone', async () => !(await names()).includes('v1.example.com'));
    assert.deepEqual((await names()).toSorted(), atStart.toSorted());
  } finally {
    await stop();
  }
});
