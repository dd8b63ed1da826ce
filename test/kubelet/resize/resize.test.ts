// In-place resize: a changed spec is granted when there is room, and brought to the containers that run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '../../../src/api/types/core/v1.ts';
import { RuntimeError } from '../../../src/kubelet/cri/runtime.ts';
import { shortageOf } from '../../../src/kubelet/resize/fit.ts';
import { lower, memoryTooLow } from '../../../src/kubelet/resize/resize-actions.ts';
import { podObject } from '../../support/objects.ts';
import { condition, type KubeletBed, withKubelet } from '../kubelet-bed.ts';

const sized = (cpu: string, memory: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: 'example',
  imagePullPolicy: 'IfNotPresent',
  resources: { requests: { cpu, memory }, limits: { cpu, memory } },
  ...more,
});

async function running(bed: KubeletBed, container: Container, name = 'web'): Promise<void> {
  bed.put(name, { spec: { containers: [container] } });
  await bed.until('running', () => bed.container(name, 'main')?.state?.running);
}

const resize = (bed: KubeletBed, container: Container, name = 'web') =>
  bed.api.change<Pod>('pods', 'default', name, (pod) => {
    (pod.spec as { containers: Container[] }).containers = [container];
    pod.metadata.generation = (pod.metadata.generation ?? 1) + 1;
  });

const limits = async (bed: KubeletBed) => {
  const [container] = await bed.runtime.listContainers();
  return { quota: container?.resources?.cpuQuota, memory: container?.resources?.memoryLimitBytes };
};

test('limits of a running container change, and the status follows', () =>
  withKubelet({ container: () => ({ stats: () => ({ memory: { usageBytes: 1 } as never }) }) }, async (bed) => {
    await bed.start();
    await running(bed, sized('100m', '64Mi'));
    const id = bed.container('web', 'main')?.containerID;
    resize(bed, sized('200m', '32Mi'));
    await bed.until('done', () => bed.told.some((t) => t.startsWith('Normal ResizeCompleted')));
    assert.deepEqual(await limits(bed), { quota: 20_000, memory: 32 * 1024 ** 2 });
    await bed.until('told', () => bed.container('web', 'main')?.resources?.limits?.cpu === '200m');
    assert.deepEqual(bed.container('web', 'main')?.allocatedResources, { cpu: '200m', memory: '32Mi' });
    assert.equal(bed.container('web', 'main')?.containerID, id);
    assert.equal(bed.container('web', 'main')?.restartCount, 0);
    assert.notEqual(condition(bed.pod('web'), 'PodResizeInProgress')?.status, 'True');
    const resources = { requests: { cpu: '200m', memory: '32Mi' }, limits: { cpu: '200m', memory: '32Mi' } };
    const summary = JSON.stringify({ containers: [{ name: 'main', resources }], generation: 2 });
    assert.deepEqual(bed.told.slice(-2), [
      `Normal ResizeStarted Pod resize started: ${summary}`,
      `Normal ResizeCompleted Pod resize completed: ${summary}`,
    ]);
    const seen = bed.api.states<Pod>('pods').map((pod) => condition(pod, 'PodResizeInProgress')?.observedGeneration);
    assert.ok(seen.includes(2));
  }));

test('a container whose policy says so is started anew with its new size', () =>
  withKubelet({}, async (bed) => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    await bed.start();
    await running(bed, sized('100m', '64Mi', { resizePolicy }));
    resize(bed, sized('100m', '128Mi', { resizePolicy }));
    await bed.until('again', () => bed.container('web', 'main')?.restartCount === 1);
    await bed.until('told', () => bed.container('web', 'main')?.resources?.limits?.memory === '128Mi');
    assert.ok(bed.told.includes('Normal Killing Container main resize requires restart'));
    assert.equal((await bed.runtime.listContainers()).at(-1)?.resources?.memoryLimitBytes, 128 * 1024 ** 2);
  }));

test('a resize for which there is no room waits until another pod is gone', () =>
  withKubelet({}, async (bed) => {
    await bed.start();
    await running(bed, sized('10m', '1Mi'), 'other');
    await running(bed, sized('10m', '1Mi'));
    const huge = '100000';
    resize(bed, sized(huge, '1Mi'));
    await bed.until('waits', () => condition(bed.pod('web'), 'PodResizePending')?.reason === 'Deferred');
    const pending = condition(bed.pod('web'), 'PodResizePending');
    assert.match(
      pending?.message ?? '',
      /^Node didn't have enough resource: cpu, requested: 100000000, used: 10, capacity: \d+$/,
    );
    assert.equal(pending?.observedGeneration, 2);
    assert.match(
      bed.told.at(-1) ?? '',
      /^Warning ResizeDeferred Pod resize OutOfcpu: \{"containers":.*"error":"Node didn't/,
    );
    assert.deepEqual(bed.container('web', 'main')?.allocatedResources, { cpu: '10m', memory: '1Mi' });
    resize(bed, sized('20m', '1Mi'));
    await bed.until('granted', () => bed.container('web', 'main')?.allocatedResources?.cpu === '20m');
    await bed.until('not pending', () => condition(bed.pod('web'), 'PodResizePending')?.status !== 'True');
  }));

test('a memory limit below what is used is an error that is tried again', () => {
  let usageBytes = 48 * 1024 ** 2;
  return withKubelet({ container: () => ({ stats: () => ({ memory: { usageBytes } as never }) }) }, async (bed) => {
    await bed.start();
    await running(bed, sized('100m', '64Mi'));
    resize(bed, sized('100m', '32Mi'));
    await bed.until('error', () => condition(bed.pod('web'), 'PodResizeInProgress')?.reason === 'Error');
    const message = `cannot decrease memory limits: attempting to set container "main" memory limit (33554432) below current usage (50331648)`;
    assert.equal(condition(bed.pod('web'), 'PodResizeInProgress')?.message, message);
    assert.equal(bed.container('web', 'main')?.resources?.limits?.memory, '64Mi');
    assert.ok(bed.told.some((t) => t.startsWith('Warning ResizeError Pod resize error: ')));
    const writes = () => bed.api.requests.filter((request) => request.includes('/pods/web/status')).length;
    const before = writes();
    for (let second = 0; second < 9; second++) {
      usageBytes++;
      await bed.clock.advance(1000);
    }
    assert.equal(writes(), before, 'what stays as it is is not told again');
    usageBytes = 1;
    await bed.clock.advance(10_000);
    await bed.until('done', () => bed.container('web', 'main')?.resources?.limits?.memory === '32Mi');
  });
});

test('a runtime that refuses is told and asked again', () =>
  withKubelet({}, async (bed) => {
    await bed.start();
    await running(bed, sized('100m', '64Mi'));
    bed.runtime.failNext('updateContainer', new RuntimeError('UpdateContainerError', 'no such cgroup'));
    resize(bed, sized('200m', '64Mi'));
    await bed.until('error', () => condition(bed.pod('web'), 'PodResizeInProgress')?.message === 'no such cgroup');
    await bed.clock.advance(10_000);
    await bed.until('done', () => bed.told.some((t) => t.startsWith('Normal ResizeCompleted')));
    const messages = bed.api.states<Pod>('pods').map((pod) => condition(pod, 'PodResizeInProgress')?.message);
    assert.ok(messages.includes('no such cgroup'));
    assert.ok(bed.told.some((t) => /^Warning ResizeError .*"error":"no such cgroup"/.test(t)));
    assert.equal((await limits(bed)).quota, 20_000);
  }));

test('a kubelet that starts anew takes a wish of the meantime for a wish', () =>
  withKubelet({}, async (bed) => {
    const first = await bed.start();
    await running(bed, sized('100m', '64Mi'));
    await first.stop();
    resize(bed, sized('300m', '64Mi'));
    await bed.start();
    await bed.until('done', () => bed.container('web', 'main')?.resources?.limits?.cpu === '300m');
    assert.equal((await limits(bed)).quota, 30_000);
    assert.ok(bed.told.some((t) => t.startsWith('Normal ResizeStarted')));
  }));

test('the room of a node is what others leave', () => {
  const pod = (name: string, cpu: string, memory: string) =>
    podObject(name, { spec: { containers: [sized(cpu, memory)] } });
  const node = { cpu: '2', memory: '1Gi' };
  assert.equal(shortageOf(pod('a', '1500m', '512Mi'), [pod('b', '500m', '512Mi')], node), undefined);
  assert.deepEqual(shortageOf(pod('a', '1501m', '512Mi'), [pod('b', '500m', '512Mi')], node), {
    reason: 'OutOfcpu',
    message: "Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000",
  });
  assert.deepEqual(shortageOf(pod('a', '1', '513Mi'), [pod('b', '500m', '512Mi')], node)?.reason, 'OutOfmemory');
});

test('before the group of the pod grows, containers only shrink', () => {
  const current = { cpuRequest: 100, cpuLimit: 0, memoryRequest: 10, memoryLimit: 20 };
  const wanted = { cpuRequest: 200, cpuLimit: 50, memoryRequest: 5, memoryLimit: 40 };
  assert.deepEqual(lower(current, wanted), { cpuRequest: 100, cpuLimit: 50, memoryRequest: 5, memoryLimit: 20 });
});

test('a limit of memory that nobody can measure is not lowered', () => {
  const amounts = { cpuRequest: 0, cpuLimit: 0, memoryRequest: 0 };
  const update = {
    container: sized('1', '1'),
    status: { id: 'c' } as never,
    current: { ...amounts, memoryLimit: 0 },
    wanted: { ...amounts, memoryLimit: 5 },
  };
  const missing = 'missing container "main" memory usage';
  assert.equal(memoryTooLow([update], new Map()), `cannot decrease memory limits: ${missing}`);
  assert.equal(memoryTooLow([update, update], new Map()), `cannot decrease memory limits: [${missing}, ${missing}]`);
  assert.equal(memoryTooLow([update], new Map([['c', 4]])), undefined);
});
