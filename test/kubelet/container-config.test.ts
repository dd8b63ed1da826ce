import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, parseResolvConf, podResolver } from '../../src/kubelet/dns.ts';
import { isReference } from '../../src/kubelet/images.ts';
import { podObject } from '../support/objects.ts';

const HOST = parseResolvConf('nameserver 192.0.2.53 # ours\nsearch example.org.\noptions timeout:2 rotate\n');

for (const { what, spec, expected } of [
  {
    what: 'ClusterFirst',
    spec: {},
    expected: {
      servers: ['10.43.0.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
      options: ['ndots:5'],
    },
  },
  { what: 'ClusterFirst on the host network', spec: { hostNetwork: true }, expected: HOST },
  { what: 'Default', spec: { dnsPolicy: 'Default' as const }, expected: HOST },
  {
    what: 'None with dnsConfig',
    spec: {
      dnsPolicy: 'None' as const,
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['a.b'],
        options: [{ name: 'ndots', value: '2' }, { name: 'rotate' }],
      },
    },
    expected: { servers: ['1.1.1.1'], searches: ['a.b'], options: ['ndots:2', 'rotate'] },
  },
]) {
  test(`resolver of a pod with dnsPolicy ${what}`, () => {
    const cluster = { dns: ['10.43.0.10'], domain: 'cluster.local', host: HOST };
    assert.deepEqual(podResolver(podObject('p', { spec }), cluster), expected);
  });
}

test('/etc/hosts has the pod by its full name and its aliases', () => {
  const spec = { hostname: 'web-0', subdomain: 'web', hostAliases: [{ ip: '192.0.2.9', hostnames: ['a', 'b'] }] };
  const text = hostsFile(podObject('p', { spec }), {
    podIPs: ['10.1.1.1'],
    clusterDomain: 'cluster.local',
    hostFile: '',
  });
  assert.match(text, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
  assert.match(text, /\n10\.1\.1\.1\tweb-0\.web\.default\.svc\.cluster\.local\tweb-0\n/);
  assert.match(text, /\n# Entries added by HostAliases\.\n192\.0\.2\.9\ta\tb\n$/);
});

for (const [image, expected] of [
  ['busybox', true],
  ['registry.k8s.io/pause:3.10', true],
  ['localhost:5000/a/b_c__d-e.f:v1.0', true],
  [`ghcr.io/a/b@sha256:${'0'.repeat(64)}`, true],
  [`a:tag@sha256:${'0'.repeat(64)}`, true],
  ['Upper/case', true],
  ['Upper', false],
  ['a/Upper', false],
  ['', false],
  ['a:', false],
  ['a b', false],
  ['a//b', false],
  ['a@sha256:12', false],
  [`${'.'.repeat(10_000)}!`, false],
] as const) {
  test(`${JSON.stringify(image.slice(0, 40))} is ${expected ? '' : 'not '}an image's name`, () => {
    assert.equal(isReference(image), expected);
  });
}
