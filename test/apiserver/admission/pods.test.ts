import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodes, serviceAccounts } from '../../../src/api/resources.ts';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import { certificateApproval, certificateSubjectRestriction } from '../../../src/apiserver/admission/certificates.ts';
import { limitRanger } from '../../../src/apiserver/admission/limit-ranger.ts';
import { podResizeValidator } from '../../../src/apiserver/admission/pod-resize-validator.ts';
import { podTopologyLabels } from '../../../src/apiserver/admission/pod-topology-labels.ts';
import { limitRanges } from '../../../src/apiserver/admission/resources.ts';
import { serviceAccount } from '../../../src/apiserver/admission/service-account.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';
import { admissionRequest, run } from './request.ts';

const create = (spec: object, metadata: object = { name: 'a' }) =>
  admissionRequest('CREATE', 'pods', { metadata, spec });
const account = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'ns' }, ...more });
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

test('ServiceAccount: a pod runs as "default", with its token and pull secrets', async () => {
  const reader = memoryReader();
  reader.put(serviceAccounts, account('default', { imagePullSecrets: [{ name: 'registry' }] }));
  const plugin = serviceAccount({ reader, clock: fakeClock(), suffix: () => 'abcde' });
  const volumeMounts = [{ name: 'x', mountPath: MOUNT }];
  const { object } = await run(plugin, create({ containers: [{ name: 'c' }, { name: 'own', volumeMounts }] }));
  assert.deepEqual(object?.spec, {
    serviceAccountName: 'default',
    serviceAccount: 'default',
    imagePullSecrets: [{ name: 'registry' }],
    containers: [
      { name: 'c', volumeMounts: [{ name: 'kube-api-access-abcde', readOnly: true, mountPath: MOUNT }] },
      { name: 'own', volumeMounts },
    ],
    volumes: [
      {
        name: 'kube-api-access-abcde',
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
              },
            },
          ],
        },
      },
    ],
  });
});

test('ServiceAccount: the pod, then the account, may decline the token', async () => {
  const reader = memoryReader();
  const plugin = serviceAccount({ reader, clock: fakeClock() });
  const cases: [ofAccount: boolean | undefined, ofPod: boolean | undefined, mounted: boolean][] = [
    [undefined, undefined, true],
    [false, undefined, false],
    [false, true, true],
    [true, false, false],
  ];
  for (const [ofAccount, ofPod, mounted] of cases) {
    reader.put(serviceAccounts, account('default', { automountServiceAccountToken: ofAccount }));
    const { object } = await run(plugin, create({ containers: [{ name: 'c' }], automountServiceAccountToken: ofPod }));
    const { volumes = [] } = (object?.spec ?? {}) as { volumes?: object[] };
    assert.equal(volumes.length, mounted ? 1 : 0);
  }
});

test('ServiceAccount: "default" is waited for, another name is refused at once', async () => {
  const reader = memoryReader();
  const clock = fakeClock();
  const plugin = serviceAccount({ reader, clock });
  const waiting = run(plugin, create({ containers: [] }));
  reader.put(serviceAccounts, account('default'));
  await waiting;
  reader.remove(serviceAccounts, 'ns', 'default');
  const late = assert.rejects(run(plugin, create({ containers: [] })), {
    message: 'pods "a" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
  });
  await clock.advance(1000);
  await late;
  await assert.rejects(run(plugin, create({ serviceAccountName: 'bot', containers: [] })), /ns\/bot/);
  const mirror = { name: 'a', annotations: { 'kubernetes.io/config.mirror': 'x' } };
  await run(plugin, create({ containers: [] }, mirror));
  await assert.rejects(
    run(plugin, create({ serviceAccountName: 'bot', containers: [] }, mirror)),
    /a mirror pod may not/,
  );
});

test('LimitRanger sets defaults and names every bound that is broken', async () => {
  const reader = memoryReader();
  reader.put(limitRanges, {
    metadata: { name: 'l', namespace: 'ns' },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '500m' },
          defaultRequest: { cpu: '100m' },
          min: { cpu: '50m' },
          max: { cpu: '1' },
          maxLimitRequestRatio: { cpu: '5' },
        },
        { type: 'Pod', max: { cpu: '1500m' } },
      ],
    },
  } as never);
  const plugin = limitRanger(reader);
  const { object } = await run(plugin, create({ containers: [{ name: 'c' }] }));
  assert.deepEqual(object?.spec, {
    containers: [{ name: 'c', resources: { requests: { cpu: '100m' }, limits: { cpu: '500m' } } }],
  });
  assert.deepEqual(object?.metadata.annotations, {
    'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
  });
  const container = (request: string, limit: string) => ({
    name: 'c',
    resources: { requests: { cpu: request }, limits: { cpu: limit } },
  });
  const cases: [containers: object[], message: string][] = [
    [[container('10m', '40m')], 'minimum cpu usage per Container is 50m, but request is 10m'],
    [
      [container('1', '2')],
      '[maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 1500m, but limit is 2]',
    ],
    [[container('100m', '600m')], 'cpu max limit to request ratio per Container is 5, but provided ratio is 6.000000'],
    [[container('500m', '800m'), container('500m', '800m')], 'maximum cpu usage per Pod is 1500m, but limit is 1600m'],
  ];
  for (const [containers, message] of cases) {
    await assert.rejects(run(plugin, create({ containers })), { message: `pods "a" is forbidden: ${message}` });
  }
});

test('ServiceAccount: one that enforces its secrets lets its pods use no others', async () => {
  const reader = memoryReader();
  const metadata = { name: 'sa', namespace: 'ns', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
  reader.put(serviceAccounts, {
    metadata,
    secrets: [{ name: 'ok' }],
    imagePullSecrets: [{ name: 'pull' }],
  } as object as KubeObject);
  const plugin = serviceAccount({ reader, clock: fakeClock() });
  const pod = (spec: object) => ({
    metadata: { name: 'a' },
    spec: { serviceAccountName: 'sa', automountServiceAccountToken: false, containers: [], ...spec },
  });
  const from = (name: string) => ({ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } });
  const because = 'is not allowed because service account sa does not reference that';
  const cases: [spec: object, told: string][] = [
    [
      { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
      `volume with secret.secretName="other" ${because} secret`,
    ],
    [
      { containers: [{ name: 'c', env: [from('ok'), from('other')] }] },
      `container c with envVar A referencing secret.secretName="other" ${because} secret`,
    ],
    [
      { initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'other' } }] }] },
      `init container i with envFrom referencing secret.secretName="other" ${because} secret`,
    ],
    [{ imagePullSecrets: [{ name: 'other' }] }, `imagePullSecrets[0].name="other" ${because} imagePullSecret`],
  ];
  for (const [spec, told] of cases) {
    const request = admissionRequest('CREATE', 'pods', pod(spec));
    await assert.rejects(run(plugin, request), { message: `pods "a" is forbidden: ${told}` });
  }
  await run(
    plugin,
    admissionRequest('CREATE', 'pods', pod({ volumes: [{ name: 'v', secret: { secretName: 'ok' } }] })),
  );
  const debugged = pod({ ephemeralContainers: [{ name: 'e', env: [from('other')] }] });
  const debugging = admissionRequest('UPDATE', 'pods/ephemeralcontainers', debugged, { name: 'a' });
  await assert.rejects(run(plugin, debugging), { message: /^ephemeral container e with envVar A referencing/ });
});

test('certificate requests: approving needs the right, system:masters is never asked for', async () => {
  const spec = { signerName: 'example.com/x', request: Buffer.from('rubbish').toString('base64') };
  const csr = { metadata: { name: 'r' }, spec };
  const approve = () =>
    admissionRequest('UPDATE', 'certificatesigningrequests.certificates.k8s.io/approval', csr, {
      oldObject: csr as never,
    });
  const authorizer = (name: string) => ({
    name: 'test',
    authorize: (a: { name: string }) => ({ result: a.name === name ? ('allow' as const) : ('noOpinion' as const) }),
  });
  await run(certificateApproval(authorizer('example.com/*')), approve());
  await assert.rejects(
    run(certificateApproval(authorizer('none')), approve()),
    /user not permitted to approve requests with signerName "example.com\/x"/,
  );
  const own = { metadata: { name: 'r' }, spec: { ...spec, signerName: 'kubernetes.io/kube-apiserver-client' } };
  await assert.rejects(
    run(
      certificateSubjectRestriction,
      admissionRequest('CREATE', 'certificatesigningrequests.certificates.k8s.io', own),
    ),
    /failed to parse CSR/,
  );
});

test("PodTopologyLabels: a pod has its node's zone and region, and nothing else of it", async () => {
  const reader = memoryReader();
  const zone = { 'topology.kubernetes.io/zone': 'a' };
  reader.put(nodes, { metadata: { name: 'n', labels: { ...zone, disk: 'fast' } } });
  const plugin = podTopologyLabels(reader);
  const bind = (kind: string) =>
    run(plugin, admissionRequest('CREATE', 'pods/binding', { metadata: {}, target: { kind, name: 'n' } }));
  assert.deepEqual((await bind('Node')).object?.metadata.labels, zone);
  assert.equal((await bind('Other')).object?.metadata.labels, undefined);
  const metadata = { name: 'p', labels: { app: 'x', 'topology.kubernetes.io/zone': 'of its own' } };
  assert.deepEqual((await run(plugin, create({ nodeName: 'n' }, metadata))).object?.metadata.labels, {
    app: 'x',
    ...zone,
  });
  assert.equal((await run(plugin, create({ nodeName: 'none' }))).object?.metadata.labels, undefined);
});

test('PodResizeValidator: no pod asks for more than its node has', async () => {
  const reader = memoryReader();
  const status = { allocatable: { cpu: '2', memory: '1Gi' } };
  reader.put(nodes, { metadata: { name: 'n' }, status } as KubeObject);
  reader.put(nodes, { metadata: { name: 'w', labels: { 'kubernetes.io/os': 'windows' } }, status } as KubeObject);
  const plugin = podResizeValidator(reader);
  const resize = (requests: object, { nodeName = 'n', generation = 2 } = {}) => {
    const pod = { metadata: { name: 'p', generation }, spec: { nodeName, containers: [{ resources: { requests } }] } };
    const oldObject = { metadata: { name: 'p', generation: 1 } };
    return run(plugin, admissionRequest('UPDATE', 'pods/resize', pod, { name: 'p', oldObject: oldObject as never }));
  };
  await resize({ cpu: '2', memory: '1Gi' });
  await resize({ cpu: '9' }, { generation: 1 });
  await assert.rejects(resize({ cpu: '2500m', memory: '2Gi' }), {
    message:
      'pods "p" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 2500, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824',
  });
  await assert.rejects(resize({}, { nodeName: 'w' }), {
    message: 'pods "p" is forbidden: pod resize is only supported on linux nodes, node "w" is "windows"',
  });
  await assert.rejects(resize({}, { nodeName: 'gone' }), { message: 'pods "p" is forbidden: node "gone" not found' });
});
