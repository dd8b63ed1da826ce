import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Service } from '../../src/api/types/core/v1.ts';
import type { EndpointSlice } from '../../src/api/types/discovery/v1.ts';
import { nameServers } from '../../src/dns/forward.ts';
import { answerZone, type ZoneView } from '../../src/dns/zone.ts';

const service = (name: string, spec: object) => ({ metadata: { namespace: 'shop', name }, spec }) as unknown as Service;
const services = [
  service('web', { clusterIP: '10.43.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  service('store', { clusterIP: 'None', ports: [{ name: 'redis', port: 6379 }] }),
  service('early', { clusterIP: 'None', publishNotReadyAddresses: true }),
  service('empty', { clusterIP: 'None' }),
  service('alias', { type: 'ExternalName', externalName: 'db.example.org' }),
];
const slice = (name: string, endpoints: object[]) =>
  ({
    metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'redis', port: 6379, protocol: 'TCP' }],
    endpoints,
  }) as unknown as EndpointSlice;
const slices: Record<string, EndpointSlice[]> = {
  store: [
    slice('store', [
      { addresses: ['10.42.0.3'], hostname: 'store-0', conditions: { ready: true } },
      { addresses: ['10.42.0.4'], conditions: { ready: true } },
      { addresses: ['10.42.0.5'], hostname: 'store-2', conditions: { ready: false } },
    ]),
  ],
  early: [slice('early', [{ addresses: ['10.42.0.9'], conditions: { ready: false } }])],
};
const view: ZoneView = {
  namespaceExists: (name) => name === 'shop',
  service: (namespace, name) => services.find((s) => s.metadata.namespace === namespace && s.metadata.name === name),
  slices: (_namespace, name) => slices[name] ?? [],
  serviceByIP: (ip) => services.find((s) => s.spec.clusterIP === ip),
  slicesByIP: (ip) =>
    Object.values(slices)
      .flat()
      .filter((s) => s.endpoints?.some((e) => e.addresses.includes(ip))),
};
const ask = (name: string, type = 'A') => answerZone(name, type, { domain: 'cluster.local', view });
const data = (name: string, type = 'A') => ask(name, type)?.records.map((r) => r.data);

describe('the cluster zone', () => {
  const S = 'shop.svc.cluster.local';
  const cases: [name: string, type: string, expected: unknown][] = [
    [`web.${S}`, 'A', ['10.43.0.7']],
    [`WEB.Shop.SVC.cluster.local.`, 'A', ['10.43.0.7']],
    [`web.${S}`, 'AAAA', []],
    [`store.${S}`, 'A', ['10.42.0.3', '10.42.0.4']],
    [`early.${S}`, 'A', ['10.42.0.9']],
    [`empty.${S}`, 'A', []],
    [`store-0.store.${S}`, 'A', ['10.42.0.3']],
    [`10-42-0-4.store.${S}`, 'A', ['10.42.0.4']],
    [`alias.${S}`, 'A', ['db.example.org']],
    ['10-42-0-4.shop.pod.cluster.local', 'A', ['10.42.0.4']],
    ['dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['7.0.43.10.in-addr.arpa', 'PTR', [`web.${S}`]],
    ['3.0.42.10.in-addr.arpa', 'PTR', [`store-0.store.${S}`]],
    [`_http._tcp.web.${S}`, 'SRV', [{ priority: 0, weight: 100, port: 80, target: `web.${S}` }]],
    ['shop.svc.cluster.local', 'A', []],
    ['cluster.local', 'A', []],
  ];
  for (const [name, type, expected] of cases) {
    test(`${name} ${type}`, () => {
      assert.equal(ask(name, type)?.exists, true);
      assert.deepEqual(data(name, type), expected);
    });
  }

  for (const name of [
    `gone.${S}`,
    'web.other.svc.cluster.local',
    `store-2.store.${S}`,
    `x.web.${S}`,
    `a.b.c.web.${S}`,
    `_https._tcp.web.${S}`,
    '300-1-1-1.shop.pod.cluster.local',
    'example.com.shop.svc.cluster.local',
    'x.nonsense.cluster.local',
  ]) {
    test(`${name} does not exist`, () => assert.equal(ask(name)?.exists, false));
  }

  for (const name of ['example.com', 'notcluster.local', '1.0.42.10.in-addr.arpa', '4.0.42.10.in-addr.arpa']) {
    test(`${name} is for another server`, () => assert.equal(ask(name, 'PTR'), undefined));
  }

  test('SRV of a headless service names each endpoint and brings its address', () => {
    const answer = ask(`_redis._tcp.store.${S}`, 'SRV');
    assert.deepEqual(
      answer?.records.map((r) => r.type === 'SRV' && [r.data.target, r.data.port, r.data.weight]),
      [
        [`store-0.store.${S}`, 6379, 50],
        [`10-42-0-4.store.${S}`, 6379, 50],
      ],
    );
    assert.deepEqual(
      answer?.additional?.map((r) => r.data),
      ['10.42.0.3', '10.42.0.4'],
    );
  });
});

test('nameserver lines are read as resolv.conf has them', () => {
  assert.deepEqual(nameServers('# c\nsearch x\nnameserver 192.0.2.1\n nameserver fe80::1%eth0 # x\nnameserver bad\n'), [
    '192.0.2.1',
    'fe80::1%eth0',
  ]);
});
