import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanDuration } from '../../src/api/columns/age.ts';
import { builtinSchema } from '../../src/api/facts.ts';
import { builtinDefinitions } from '../../src/api/index.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { zeroObject } from '../../src/apimachinery/patch/apply/zero.ts';
import { definitionOf } from './definitions.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const creationTimestamp = '2026-01-01T00:00:00Z';
const pod = (status: object, rest: { metadata?: object; spec?: object } = {}) => ({
  metadata: { name: 'p', creationTimestamp, ...rest.metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...rest.spec },
  status,
});
const container = (rest: object) => ({ name: 'c', restartCount: 0, ready: false, ...rest });
const running = container({ ready: true, state: { running: {} } });

/** What kubectl shows: status, ready, restarts. */
const PODS: [name: string, object: object, ready: string, status: string, restarts: string][] = [
  ['pending', pod({ phase: 'Pending' }), '0/1', 'Pending', '0'],
  ['running', pod({ phase: 'Running', containerStatuses: [running] }), '1/1', 'Running', '0'],
  [
    'crash loop',
    pod({
      phase: 'Running',
      containerStatuses: [
        container({
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:55:00Z' } },
        }),
      ],
    }),
    '0/1',
    'CrashLoopBackOff',
    '3 (5m ago)',
  ],
  [
    'completed',
    pod({
      phase: 'Succeeded',
      containerStatuses: [container({ state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
    }),
    '0/1',
    'Completed',
    '0',
  ],
  [
    'terminating',
    pod({ phase: 'Running', containerStatuses: [running] }, { metadata: { deletionTimestamp: creationTimestamp } }),
    '1/1',
    'Terminating',
    '0',
  ],
  [
    'first init container waits',
    pod(
      {
        phase: 'Pending',
        initContainerStatuses: [container({ name: 'i', state: { waiting: { reason: 'PodInitializing' } } })],
      },
      { spec: { containers: [{ name: 'c' }], initContainers: [{ name: 'i' }, { name: 'j' }] } },
    ),
    '0/1',
    'Init:0/2',
    '0',
  ],
  [
    'init container failed without reason',
    pod(
      { phase: 'Pending', initContainerStatuses: [container({ name: 'i', state: { terminated: { exitCode: 2 } } })] },
      { spec: { containers: [{ name: 'c' }], initContainers: [{ name: 'i' }] } },
    ),
    '0/1',
    'Init:ExitCode:2',
    '0',
  ],
  [
    'sidecar counts as a container',
    pod(
      {
        phase: 'Running',
        initContainerStatuses: [container({ name: 'i', started: true, ready: true, state: { running: {} } })],
        containerStatuses: [running],
      },
      { spec: { containers: [{ name: 'c' }], initContainers: [{ name: 'i', restartPolicy: 'Always' }] } },
    ),
    '2/2',
    'Running',
    '0',
  ],
  [
    'held by a scheduling gate',
    pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    '0/1',
    'SchedulingGated',
    '0',
  ],
];

for (const [name, object, ready, status, restarts] of PODS) {
  test(`a Pod's row: ${name}`, () => {
    const cells = definitionOf('pods').cells(object as AnyObject, { now });
    assert.deepEqual(cells.slice(0, 5), ['p', ready, status, restarts, '24h']);
  });
}

const meta = { name: 'x', creationTimestamp };
const template = { spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const ROWS: [id: string, object: object, cells: unknown[]][] = [
  [
    'apps/v1/deployments',
    {
      metadata: meta,
      spec: { replicas: 3, selector: { matchLabels: { a: 'b' } }, template },
      status: { readyReplicas: 2 },
    },
    ['x', '2/3', 0, 0, '24h', 'c', 'nginx', 'a=b'],
  ],
  [
    'services',
    {
      metadata: meta,
      spec: { type: 'NodePort', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }] },
    },
    ['x', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP', '24h', '<none>'],
  ],
  [
    'services',
    { metadata: meta, spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], ports: [] }, status: {} },
    ['x', 'LoadBalancer', '10.0.0.1', '<pending>', '<none>', '24h', '<none>'],
  ],
  [
    'endpoints',
    {
      metadata: meta,
      subsets: [{ addresses: [1, 2, 3, 4].map((n) => ({ ip: `1.1.1.${n}` })), ports: [{ port: 80 }] }],
    },
    ['x', '1.1.1.1:80,1.1.1.2:80,1.1.1.3:80 + 1 more...', '24h'],
  ],
  [
    'nodes',
    {
      metadata: { ...meta, labels: { 'node-role.kubernetes.io/control-plane': '' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.2' }],
        nodeInfo: { kubeletVersion: 'v1.36.3', kernelVersion: '6.1', architecture: 'amd64' },
      },
    },
    [
      'x',
      'Ready,SchedulingDisabled',
      'control-plane',
      '24h',
      'v1.36.3',
      '10.0.0.2',
      '<none>',
      '<unknown>',
      '6.1 (amd64)',
      '<unknown>',
    ],
  ],
  [
    'batch/v1/jobs',
    {
      metadata: meta,
      spec: { completions: 1, template },
      status: {
        succeeded: 1,
        startTime: creationTimestamp,
        completionTime: '2026-01-01T00:00:07Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    },
    ['x', 'Complete', '1/1', '7s', '24h', 'c', 'nginx', '<none>'],
  ],
  [
    'events',
    {
      metadata: meta,
      involvedObject: { kind: 'Pod', name: 'p' },
      source: { component: 'kubelet', host: 'n' },
      type: 'Normal',
      reason: 'Started',
      message: ' Started \n',
      lastTimestamp: '2026-01-01T23:59:00Z',
      firstTimestamp: creationTimestamp,
      count: 4,
    },
    ['60s', 'Normal', 'Started', 'pod/p', '', 'kubelet, n', 'Started', '24h', 4, 'x'],
  ],
  [
    'persistentvolumeclaims',
    {
      metadata: meta,
      spec: { volumeName: 'v', storageClassName: 's', volumeMode: 'Filesystem' },
      status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
    },
    ['x', 'Bound', 'v', '1Gi', 'RWO,RWX', 's', '<unset>', '24h', 'Filesystem'],
  ],
  [
    'autoscaling/v2/horizontalpodautoscalers',
    {
      metadata: meta,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
      },
    },
    ['x', 'Deployment/d', 'cpu: <unknown>/80%', '<unset>', 3, 0, '24h'],
  ],
];

for (const [id, object, cells] of ROWS) {
  test(`a row of ${id}: ${cells[1]}`, () => {
    assert.deepEqual(definitionOf(id).cells(object as AnyObject, { now }), cells);
  });
}

test('every kind has a cell for each of its columns, even with nothing but a name', () => {
  for (const definition of builtinDefinitions()) {
    const object: AnyObject = { metadata: { name: 'x' } };
    definition.setDefaults(object);
    // Upstream prints the age of an address, but has no column for it.
    const cells = definition.columns.length + (definition.kind === 'IPAddress' ? 1 : 0);
    assert.equal(definition.cells(object, { now }).length, cells, definition.kind);
  }
});

test('every kind has a row even for a bookmark, of which nothing is said', () => {
  for (const definition of builtinDefinitions()) {
    const object = zeroObject(definition.schema, builtinSchema) as AnyObject;
    assert.doesNotThrow(() => definition.cells(object, { now }), definition.kind);
  }
});

const DURATIONS: [seconds: number, text: string][] = [
  [-2, '<invalid>'],
  [-0.5, '0s'],
  [119, '119s'],
  [120, '2m'],
  [599, '9m59s'],
  [179 * 60, '179m'],
  [180 * 60, '3h'],
  [47 * 3600, '47h'],
  [48 * 3600, '2d'],
  [7 * 86400 + 3600, '7d1h'],
  [729 * 86400, '729d'],
  [730 * 86400, '2y'],
  [3000 * 86400, '8y'],
];

for (const [seconds, text] of DURATIONS) {
  test(`${seconds} seconds are told as ${text}`, () => assert.equal(humanDuration(seconds), text));
}
