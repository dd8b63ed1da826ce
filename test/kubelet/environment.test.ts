// The environment of a container: sources, order, expansion, and what is said of what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/types/core/v1.ts';
import { envFileValue } from '../../src/kubelet/env-file.ts';
import { environmentOf, expand } from '../../src/kubelet/environment.ts';
import { fieldValue, resourceValue } from '../../src/kubelet/field-path.ts';
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

const NODE = {
  nodeName: 'n',
  hostIPs: ['192.0.2.1'],
  allocatable: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1' },
};

const environment = async (container: Partial<Container>, spec: object = {}) => {
  const pod = podObject('web', { metadata: { uid: 'u' }, spec });
  const list = await environmentOf({ name: 'main', ...container }, pod, {
    configMap: async (name) => (name === 'conf' ? { metadata: {}, data: { a: 'A' } } : undefined),
    secret: async (name) => (name === 'keys' ? { metadata: {}, data: { s: 'cw==', nul: 'YQBi' } } : undefined),
    file: async (volume, path) => {
      if (path === 'absent') throw new Error(`${volume} has no such file`);
      return { text: "# settings\nCOLOR='blue'\n", hostPath: `/pods/u/${path}` };
    },
    services: [
      serviceObject('my-db', {
        metadata: { namespace: 'default' },
        spec: { clusterIP: '10.0.0.1', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
      }),
      serviceObject('headless', { metadata: { namespace: 'default' }, spec: { clusterIP: 'None' } }),
    ],
    podIPs: ['10.1.1.1'],
    node: NODE,
  });
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
};

test('variables come from all sources, later ones see earlier ones', async () => {
  const result = await environment(
    {
      resources: { limits: { cpu: '1500m' } },
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'conf' } }, { configMapRef: { name: 'no', optional: true } }],
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

test('without service links a pod sees no services of its namespace', async () => {
  assert.deepEqual(await environment({}, { enableServiceLinks: false }), {});
});

test('env wins over envFrom, and the last of either over those before it', async () => {
  const result = await environment({
    envFrom: [{ configMapRef: { name: 'conf' } }],
    env: [
      { name: 'a', value: 'first $(a)' },
      { name: 'a', value: 'then $(a)' },
    ],
  });
  assert.equal(result.a, 'then first A');
});

test('what is optional may be missing, an object or a key of it', async () => {
  const result = await environment({
    envFrom: [{ secretRef: { name: 'no', optional: true } }],
    env: [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'no', optional: true } } },
      { name: 'B', valueFrom: { configMapKeyRef: { name: 'no', key: 'a', optional: true } } },
      { name: 'C', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'settings', key: 'SIZE', optional: true } } },
      { name: 'D', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'settings', key: 'COLOR' } } },
    ],
  });
  assert.deepEqual(
    Object.keys(result).filter((name) => /^[A-D]$/.test(name)),
    ['D'],
  );
  assert.equal(result.D, 'blue');
});

for (const { source, message } of [
  { source: { configMapKeyRef: { name: 'no', key: 'a' } }, message: 'configmap "no" not found' },
  { source: { secretKeyRef: { name: 'no', key: 'a' } }, message: 'secret "no" not found' },
  { source: { secretKeyRef: { name: 'keys', key: 'no' } }, message: "couldn't find key no in Secret default/keys" },
  {
    source: { configMapKeyRef: { name: 'conf', key: 'no' } },
    message: "couldn't find key no in ConfigMap default/conf",
  },
  { source: { fieldRef: { fieldPath: 'spec.priority' } }, message: 'unsupported fieldPath: spec.priority' },
  { source: { resourceFieldRef: { resource: 'limits.gpu' } }, message: 'unsupported container resource : limits.gpu' },
  {
    source: { fileKeyRef: { volumeName: 'v', path: 'settings', key: 'SIZE' } },
    message: 'environment variable key "SIZE" not found in file "/pods/u/settings"',
  },
  {
    source: { fileKeyRef: { volumeName: 'v', path: 'absent', key: 'SIZE', optional: true } },
    message: "couldn't parse env file: v has no such file",
  },
  {
    source: { secretKeyRef: { name: 'keys', key: 'nul' } },
    message: 'the value of environment variable A has a NUL byte, which no process can be given',
  },
]) {
  test(`a variable that cannot be had is told: ${message}`, async () => {
    const reason = 'CreateContainerConfigError';
    await assert.rejects(environment({ env: [{ name: 'A', valueFrom: source }] }), { reason, message });
  });
}

for (const { text, expected } of [
  { text: "KEY='one'", expected: 'one' },
  { text: "\n  # KEY='no'\n\tKEY='a # b' # c\n", expected: 'a # b' },
  { text: "OTHER='x\nKEY=1'\nKEY='two\nlines'\n", expected: 'two\nlines' },
  { text: "KEY='\\n$(A)'", expected: '\\n$(A)' },
  { text: "KEY= 'x'", expected: '' },
  { text: "OTHER='x'", expected: '' },
  { text: "KEY='x'\nnonsense", expected: 'x' },
]) {
  test(`a file of variables: ${JSON.stringify(text)}`, () => assert.equal(envFileValue(text, 'KEY'), expected));
}

for (const { text, message } of [
  { text: 'KEY', message: /line 1: missing '='/ },
  { text: "\n='x'", message: /line 2: empty variable name/ },
  { text: "KEY ='x'", message: /line 1: whitespace before '=' is not allowed/ },
  { text: 'KEY=x', message: /line 1: value must be enclosed in single quotes/ },
  { text: 'KEY=', message: /line 1: value must be enclosed in single quotes/ },
  { text: "KEY='x\ny' z", message: /line 2: unexpected content after closing quote/ },
  { text: "KEY='x\ny\n", message: /line 1: unclosed single quote/ },
]) {
  test(`no file of variables: ${JSON.stringify(text)}`, () => assert.throws(() => envFileValue(text, 'KEY'), message));
}

test('labels are quoted as Go quotes', () => {
  const pod = podObject('web', { metadata: { annotations: { b: 'é"\\\n\u0001\u00a0\u{e0001}', a: '' } } });
  const text = fieldValue('metadata.annotations', pod, { podIPs: [], node: NODE });
  assert.equal(text, 'a=""\nb="é\\"\\\\\\n\\x01\\u00a0\\U000e0001"');
});

for (const { what, own, shared, resource, expected } of [
  { what: 'its own', own: { limits: { memory: '1Mi' } }, shared: {}, resource: 'limits.memory', expected: '1048576' },
  { what: "the pod's", own: {}, shared: { limits: { cpu: '1500m' } }, resource: 'limits.cpu', expected: '2' },
  { what: "the node's", own: { limits: { cpu: '0' } }, shared: {}, resource: 'limits.cpu', expected: '2' },
  { what: 'none', own: {}, shared: { requests: { cpu: '1' } }, resource: 'requests.cpu', expected: '0' },
  { what: 'none', own: {}, shared: {}, resource: 'limits.hugepages-2Mi', expected: '0' },
]) {
  test(`${resource} of a container is ${what}`, () => {
    const pod = podObject('web', { spec: { resources: shared } });
    assert.equal(resourceValue({ resource }, pod, { name: 'main', resources: own as object }, NODE), expected);
  });
}
