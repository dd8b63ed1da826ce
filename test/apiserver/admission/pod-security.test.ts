import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaces, pods } from '../../../src/api/resources.ts';
import { podSecurity } from '../../../src/apiserver/admission/pod-security.ts';
import { memoryReader } from '../../support/memory-reader.ts';
import { admissionRequest, run } from './request.ts';

const create = (spec: object, metadata: object = { name: 'a' }) =>
  admissionRequest('CREATE', 'pods', { metadata, spec });

test('PodSecurity: levels come from the labels of the namespace', async () => {
  const reader = memoryReader();
  const plugin = podSecurity(reader);
  const labelled = (labels: Record<string, string>) => reader.put(namespaces, { metadata: { name: 'ns', labels } });
  const open = { containers: [{ name: 'c' }] };
  const good = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'c', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  };
  labelled({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  await run(plugin, create(good));
  await assert.rejects(run(plugin, create(open)), {
    message:
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": ' +
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  });
  labelled({ 'pod-security.kubernetes.io/warn': 'baseline', 'pod-security.kubernetes.io/warn-version': 'v1.36' });
  const template = { spec: { template: { metadata: {}, spec: { ...open, hostNetwork: true } } } };
  const { warnings } = await run(plugin, admissionRequest('CREATE', 'deployments.apps', template));
  assert.deepEqual(warnings, ['would violate PodSecurity "baseline:v1.36": host namespaces (hostNetwork=true)']);
});

test('PodSecurity: who closes a namespace without saying what to warn about is warned of what it will not let in', async () => {
  const reader = memoryReader();
  reader.put(namespaces, { metadata: { name: 'ns', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } });
  const template = { spec: { template: { metadata: {}, spec: { containers: [], hostPID: true } } } };
  const { warnings } = await run(podSecurity(reader), admissionRequest('CREATE', 'deployments.apps', template));
  assert.deepEqual(warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
});

test('PodSecurity: an update is judged when it brings in an image', async () => {
  const reader = memoryReader();
  reader.put(namespaces, { metadata: { name: 'ns', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } });
  const pod = (image: string, more: object = {}) => ({
    metadata: { name: 'a' },
    spec: { hostNetwork: true, containers: [{ name: 'c', image, ...more }] },
  });
  const update = (object: object) =>
    admissionRequest('UPDATE', 'pods', object, { oldObject: pod('a') as never, name: 'a' });
  await run(podSecurity(reader), update(pod('a', { resources: { requests: { cpu: '1' } } })));
  await assert.rejects(run(podSecurity(reader), update(pod('b'))), /violates PodSecurity "baseline:latest"/);
});

test('PodSecurity: labels of a namespace must be readable, unless they were not before', async () => {
  const plugin = podSecurity(memoryReader());
  const labelled = (labels: object) => ({ metadata: { name: 'ns', labels } });
  const bad = labelled({
    'pod-security.kubernetes.io/enforce': 'nope',
    'pod-security.kubernetes.io/audit-version': '1',
  });
  const request = (old?: object) =>
    admissionRequest(old ? 'UPDATE' : 'CREATE', 'namespaces', bad, { oldObject: old as never, name: 'ns' });
  for (const old of [undefined, labelled({})]) {
    await assert.rejects(run(plugin, request(old)), ({ status }: { status: { details: { causes: object[] } } }) => {
      assert.deepEqual(
        status.details.causes.map((cause) => (cause as { field: string }).field),
        [
          'metadata.labels[pod-security.kubernetes.io/enforce]',
          'metadata.labels[pod-security.kubernetes.io/audit-version]',
        ],
      );
      return true;
    });
  }
  await run(plugin, request(bad));
});

test('PodSecurity: closing a namespace tells which of its pods would not be let in', async () => {
  const reader = memoryReader();
  const owner = { apiVersion: 'v1', kind: 'R', name: 'r', uid: 'r', controller: true };
  for (const [name, spec] of Object.entries({
    a: { hostNetwork: true },
    b: { hostNetwork: true },
    c: { hostPID: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    d: {},
  })) {
    const metadata = { name, namespace: 'ns', ownerReferences: [owner] };
    reader.put(pods, { metadata, spec: { containers: [], ...spec } } as never);
  }
  const relabel = async (from: string, to: string) => {
    const namespace = (level: string) => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } });
    const oldObject = namespace(from) as never;
    const request = admissionRequest('UPDATE', 'namespaces', namespace(to), { oldObject, name: 'ns' });
    return (await run(podSecurity(reader), request)).warnings;
  };
  assert.deepEqual(await relabel('privileged', 'baseline'), [
    'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 1 other pod): host namespaces',
    'c: host namespaces, hostPath volumes',
  ]);
  assert.deepEqual(await relabel('restricted', 'baseline'), []);
  assert.deepEqual(await relabel('baseline', 'privileged'), []);
});

test('PodSecurity baseline: each forbidden setting is named', async () => {
  const reader = memoryReader();
  reader.put(namespaces, { metadata: { name: 'ns', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } });
  const cases: [container: object, spec: object, told: RegExp][] = [
    [
      { securityContext: { privileged: true } },
      {},
      /privileged \(container "c" must not set securityContext\.privileged=true\)/,
    ],
    [{ ports: [{ hostPort: 80 }] }, {}, /hostPort \(container "c" uses hostPort 80\)/],
    [
      { securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
      {},
      /non-default capabilities \(container "c" must not include "NET_ADMIN"/,
    ],
    [
      { securityContext: { procMount: 'Unmasked' } },
      {},
      /procMount \(container "c" must not set securityContext\.procMount to "Unmasked"\)/,
    ],
    [{ livenessProbe: { httpGet: { host: '1.2.3.4' } } }, {}, /probe or lifecycle host \(container "c" uses/],
    [{}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, /hostPath volumes \(volume "v"\)/],
    [{}, { securityContext: { sysctls: [{ name: 'kernel.msgmax' }] } }, /forbidden sysctls \(kernel\.msgmax\)/],
    [{}, { securityContext: { seLinuxOptions: { type: 'spc_t' } } }, /seLinuxOptions \(pod set forbidden/],
    [{}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }, /seccompProfile \(pod must not set/],
    [{}, { securityContext: { windowsOptions: { hostProcess: true } } }, /hostProcess \(pod must not set/],
    [
      {},
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      /forbidden AppArmor profile \(pod must not set/,
    ],
  ];
  for (const [container, spec, told] of cases) {
    await assert.rejects(
      run(podSecurity(reader), create({ containers: [{ name: 'c', ...container }], ...spec })),
      told,
    );
  }
});
