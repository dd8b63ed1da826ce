import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, PodSecurityContext, SecurityContext } from '../../src/api/types/core/v1.ts';
import { hostsFile, parseResolvConf, podResolver } from '../../src/kubelet/dns.ts';
import { environmentOf, expand } from '../../src/kubelet/environment.ts';
import { isReference } from '../../src/kubelet/images.ts';
import { securityOf } from '../../src/kubelet/security.ts';
import { podObject, serviceObject } from '../support/objects.ts';

for (const [text, expected] of [
  ['$(A)', 'a'],
  ['x$(A)y$(B)', 'xay$(B)'],
  ['$$(A)', '$(A)'],
  ['$A $', '$A $'],
  ['$(A', '$(A'],
  ['$$$(A)', '$a'],
]) {
  test(`${text} is expanded to ${expected}`, () => {
    assert.equal(
      expand(text as string, (name) => (name === 'A' ? 'a' : undefined)),
      expected,
    );
  });
}

const environment = (container: Partial<Container>, spec: object = {}) =>
  Object.fromEntries(
    environmentOf({ name: 'main', ...container }, podObject('web', { metadata: { uid: 'u' }, spec }), {
      configMap: (name) => (name === 'conf' ? { metadata: {}, data: { a: 'A' } } : undefined),
      secret: (name) => (name === 'keys' ? { metadata: {}, data: { s: 'cw==' } } : undefined),
      services: [
        serviceObject('my-db', {
          metadata: { namespace: 'default' },
          spec: { clusterIP: '10.0.0.1', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
        }),
        serviceObject('headless', { metadata: { namespace: 'default' }, spec: { clusterIP: 'None' } }),
      ],
      podIPs: ['10.1.1.1'],
      node: {
        nodeName: 'n',
        hostIPs: ['192.0.2.1'],
        allocatable: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1' },
      },
    }).map(({ name, value }) => [name, value]),
  );

test('variables come from all sources, later ones see earlier ones', () => {
  const result = environment(
    {
      resources: { limits: { cpu: '1500m' } },
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'conf' } }, { secretRef: { name: 'keys' } }],
      env: [
        { name: 'PLAIN', value: '$(P_a)-$(MY_DB_SERVICE_PORT)' },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 's' } } },
        { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'no', key: 'x', optional: true } } },
      ],
    },
    { enableServiceLinks: true },
  );
  assert.equal(result.P_a, 'A');
  assert.equal(result.s, 's');
  assert.equal(result.PLAIN, 'A-5432');
  assert.equal(result.IP, '10.1.1.1');
  assert.equal(result.CPU, '2');
  assert.equal(result.MEMORY, String(1024 ** 3));
  assert.equal(result.SECRET, 's');
  assert.ok(!('ABSENT' in result));
  assert.equal(result.MY_DB_PORT, 'tcp://10.0.0.1:5432');
  assert.equal(result.MY_DB_PORT_5432_TCP_ADDR, '10.0.0.1');
  assert.equal(result.MY_DB_SERVICE_PORT_SQL, '5432');
  assert.ok(!('HEADLESS_SERVICE_HOST' in result));
});

test('without service links a pod sees no services of its namespace', () => {
  assert.deepEqual(environment({}, { enableServiceLinks: false }), {});
});

test('a key that is not there is told with its object', () => {
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'no' } } }];
  assert.throws(() => environment({ env }), {
    reason: 'CreateContainerConfigError',
    message: "couldn't find key no in Secret default/keys",
  });
});

const security = (own: SecurityContext, shared: PodSecurityContext = {}, user?: string) =>
  securityOf({ name: 'main', securityContext: own }, podObject('p', { spec: { securityContext: shared } }), { user });

test("a container's settings win over the pod's", () => {
  const result = security(
    { runAsUser: 2, capabilities: { add: ['CAP_NET_ADMIN', 'ALL'], drop: ['CHOWN'] }, allowPrivilegeEscalation: false },
    { runAsUser: 1, runAsGroup: 3, fsGroup: 4, supplementalGroups: [4, 5], seccompProfile: { type: 'RuntimeDefault' } },
  );
  assert.deepEqual(result, {
    privileged: false,
    runAsUser: 2,
    runAsGroup: 3,
    supplementalGroups: [4, 5],
    addCapabilities: ['NET_ADMIN', 'ALL'],
    dropCapabilities: ['CHOWN'],
    readOnlyRootFilesystem: false,
    noNewPrivileges: true,
    seccomp: 'RuntimeDefault',
  });
});

for (const { runAsUser, user, message } of [
  { runAsUser: 0, user: undefined, message: /^container's runAsUser breaks non-root policy/ },
  { runAsUser: undefined, user: '', message: /^container has runAsNonRoot and image will run as root/ },
  { runAsUser: undefined, user: '0:0', message: /^container has runAsNonRoot and image will run as root/ },
  {
    runAsUser: undefined,
    user: 'nobody',
    message: /^container has runAsNonRoot and image has non-numeric user \(nobody\), cannot verify/,
  },
  { runAsUser: undefined, user: '65534', message: undefined },
  { runAsUser: 1000, user: '', message: undefined },
]) {
  test(`runAsNonRoot with user ${runAsUser} and an image of user ${user}`, () => {
    const decide = () => security({ runAsNonRoot: true, ...(runAsUser === undefined ? {} : { runAsUser }) }, {}, user);
    if (message) assert.throws(decide, { reason: 'CreateContainerConfigError', message });
    else assert.doesNotThrow(decide);
  });
}

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
