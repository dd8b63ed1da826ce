// Addresses of Services are IPAddress objects, out of the ServiceCIDRs there are.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addressObject } from '../../src/api/networking/addresses-of-services.ts';
import { covers, hasAddress, overlap } from '../../src/api/networking/service-blocks.ts';
import { ipAddresses, serviceCidrs, services } from '../../src/api/resources.ts';
import type { Service } from '../../src/api/types/core/v1.ts';
import type { IPAddress } from '../../src/api/types/networking/v1.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { eventually } from '../support/eventually.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';

async function start(t: TestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const started = await startTestServer({ random: () => 0, ...options });
  t.after(started.stop);
  return started;
}

const serviceOf = (name: string, clusterIP?: string): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...(clusterIP ? { clusterIP } : {}) },
});

const addresses = async ({ client }: TestServer): Promise<string[]> =>
  (await client.list(ipAddresses)).items.map(({ metadata, spec }) => `${metadata.name} ${spec.parentRef.name}`);

test('an address is there with its Service and goes with it', async (t) => {
  const started = await start(t);
  const { client } = started;
  await client.create(services, serviceOf('chosen', '10.43.0.77'));
  await client.create(services, serviceOf('given'));
  assert.deepEqual(await addresses(started), ['10.43.0.77 chosen', '10.43.1.1 given']);
  const made = await client.get(ipAddresses, undefined, '10.43.0.77');
  assert.deepEqual(made.spec, { parentRef: { resource: 'services', namespace: 'default', name: 'chosen' } });
  assert.deepEqual(made.metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  });
  const body = { spec: { type: 'ExternalName', externalName: 'x.y', clusterIP: null, clusterIPs: null } };
  await client.patch(services, 'default', 'chosen', { type: 'merge', body });
  await client.delete(services, 'default', 'given');
  assert.deepEqual(await addresses(started), []);
});

test('a Service that is refused leaves no address behind', async (t) => {
  const started = await start(t);
  const { client } = started;
  await client.create(services, serviceOf('a', '10.43.0.5'));
  await assert.rejects(client.create(services, serviceOf('a', '10.43.0.6')), /already exists/);
  await assert.rejects(client.create(services, serviceOf('Bad_', '10.43.0.7')), /is invalid: metadata\.name/);
  await assert.rejects(client.create(services, serviceOf('b', '10.43.0.5')), /provided IP is already allocated/);
  const dry = await client.create(services, serviceOf('b'), { dryRun: true });
  assert.equal(dry.spec?.clusterIP, '10.43.0.0');
  assert.deepEqual(await addresses(started), ['10.43.0.5 a']);
});

test('an address that somebody else has is not given', async (t) => {
  const { client } = await start(t);
  const parentRef = { group: 'example.com', resource: 'gateways', name: 'g' };
  await client.create(ipAddresses, { metadata: { name: '10.43.1.1' }, spec: { parentRef } });
  assert.equal((await client.create(services, serviceOf('a'))).spec?.clusterIP, '10.43.1.2');
  await assert.rejects(client.create(services, serviceOf('b', '10.43.1.1')), /provided IP is already allocated/);
});

test('many at once get different addresses', async (t) => {
  const started = await start(t);
  const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
  await Promise.all(names.map((name) => started.client.create(services, serviceOf(name))));
  assert.equal(new Set((await addresses(started)).map((line) => line.split(' ')[0])).size, 20);
});

test('addresses come from every block that is ready; when all are full that is said', async (t) => {
  const { client } = await start(t);
  const block = (name: string, cidr: string) =>
    client.create(serviceCidrs, { metadata: { name }, spec: { cidrs: [cidr] } });
  // The range that the server was started with counts for as long as this one does not say otherwise.
  await block('kubernetes', '10.50.0.0/30');
  const got = async (name: string) => (await client.create(services, serviceOf(name))).spec?.clusterIP;
  assert.deepEqual([await got('a'), await got('b')], ['10.50.0.1', '10.50.0.2']);
  await assert.rejects(got('c'), (error: unknown) => {
    assert.ok(error instanceof StatusError);
    assert.equal(error.code, 500);
    assert.match(error.message, /failed to allocate a serviceIP for Service "c": range is full$/);
    return true;
  });
  await block('more', '10.60.0.0/30');
  assert.equal(await got('c'), '10.60.0.1');
  const notReady = { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Terminating', message: '' }] } };
  const [condition] = notReady.status.conditions;
  const body = { status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
  await client.patch(serviceCidrs, undefined, 'more', { type: 'merge', body }, { subresource: 'status' });
  await assert.rejects(client.create(services, serviceOf('d', '10.60.0.2')), /does not match the current range/);
  await assert.rejects(got('d'), /range is full/);
});

test('what parts Services and addresses is repaired: at start, and when somebody deletes or changes one', async (t) => {
  const started = await start(t);
  const { client, server, storage } = started;
  for (const [name, ip] of [
    ['a', '10.43.0.5'],
    ['b', '10.43.0.6'],
    ['c', '10.43.0.7'],
  ] as const) {
    await client.create(services, serviceOf(name, ip));
  }
  await client.delete(ipAddresses, undefined, '10.43.0.5');
  await client.patch(ipAddresses, undefined, '10.43.0.6', { type: 'merge', body: { metadata: { labels: null } } });
  const lost: IPAddress = addressObject(serviceOf('gone'), '10.43.0.8');
  await client.create(ipAddresses, lost);
  await server.repairAddresses();
  assert.deepEqual(await addresses(started), ['10.43.0.5 a', '10.43.0.6 b', '10.43.0.7 c']);
  assert.ok((await client.get(ipAddresses, undefined, '10.43.0.6')).metadata.labels);

  const written = storage.revision;
  await client.delete(ipAddresses, undefined, '10.43.0.7');
  await eventually('it is back', async () => (await addresses(started)).includes('10.43.0.7 c'));
  assert.equal(storage.revision, written + 2);
  await client.delete(services, 'default', 'c');
  assert.deepEqual(await addresses(started), ['10.43.0.5 a', '10.43.0.6 b']);
});

test('which blocks have an address, and each other', () => {
  const has = (cidr: string, ...ips: string[]) => ips.map((ip) => hasAddress(cidr, ip));
  assert.deepEqual(has('10.0.0.0/30', '10.0.0.0', '10.0.0.1', '10.0.0.3', '10.0.0.4', 'fd00::1'), [
    false,
    true,
    false,
    false,
    false,
  ]);
  assert.deepEqual(has('fd00::/126', 'fd00::', 'fd00::1', 'fd00::3'), [false, true, true]);
  assert.deepEqual([covers('10.0.0.0/8', '10.1.0.0/16'), covers('10.1.0.0/16', '10.0.0.0/8')], [true, false]);
  assert.deepEqual([covers('10.0.0.0/8', '10.0.0.0/8'), covers('10.0.0.0/8', 'fd00::/64')], [true, false]);
  assert.deepEqual([overlap('10.1.0.0/16', '10.0.0.0/8'), overlap('10.1.0.0/16', '10.2.0.0/16')], [true, false]);
});
