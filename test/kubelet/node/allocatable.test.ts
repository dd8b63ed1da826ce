import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_EVICTION_HARD, thresholdsOf } from '../../../src/kubelet/eviction/thresholds.ts';
import {
  allocatableOf,
  capacityOf,
  podsCgroupSettings,
  reservationProblem,
} from '../../../src/kubelet/node/allocatable.ts';
import { kubeletConfiguration } from '../../../src/kubelet/node/configuration.ts';
import type { Machine } from '../../../src/kubelet/node/machine.ts';
import { nodeLabels, nodeStatus } from '../../../src/kubelet/node/node-object.ts';
import { DEFAULT_NODE_SETTINGS, type NodeSettings } from '../../../src/kubelet/node/node-settings.ts';

const GIBIBYTE = 1024 ** 3;
const machine = (change: Partial<Machine> = {}): Machine => ({
  cpus: 4,
  memoryBytes: 8 * GIBIBYTE,
  diskBytes: 100 * GIBIBYTE,
  maxPids: 30_000,
  hugePages: [],
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6.1',
  osImage: 'Debian',
  architecture: 'amd64',
  ...change,
});
const settings = (change: Partial<NodeSettings> = {}): NodeSettings => ({ ...DEFAULT_NODE_SETTINGS, ...change });

describe('what pods may have', () => {
  test('is all but what evictions keep free', () => {
    assert.deepEqual(allocatableOf(machine(), settings()), {
      cpu: '4',
      'ephemeral-storage': '90Gi',
      memory: '8092Mi',
      pods: '110',
    });
  });

  test('is less by what is reserved', () => {
    const reserved = {
      kubeReserved: { cpu: '500m', memory: '1Gi', pid: '1000' },
      systemReserved: { cpu: '250m', 'ephemeral-storage': '10Gi' },
    };
    const found = allocatableOf(machine(), settings(reserved));
    assert.deepEqual([found.cpu, found.memory, found['ephemeral-storage']], ['3250m', '7068Mi', '80Gi']);
    assert.deepEqual(podsCgroupSettings(machine(), settings(reserved)), {
      cpuShares: 3328,
      memoryLimitBytes: 7 * GIBIBYTE,
      pidsLimit: 29_000,
    });
  });

  test('huge pages are told by size, and are no other memory', () => {
    const pages = machine({
      hugePages: [
        { size: 2 * 1024 ** 2, bytes: GIBIBYTE },
        { size: GIBIBYTE, bytes: 0 },
      ],
    });
    const { 'hugepages-2Mi': small, 'hugepages-1Gi': large } = capacityOf(pages, settings());
    assert.deepEqual([small, large], ['1Gi', '0']);
    assert.equal(allocatableOf(pages, settings()).memory, '7068Mi');
  });

  test('soft thresholds keep nothing free', () => {
    const soft = { soft: { 'memory.available': '1Gi' }, softGraceMs: { 'memory.available': 1 } };
    const eviction = { ...DEFAULT_NODE_SETTINGS.eviction, thresholds: thresholdsOf({ hard: {}, ...soft }) };
    assert.equal(allocatableOf(machine(), settings({ eviction })).memory, '8Gi');
  });

  test('more reserved than there is, is a problem', () => {
    assert.equal(reservationProblem(machine(), settings()), undefined);
    assert.equal(
      reservationProblem(machine(), settings({ systemReserved: { memory: '16Gi' } })),
      'invalid Node Allocatable configuration. Resource "memory" has a reservation of 16Gi but capacity of 8Gi. Expected capacity >= reservation.',
    );
  });
});

describe("the node's status", () => {
  const input = {
    nodeName: 'n',
    addresses: ['192.0.2.1'],
    port: 10250,
    machine: machine(),
    runtimeVersion: 'x://1',
    labels: {},
    settings: settings(),
  };
  const statusOf = (change: object, ready = { ok: true, message: '' }) =>
    nodeStatus(
      { ...input, ...change },
      { now: 't', ready, images: [{ names: ['1', '2', '3', '4', '5', '6'], sizeBytes: 1 }] },
    );
  test('the node is called by its name, also where the machine has another', () => {
    const addresses = [
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'n' },
    ];
    assert.deepEqual(statusOf({}).addresses, addresses);
    assert.equal(nodeLabels({ ...input, labels: {} })['kubernetes.io/hostname'], 'n');
  });

  const conditions = (...args: Parameters<typeof statusOf>) =>
    Object.fromEntries(
      (statusOf(...args).conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
    );

  test('says that there is enough of all', () => {
    assert.deepEqual(conditions({}), {
      MemoryPressure: 'False KubeletHasSufficientMemory',
      DiskPressure: 'False KubeletHasNoDiskPressure',
      PIDPressure: 'False KubeletHasSufficientPID',
      Ready: 'True KubeletReady',
    });
  });
  test('says what is short, and why it is not ready', () => {
    const pressures = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure']);
    assert.deepEqual(conditions({ pressures, notReady: 'node is shutting down' }), {
      MemoryPressure: 'True KubeletHasInsufficientMemory',
      DiskPressure: 'True KubeletHasDiskPressure',
      PIDPressure: 'True KubeletHasInsufficientPID',
      Ready: 'False KubeletNotReady',
    });
    assert.equal(conditions({}, { ok: false, message: 'down' }).Ready, 'False KubeletNotReady');
  });
  test('names an image by five names at most', () => {
    assert.deepEqual(statusOf({}).images, [{ names: ['1', '2', '3', '4', '5'], sizeBytes: 1 }]);
  });
});

test('the settings as a KubeletConfiguration', () => {
  const thresholds = thresholdsOf({
    hard: DEFAULT_EVICTION_HARD,
    soft: { 'memory.available': '500Mi' },
    softGraceMs: { 'memory.available': 90_000 },
    minReclaim: { 'nodefs.available': '1Gi' },
  });
  const eviction = { thresholds, pressureTransitionMs: 300_000, maxPodGraceSeconds: 30 };
  const shutdown = { graceMs: 3_600_000, criticalMs: 10_000 };
  const told = kubeletConfiguration(settings({ eviction, shutdown }), { port: 10250, cgroupRoot: '/tsukube' });
  assert.deepEqual(told.evictionHard, DEFAULT_EVICTION_HARD);
  assert.deepEqual(told.evictionSoft, { 'memory.available': '500Mi' });
  assert.deepEqual(told.evictionSoftGracePeriod, { 'memory.available': '1m30s' });
  assert.deepEqual(told.evictionMinimumReclaim, { 'nodefs.available': '1Gi' });
  assert.deepEqual(
    [told.imageMinimumGCAge, told.shutdownGracePeriod, told.shutdownGracePeriodCriticalPods, told.podPidsLimit],
    ['2m0s', '1h0m0s', '10s', 4096],
  );
});
