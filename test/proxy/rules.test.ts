import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Service } from '../../src/api/types/core/v1.ts';
import type { EndpointSlice } from '../../src/api/types/discovery/v1.ts';
import { deleteArgv, staleFlows } from '../../src/proxy/conntrack.ts';
import { renderRules } from '../../src/proxy/iptables/rules.ts';
import { servicePorts } from '../../src/proxy/service-ports.ts';

function service(name: string, spec: Partial<Service['spec']>, labels?: Record<string, string>): Service {
  return {
    metadata: { namespace: 'default', name, ...(labels ? { labels } : {}) },
    spec: { clusterIP: '10.43.0.10', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
  } as Service;
}

interface Address {
  ip: string;
  node?: string;
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
}

function slice(
  name: string,
  addresses: readonly Address[],
  port: object = { name: 'http', port: 8080, protocol: 'TCP' },
) {
  return {
    metadata: { namespace: 'default', name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [port],
    endpoints: addresses.map(({ ip, node = 'here', ready = true, serving = ready, terminating = false }) => ({
      addresses: [ip],
      nodeName: node,
      conditions: { ready, serving, terminating },
    })),
  } as EndpointSlice;
}

const two = [{ ip: '10.42.0.5' }, { ip: '10.42.1.6', node: 'there' }];

describe('service ports', () => {
  test('headless services, aliases and those of another proxy are left alone', () => {
    const left = [
      service('headless', { clusterIP: 'None' }),
      service('alias', { type: 'ExternalName', externalName: 'example.org' }),
      service('foreign', {}, { 'service.kubernetes.io/service-proxy-name': 'other' }),
    ];
    assert.deepEqual(servicePorts(left, [], 'here'), []);
  });

  test('terminating endpoints take traffic only while nothing is ready', () => {
    const dying = { ip: '10.42.0.9', ready: false, serving: true, terminating: true };
    const ips = (addresses: Address[]) =>
      servicePorts([service('web', {})], [slice('web', addresses)], 'here')[0]?.endpoints.map((e) => e.ip);
    assert.deepEqual(ips([...two, dying]), ['10.42.0.5', '10.42.1.6']);
    assert.deepEqual(ips([dying]), ['10.42.0.9']);
    assert.deepEqual(ips([{ ip: '10.42.0.9', ready: false }]), []);
  });

  test('ports are matched by name and protocol', () => {
    const dns = service('dns', { ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 }] });
    const match = slice('dns', two, { name: 'dns', port: 5353, protocol: 'UDP' });
    const other = slice('dns', two, { name: 'dns', port: 5353, protocol: 'TCP' });
    assert.equal(servicePorts([dns], [match], 'here')[0]?.endpoints.length, 2);
    assert.equal(servicePorts([dns], [other], 'here')[0]?.endpoints.length, 0);
  });

  test('order of input does not matter', () => {
    const all = [service('a', {}), service('b', { clusterIP: '10.43.0.11' })];
    const slices = [slice('a', two), slice('b', two.toReversed())];
    assert.deepEqual(servicePorts(all, slices, 'here'), servicePorts(all.toReversed(), slices.toReversed(), 'here'));
  });
});

/** Each case is one golden file, testdata/<name>.rules; UPDATE_GOLDEN=1 rewrites them. */
const CASES: Record<string, [services: Service[], slices: EndpointSlice[]]> = {
  'cluster-ip': [[service('web', {})], [slice('web', two)]],
  'no-endpoints': [[service('web', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] })], []],
  'node-port': [
    [service('web', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] })],
    [slice('web', two)],
  ],
  'external-local': [
    [
      service('web', {
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        externalIPs: ['192.0.2.7'],
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      }),
    ],
    [slice('web', two)],
  ],
  'external-local-without-local-endpoint': [
    [
      service('web', {
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        externalIPs: ['192.0.2.7'],
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      }),
    ],
    [slice('web', [{ ip: '10.42.1.6', node: 'there' }])],
  ],
  'internal-local': [[service('web', { internalTrafficPolicy: 'Local' })], [slice('web', two)]],
  'internal-local-without-local-endpoint': [
    [service('web', { internalTrafficPolicy: 'Local' })],
    [slice('web', [{ ip: '10.42.1.6', node: 'there' }])],
  ],
  affinity: [
    [service('web', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })],
    [slice('web', two)],
  ],
};

describe('rules', () => {
  for (const [name, [services, slices]] of Object.entries(CASES)) {
    test(name, () => {
      const file = path.join(import.meta.dirname, 'testdata', `${name}.rules`);
      const text = renderRules(servicePorts(services, slices, 'here'), { clusterCidr: '10.42.0.0/24' });
      if (process.env.UPDATE_GOLDEN) writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }

  test('chains that are no longer wanted are flushed, then removed', () => {
    const text = renderRules([], {
      clusterCidr: '10.42.0.0/24',
      existing: { nat: ['TSK-SVC-OLD', 'TSK-SERVICES'], filter: [] },
    });
    assert.match(text, /^:TSK-SVC-OLD - \[0:0\]$/m);
    assert.match(text, /^-X TSK-SVC-OLD$/m);
    assert.doesNotMatch(text, /^-X TSK-SERVICES$/m);
  });
});

describe('stale UDP flows', () => {
  const dns = service('dns', { ports: [{ name: 'dns', port: 53, protocol: 'UDP', nodePort: 30053 }] });
  const at = (addresses: Address[]) =>
    servicePorts([dns], [slice('dns', addresses, { name: 'dns', port: 53, protocol: 'UDP' })], 'here');

  test('of an endpoint that is gone are deleted for each way to reach it', () => {
    assert.deepEqual(staleFlows(at(two), at(two.slice(0, 1))).map(deleteArgv), [
      ['conntrack', '-D', '-p', 'udp', '--orig-dst', '10.43.0.10', '--orig-port-dst', '53', '--dst-nat', '10.42.1.6'],
      ['conntrack', '-D', '-p', 'udp', '--orig-port-dst', '30053', '--dst-nat', '10.42.1.6'],
    ]);
  });
  test('made while there was no endpoint are deleted', () => {
    assert.deepEqual(
      staleFlows(at([]), at(two)).map((flow) => flow.endpoint),
      [undefined, undefined],
    );
  });
  test('are none when nothing went', () => {
    assert.deepEqual(staleFlows(at(two), at(two)), []);
    const web = servicePorts([service('web', {})], [slice('web', two)], 'here');
    assert.deepEqual(staleFlows(web, []), [], 'TCP ends by itself');
  });
});
