import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, Pod, PodSpec } from '../../src/api/types/core/v1.ts';
import { schedulePod } from '../../src/scheduler/cycle.ts';
import { nodeInfo } from '../../src/scheduler/node-info.ts';
import { plugins } from '../../src/scheduler/plugins/index.ts';
import { podRequests } from '../../src/scheduler/pod-requests.ts';

let uid = 0;
function pod(spec: Partial<PodSpec> = {}, requests?: Record<string, string>): Pod {
  uid += 1;
  const containers = [{ name: 'c', image: 'busybox', ...(requests ? { resources: { requests } } : {}) }];
  return {
    metadata: { namespace: 'default', name: `p${uid}`, uid: String(uid) },
    spec: { containers, ...spec },
  } as Pod;
}

interface NodeShape {
  labels?: Record<string, string>;
  spec?: Node['spec'];
  allocatable?: Record<string, string>;
  pods?: Pod[];
  images?: { names: string[]; sizeBytes: number }[];
}
function node(name: string, { labels, spec = {}, allocatable, pods = [], images }: NodeShape = {}) {
  const object = {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '2', memory: '4Gi', pods: '110', ...allocatable }, images },
  } as Node;
  return nodeInfo(object, pods);
}

const decide = (p: Pod, ...nodes: ReturnType<typeof node>[]) => schedulePod(p, nodes, { plugins, random: () => 0 });
const message = (p: Pod, ...nodes: ReturnType<typeof node>[]) => {
  const outcome = decide(p, ...nodes);
  return outcome.node === undefined ? outcome.message : `scheduled on ${outcome.node}`;
};

const required = (key: string, operator: string, values?: string[]): Partial<PodSpec> =>
  ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
        },
      },
    },
  }) as Partial<PodSpec>;

const hostPort = (port: number, hostIP?: string): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: port, hostIP, protocol: 'TCP' }] }],
});

describe('filters say why a pod fits nowhere', () => {
  const tainted = { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' as const }] };
  const cases: [string, Pod, ReturnType<typeof node>[], string][] = [
    ['no node', pod(), [], 'no nodes available to schedule pods'],
    ['cpu', pod({}, { cpu: '3' }), [node('a')], '0/1 nodes are available: 1 Insufficient cpu.'],
    [
      'several reasons of one node',
      pod({}, { cpu: '3', memory: '5Gi' }),
      [node('a')],
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    ],
    [
      'what is taken counts',
      pod({}, { cpu: '1500m' }),
      [node('a', { pods: [pod({}, { cpu: '600m' })] })],
      '0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'pods',
      pod(),
      [node('a', { allocatable: { pods: '1' }, pods: [pod()] })],
      '0/1 nodes are available: 1 Too many pods.',
    ],
    [
      'an extended resource nobody has',
      pod({}, { 'example.com/gpu': '1' }),
      [node('a'), node('b')],
      '0/2 nodes are available: 2 Insufficient example.com/gpu.',
    ],
    [
      'node selector',
      pod({ nodeSelector: { disk: 'ssd' } }),
      [node('a')],
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'different reasons are counted apart',
      pod({}, { cpu: '3' }),
      [node('a'), node('b', { spec: { unschedulable: true } }), node('c', { spec: tainted })],
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
    ],
    [
      'host port',
      pod(hostPort(80)),
      [node('a', { pods: [pod(hostPort(80))] })],
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'host port on another address',
      pod(hostPort(80, '10.0.0.1')),
      [node('a', { pods: [pod(hostPort(80, '10.0.0.2'))] })],
      'scheduled on a',
    ],
    [
      'a tolerated taint is none',
      pod({ tolerations: [{ key: 'gpu', operator: 'Exists' }] }),
      [node('a', { spec: tainted })],
      'scheduled on a',
    ],
    [
      'a toleration of another value is none',
      pod({ tolerations: [{ key: 'gpu', value: 'no' }] }),
      [node('a', { spec: tainted })],
      '0/1 nodes are available: 1 node(s) had untolerated taint(s).',
    ],
    [
      'cordon can be tolerated',
      pod({ tolerations: [{ operator: 'Exists' }] }),
      [node('a', { spec: { unschedulable: true } })],
      'scheduled on a',
    ],
    [
      'another node was named',
      pod({ nodeName: 'b' }),
      [node('a')],
      "0/1 nodes are available: 1 node(s) didn't match the requested node name.",
    ],
  ];
  for (const [name, wanted, nodes, told] of cases) test(name, () => assert.equal(message(wanted, ...nodes), told));

  for (const [operator, values, fits] of [
    ['In', ['x', 'y'], true],
    ['In', ['y'], false],
    ['NotIn', ['y'], true],
    ['NotIn', ['x'], false],
    ['Exists', undefined, true],
    ['DoesNotExist', undefined, false],
    ['Gt', ['1'], false],
  ] as const) {
    test(`required affinity ${operator} ${values ?? ''}`, () => {
      const outcome = decide(pod(required('zone', operator, values?.slice())), node('a', { labels: { zone: 'x' } }));
      assert.equal(outcome.node !== undefined, fits);
    });
  }
  test('Gt and Lt compare whole numbers of any size', () => {
    const big = node('a', { labels: { n: '90071992547409931' } });
    assert.equal(decide(pod(required('n', 'Gt', ['90071992547409930'])), big).node, 'a');
    assert.equal(decide(pod(required('n', 'Lt', ['90071992547409930'])), big).node, undefined);
  });
});

describe('scores choose', () => {
  test('the emptier node', () => {
    assert.equal(
      decide(pod({}, { cpu: '100m' }), node('full', { pods: [pod({}, { cpu: '1' })] }), node('empty')).node,
      'empty',
    );
  });
  test('the node that a preferred term names', () => {
    const wish = {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 5, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['x'] }] } },
          ],
        },
      },
    } as Partial<PodSpec>;
    assert.equal(decide(pod(wish), node('a'), node('b', { labels: { zone: 'x' } })).node, 'b');
  });
  test('the node without a soft taint', () => {
    const soft = { taints: [{ key: 'k', effect: 'PreferNoSchedule' as const }] };
    assert.equal(decide(pod(), node('a', { spec: soft }), node('b')).node, 'b');
  });
  test('the node that has the image', () => {
    const images = [{ names: ['busybox:latest'], sizeBytes: 2_000_000_000 }];
    assert.equal(decide(pod(), node('a'), node('b', { images })).node, 'b');
  });
});

describe('requests of a pod', () => {
  const container = (cpu: string, restartPolicy?: string) => ({
    name: 'c',
    resources: { requests: { cpu } },
    restartPolicy,
  });
  const cpu = (spec: object) => podRequests({ metadata: {}, spec } as Pod).get('cpu');
  test('are the sum of containers or the largest init step', () => {
    assert.equal(cpu({ containers: [container('100m'), container('200m')], initContainers: [container('250m')] }), 300);
    assert.equal(cpu({ containers: [container('100m')], initContainers: [container('250m'), container('150m')] }), 250);
  });
  test('count sidecars with what comes after them', () => {
    const sidecar = container('100m', 'Always');
    assert.equal(cpu({ containers: [container('100m')], initContainers: [sidecar, container('250m')] }), 350);
    assert.equal(cpu({ containers: [container('300m')], initContainers: [sidecar, container('250m')] }), 400);
  });
  test('include overhead', () => assert.equal(cpu({ containers: [container('1')], overhead: { cpu: '10m' } }), 1010));
});
