// Parts of a pod's status as functions of what is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../../../src/api/types/core/v1.ts';
import type { ContainerStatus as RuntimeStatus } from '../../../src/kubelet/cri/runtime.ts';
import { type PodRecord, recordOf } from '../../../src/kubelet/pod-record.ts';
import { finalStates } from '../../../src/kubelet/status/final-states.ts';
import { podResources } from '../../../src/kubelet/status/pod-resources.ts';
import { podStatus } from '../../../src/kubelet/status/pod-status.ts';
import { podObject } from '../../support/objects.ts';

const sized = (requests?: Record<string, string>, limits?: Record<string, string>): Container => ({
  name: 'main',
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
});

for (const { what, spec, phase, expected } of [
  { what: 'best effort', spec: { containers: [sized()] }, phase: 'Running', expected: { resources: {} } },
  {
    what: 'pending: as it was written',
    spec: { containers: [sized({ cpu: '0.5', memory: '64Mi' }, { memory: '128Mi' })] },
    phase: 'Pending',
    expected: {
      allocatedResources: { cpu: '500m', memory: '64Mi' },
      resources: { limits: { memory: '128Mi' }, requests: { cpu: '500m', memory: '64Mi' } },
    },
  },
  {
    what: 'running: as the kernel has it',
    spec: { containers: [sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m', memory: '128Mi' })] },
    phase: 'Running',
    expected: {
      allocatedResources: { cpu: '100m', memory: '64Mi' },
      resources: { limits: { cpu: '200m', memory: '128Mi' }, requests: { cpu: '100m', memory: '64Mi' } },
    },
  },
  {
    what: 'running, limited by itself',
    spec: { containers: [sized({ cpu: '100m' })], resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } },
    phase: 'Running',
    expected: { allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '2' }, requests: { cpu: '1' } } },
  },
] as { what: string; spec: PodSpec; phase: 'Pending' | 'Running'; expected: object }[]) {
  test(`resources of a whole pod: ${what}`, () => {
    const pod: Pod = { ...podObject('p', { spec }), status: { phase } };
    assert.deepEqual(podResources(pod), expected);
  });
}

const waiting = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name, state: { waiting: { reason: 'PodInitializing' } }, ...more }) as ContainerStatus;
const ended = (name: string, exitCode: number): ContainerStatus =>
  ({ name, state: { terminated: { exitCode } } }) as ContainerStatus;
const codes = (statuses: readonly ContainerStatus[]) => statuses.map((s) => s.state?.terminated?.exitCode);

for (const { what, init, regular, told = {}, expected } of [
  { what: 'no init containers: what never ran is lost', init: [], regular: [waiting('a')], expected: [[], [137]] },
  {
    what: 'never initialized: the first init container is lost, the others wait',
    init: [waiting('i1'), waiting('i2')],
    regular: [waiting('a')],
    expected: [[137, undefined], [undefined]],
  },
  {
    what: 'those before the last that began are lost',
    init: [waiting('i1'), ended('i2', 1)],
    regular: [waiting('a')],
    expected: [[137, 1], [undefined]],
  },
  {
    what: 'initialized, as the API knows',
    init: [ended('i1', 0), ended('i2', 0)],
    regular: [waiting('a'), ended('b', 3)],
    told: { initContainerStatuses: [ended('i1', 0), ended('i2', 0)] },
    expected: [
      [0, 0],
      [137, 3],
    ],
  },
] as { what: string; init: ContainerStatus[]; regular: ContainerStatus[]; told?: PodStatus; expected: unknown }[]) {
  test(`when a pod has ended: ${what}`, () => {
    const initContainers = init.map(({ name }) => ({ name }));
    const pod: Pod = { ...podObject('p', { spec: { containers: [], initContainers } }), status: told };
    const final = finalStates(pod, { init, regular });
    assert.deepEqual([codes(final.init), codes(final.regular)], expected);
  });
}

const statusOf = (pod: Pod, more: Partial<Parameters<typeof podStatus>[0]> = {}) =>
  podStatus({
    pod,
    record: recordOf([], []),
    old: {},
    waiting: new Map(),
    readiness: { hasStarted: () => true, isReady: () => true },
    terminationMessages: new Map(),
    actuated: { containers: {} },
    engine: 'simulated',
    resizeConditions: [],
    hostIPs: ['192.0.2.1'],
    now: '2026-01-01T00:00:00Z',
    terminal: false,
    ...more,
  });

test('a pod on the host network has its address from the beginning, and keeps it', () => {
  const pod = podObject('p', { spec: { hostNetwork: true, containers: [{ name: 'main' }] } });
  assert.equal(statusOf(pod).podIP, '192.0.2.1');
  assert.equal(statusOf(pod, { old: { podIPs: [{ ip: '192.0.2.9' }] } }).podIP, '192.0.2.9');
});

test('a pod that the node gives up says so once it has failed', () => {
  const pod = podObject('p', { spec: { restartPolicy: 'Always', containers: [{ name: 'main' }] } });
  const disruption = { reason: 'TerminationByKubelet', message: 'short of memory' };
  const failure = { reason: 'Evicted', message: 'The node was low on resource: memory.', disruption };
  const status = statusOf(pod, { failure, terminal: true });
  assert.deepEqual([status.phase, status.reason, status.message], ['Failed', 'Evicted', failure.message]);
  const condition = status.conditions?.find((c) => c.type === 'DisruptionTarget');
  assert.deepEqual(
    [condition?.status, condition?.reason, condition?.message],
    ['True', disruption.reason, disruption.message],
  );
});

/** A container of pod `p` as the runtime has it. */
const ran = (name: string, more: Partial<RuntimeStatus> = {}): RuntimeStatus => ({
  id: name,
  sandboxId: 's',
  name,
  attempt: 0,
  pod: { namespace: 'default', name: 'p', uid: 'uid-p' },
  state: 'running',
  createdAt: 1000,
  startedAt: 1000,
  finishedAt: 0,
  oomKilled: false,
  image: 'example',
  imageId: 'sha256:1',
  logPath: '',
  labels: {},
  ...more,
});

test('a pod that is about to restart all its containers has not failed with those that are stopped for it', () => {
  const pod = podObject('p', {
    spec: {
      restartPolicy: 'Never',
      initContainers: [
        {
          name: 'watcher',
          restartPolicy: 'Always',
          restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }],
        },
      ],
      containers: [{ name: 'main' }],
    },
  });
  const record = recordOf(
    [],
    [ran('watcher', { state: 'exited', exitCode: 88 }), ran('main', { state: 'exited', exitCode: 137 })],
  );
  const restarting: PodStatus = {
    phase: 'Running',
    conditions: [{ type: 'AllContainersRestarting', status: 'True' }],
  };
  assert.equal(statusOf(pod, { record, old: restarting }).phase, 'Running');
  assert.equal(statusOf(pod, { record, old: { phase: 'Running' } }).phase, 'Failed');
  assert.equal(statusOf(pod, { record, old: restarting, terminal: true }).phase, 'Failed');
});

test('whom a container began as is told, and kept when the runtime forgets it', () => {
  const pod = podObject('p', { spec: { containers: [{ name: 'main' }] } });
  const record = (more: Partial<RuntimeStatus>) => recordOf([], [ran('main', more)]);
  const first = statusOf(pod, { record: record({ user: { uid: 7, gid: 8, supplementalGroups: [8, 9] } }) });
  const user = { linux: { uid: 7, gid: 8, supplementalGroups: [8, 9] } };
  assert.deepEqual(first.containerStatuses?.[0]?.user, user);
  assert.deepEqual(statusOf(pod, { record: record({}), old: first }).containerStatuses?.[0]?.user, user);
  const another = statusOf(pod, { record: record({ id: 'next', attempt: 1 }), old: first });
  assert.equal(another.containerStatuses?.[0]?.user, undefined);
  const alone = statusOf(pod, { record: record({ user: { uid: 0, gid: 0, supplementalGroups: [] } }) });
  assert.deepEqual(alone.containerStatuses?.[0]?.user, { linux: { uid: 0, gid: 0 } });
});

test('the image of a container is told by its full name once the runtime has it', () => {
  const pod = podObject('p', { spec: { containers: [{ name: 'main', image: 'nginx' }] } });
  const imageOf = (record: PodRecord) => statusOf(pod, { record }).containerStatuses?.[0]?.image;
  assert.equal(imageOf(recordOf([], [])), 'nginx');
  assert.equal(imageOf(recordOf([], [ran('main', { image: 'nginx' })])), 'docker.io/library/nginx:latest');
});

test('a pod that was refused stays as it was told when the kubelet starts again', () => {
  const refused: PodStatus = { phase: 'Failed', reason: 'SysctlForbidden', message: 'm', qosClass: 'BestEffort' };
  assert.deepEqual(statusOf(podObject('p'), { record: recordOf([], []), old: refused, terminal: true }), refused);
});
