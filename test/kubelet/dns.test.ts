import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, kernelHostname, parseResolvConf, podHostname, podResolver } from '../../src/kubelet/dns.ts';
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
    assert.deepEqual(
      podResolver(podObject('p', { spec }), cluster, ({ message }) => assert.fail(message)),
      expected,
    );
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

test('what resolvers cannot take is left out, and told', () => {
  const warnings: string[] = [];
  const many = Array.from({ length: 40 }, (_, i) => `d${i}.example`);
  const dnsConfig = { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'], searches: ['x'.repeat(254), ...many] };
  const pod = podObject('p', { spec: { dnsPolicy: 'None', dnsConfig } });
  const resolver = podResolver(pod, { dns: [], domain: '', host: HOST }, (w) =>
    warnings.push(`${w.reason} ${w.message}`),
  );
  assert.deepEqual(resolver.servers, ['1.1.1.1', '2.2.2.2', '3.3.3.3']);
  assert.deepEqual(resolver.searches, many.slice(0, 31));
  assert.equal(
    warnings[0],
    'DNSConfigForming Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1.1.1.1 2.2.2.2 3.3.3.3',
  );
  assert.match(warnings[1] ?? '', /^DNSConfigForming Search Line limits were exceeded, .*: d0\.example d1\.example /);
});

test('a search line has at most 2048 characters', () => {
  const searches = Array.from({ length: 20 }, (_, i) => `${i}${'y'.repeat(200)}`);
  const pod = podObject('p', { spec: { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches } } });
  const resolver = podResolver(pod, { dns: [], domain: '', host: HOST }, () => undefined);
  assert.deepEqual(resolver.searches, searches.slice(0, 10));
});

test('without a DNS of the cluster a pod has that of the host, and says so', () => {
  const warnings: string[] = [];
  const resolver = podResolver(podObject('p'), { dns: [], domain: '', host: HOST }, (w) => warnings.push(w.reason));
  assert.deepEqual(resolver, HOST);
  assert.deepEqual(warnings, ['MissingClusterDNS']);
});

for (const { what, name, spec, kernel } of [
  { what: 'its name', name: 'web', spec: {}, kernel: 'web' },
  { what: 'its hostname', name: 'web', spec: { hostname: 'a' }, kernel: 'a' },
  { what: 'a name too long', name: `${'x'.repeat(62)}-tail`, spec: {}, kernel: 'x'.repeat(62) },
  { what: 'a subdomain', name: 'web', spec: { subdomain: 's' }, kernel: 'web' },
  {
    what: 'its full name',
    name: 'web',
    spec: { subdomain: 's', setHostnameAsFQDN: true },
    kernel: 'web.s.default.svc.cluster.local',
  },
  { what: 'a full name without subdomain', name: 'web', spec: { setHostnameAsFQDN: true }, kernel: 'web' },
  {
    what: 'an override',
    name: 'web',
    spec: { hostnameOverride: 'db.example.org', hostname: 'a', subdomain: 's' },
    kernel: 'db.example.org',
  },
]) {
  test(`the host name of a pod: ${what}`, () => {
    assert.equal(kernelHostname(podObject(name, { spec }), 'cluster.local'), kernel);
  });
}

test('an override has no domain in /etc/hosts', () => {
  const pod = podObject('web', { spec: { hostnameOverride: 'db.example.org', subdomain: 's' } });
  const text = hostsFile(pod, { podIPs: ['10.1.1.1'], clusterDomain: 'cluster.local', hostFile: '' });
  assert.match(text, /\n10\.1\.1\.1\tdb\.example\.org\n$/);
});

test('a full name that the kernel cannot take is refused', () => {
  const pod = podObject('web', { spec: { hostname: 'h'.repeat(50), subdomain: 's', setHostnameAsFQDN: true } });
  assert.equal(podHostname(pod), 'h'.repeat(50));
  assert.throws(() => kernelHostname(pod, 'cluster.local'), {
    message:
      /^failed to construct FQDN from pod hostname and cluster domain, FQDN h+\.s\.default\.svc\.cluster\.local is too long \(64 characters is the max, 78 characters requested\)$/,
  });
});
