import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Container, Pod } from '../../src/api/types/core/v1.ts';
import { oomScoreAdj } from '../../src/kubelet/oom-score.ts';
import { podCgroupSettings, runtimeResources } from '../../src/kubelet/resources.ts';
import { podObject } from '../support/objects.ts';

const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;

for (const { what, limits, requests, expected } of [
  { what: 'nothing asked', limits: undefined, requests: undefined, expected: { cpuShares: 2, oomScoreAdj: 1000 } },
  {
    what: 'a request alone',
    limits: undefined,
    requests: { cpu: '250m', memory: '100Mi' },
    expected: { cpuShares: 256, oomScoreAdj: 903 },
  },
  {
    what: 'a limit alone is the request of CPU too, but makes no class before the API has defaulted the pod',
    limits: { cpu: '500m', memory: '64Mi' },
    requests: undefined,
    expected: { cpuShares: 512, cpuQuota: 50_000, memoryLimitBytes: 67_108_864, oomScoreAdj: 999 },
  },
  {
    what: 'less than the kernel takes',
    limits: { cpu: '1m' },
    requests: { cpu: '1m' },
    expected: { cpuShares: 2, cpuQuota: 1000, oomScoreAdj: 999 },
  },
]) {
  test(`cgroup numbers: ${what}`, () => {
    const container: Container = { name: 'main', resources: { limits, requests } as never };
    const pod = podObject('p', { spec: { containers: [container] } });
    assert.deepEqual(runtimeResources(container, pod, 1024 ** 3), expected);
  });
}

test('a container without a limit has the limit of its pod', () => {
  const container: Container = { name: 'main' };
  const resources = { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1', memory: '64Mi' } };
  const pod = podObject('p', { spec: { containers: [container], resources } });
  const { cpuShares, cpuQuota, memoryLimitBytes } = runtimeResources(container, pod, GIBIBYTE);
  assert.deepEqual([cpuShares, cpuQuota, memoryLimitBytes], [1024, 100_000, 64 * MEBIBYTE]);
});

const asks = (name: string, requests?: Record<string, string>, limits?: Record<string, string>): Container => ({
  name,
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
});
const podOf = (spec: Partial<Pod['spec']>): Pod => podObject('p', { spec });

describe('the score for the out-of-memory killer', () => {
  const score = (name: string, spec: Partial<Pod['spec']>) => {
    const pod = podOf(spec);
    const all = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
    return oomScoreAdj(all.find((one) => one.name === name) as Container, pod, GIBIBYTE);
  };

  test('a pod critical for the node is the last to be killed', () => {
    const critical = { priority: 2_000_001_000, priorityClassName: 'system-node-critical' };
    assert.equal(score('a', { containers: [{ name: 'a' }], ...critical }), -997);
    assert.equal(
      score('a', { containers: [{ name: 'a' }], priority: 2_000_001_000 }),
      1000,
      'by its class, not by its number',
    );
  });

  test('a sidecar goes no earlier than the containers that it serves', () => {
    const sidecar: Container = { ...asks('proxy', { memory: '1Mi' }), restartPolicy: 'Always' };
    const containers = [asks('a', { memory: '512Mi' }), asks('b', { memory: '256Mi' })];
    assert.equal(score('proxy', { containers, initContainers: [sidecar] }), 750);
    assert.equal(score('a', { containers, initContainers: [sidecar] }), 500);
  });

  test('what a pod asks for beside its containers is shared by them', () => {
    const resources = { requests: { memory: '512Mi' } };
    assert.equal(score('a', { containers: [asks('a', { memory: '256Mi' }), { name: 'b' }], resources }), 625);
    assert.equal(score('b', { containers: [asks('a', { memory: '256Mi' }), { name: 'b' }], resources }), 875);
  });

  test('it stays between guaranteed and best effort', () => {
    assert.equal(score('a', { containers: [asks('a', { memory: '2Gi' })] }), 3);
    assert.equal(score('a', { containers: [asks('a', { memory: '1' })] }), 999);
  });
});

describe("the pod's control group", () => {
  const settings = (spec: Partial<Pod['spec']>, pidsLimit = -1) => podCgroupSettings(podOf(spec), { pidsLimit });
  const half = { cpu: '500m', memory: '64Mi' };

  test('best effort has the least of the processor, and the pids of the node', () => {
    assert.deepEqual(settings({ containers: [{ name: 'a' }] }, 100), { cpuShares: 2, pidsLimit: 100 });
  });

  test('guaranteed is limited to the sum of its containers, and its overhead', () => {
    const containers = [asks('a', half, half), asks('b', half, half)];
    assert.deepEqual(settings({ containers }), {
      cpuShares: 1024,
      cpuQuota: 100_000,
      memoryLimitBytes: 128 * MEBIBYTE,
    });
    const { memoryLimitBytes } = settings({ containers, overhead: { memory: '2Mi' } });
    assert.equal(memoryLimitBytes, 130 * MEBIBYTE);
  });

  test('burstable is limited only where every container is', () => {
    const some = [asks('a', half, half), asks('b', { cpu: '250m' })];
    assert.deepEqual(settings({ containers: some }), { cpuShares: 768 });
    const memory = [asks('a', half, { memory: '64Mi' }), asks('b', undefined, { memory: '32Mi' })];
    assert.deepEqual(settings({ containers: memory }), { cpuShares: 512, memoryLimitBytes: 96 * MEBIBYTE });
  });

  test('an init container without a limit lifts it, but for one that starts after a limited sidecar', () => {
    const containers = [asks('a', { cpu: '100m' }, half)];
    const sidecar: Container = { ...asks('proxy', undefined, half), restartPolicy: 'Always' };
    assert.equal(settings({ containers, initContainers: [{ name: 'init' }] }).memoryLimitBytes, undefined);
    const after = settings({ containers, initContainers: [sidecar, { name: 'init' }] });
    assert.equal(after.memoryLimitBytes, 128 * MEBIBYTE);
    const before = settings({ containers, initContainers: [{ name: 'init' }, sidecar] });
    assert.equal(before.memoryLimitBytes, undefined);
  });

  test('what the pod asks for itself wins', () => {
    const resources = { requests: { cpu: '2' }, limits: { cpu: '3', memory: '1Gi' } };
    assert.deepEqual(settings({ containers: [{ name: 'a' }], resources }), {
      cpuShares: 2048,
      cpuQuota: 300_000,
      memoryLimitBytes: GIBIBYTE,
    });
  });
});
