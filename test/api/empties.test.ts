// Lists that are said to be empty count as a change where upstream compares with reflect.DeepEqual, and nowhere else.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ResourceType } from '../../src/api/definition.ts';
import { resourceType } from '../../src/api/resource-type.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { startTestServer } from '../support/server.ts';

const { client, stop } = await startTestServer();
after(stop);

const object = (spec: object, more: object = {}) =>
  ({ metadata: { namespace: 'default', name: 'a', ...more }, spec }) as unknown as KubeObject;

async function generationAfter(type: ResourceType, spec: object, updated: object) {
  const { metadata } = await client.create(type, object(spec));
  const { resourceVersion } = metadata;
  return await client.update(type, object(updated, { resourceVersion }));
}

test('a NetworkPolicy changes by an empty list, which nobody owns and nothing keeps', async () => {
  const policies = resourceType('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy');
  const updated = await generationAfter(policies, { podSelector: {} }, { podSelector: {}, egress: [] });
  assert.equal(updated.metadata.generation, 2);
  assert.equal('egress' in (updated as unknown as { spec: object }).spec, false);
  assert.doesNotMatch(JSON.stringify(updated.metadata.managedFields), /egress/);
});

test('an Ingress does not', async () => {
  const ingresses = resourceType('networking.k8s.io/v1', 'ingresses', 'Ingress');
  const spec = { defaultBackend: { service: { name: 's', port: { number: 80 } } } };
  const updated = await generationAfter(ingresses, spec, { ...spec, rules: [] });
  assert.equal(updated.metadata.generation, 1);
});
