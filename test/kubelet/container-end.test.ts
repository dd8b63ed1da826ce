// How containers are stopped: the grace that hooks, turns and signals share.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '../../src/api/types/core/v1.ts';
import { createContainerStopper } from '../../src/kubelet/container-stopper.ts';
import type { ContainerStatus } from '../../src/kubelet/cri/runtime.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';

/** Containers that end `latency` seconds after their signal; every call is noted with its second. */
function bed(spec: Partial<Pod['spec']>, latency: Record<string, number> = {}) {
  const clock = fakeClock();
  const began = clock.monotonic();
  const log: string[] = [];
  const note = (what: string) => log.push(`${Math.round((clock.monotonic() - began) / 1000)} ${what}`);
  const ends = new Map<string, () => void>();
  const stopper = createContainerStopper({
    clock,
    events: { event: (_, __, reason, message) => void note(`${reason} ${message}`) },
    runtime: {
      async stopContainer(id: string, grace: number) {
        note(`stop ${id} ${grace}`);
        const takes = Math.min(latency[id] ?? 0, grace);
        const { promise, resolve } = Promise.withResolvers<void>();
        const end = () => {
          note(`ended ${id}`);
          resolve();
        };
        ends.get(id)?.();
        ends.set(id, resolve);
        clock.after(takes * 1000, end);
        await promise;
      },
      async execSync(id: string, command: readonly string[]) {
        note(`exec ${id}`);
        await new Promise<void>((resolve) => void clock.after(Number(command[0]) * 1000, resolve));
        return { exitCode: Number(command[1] ?? 0), stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
      },
    } as never,
  });
  const pod = podObject('p', { spec });
  const status = (name: string) => ({ id: name, name, state: 'running' }) as ContainerStatus;
  return { clock, log, pod, status, stopper };
}

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, ...more });
const preStop = (...command: string[]) => ({ lifecycle: { preStop: { exec: { command } } } });

test('a hook and the signal share one grace period', async () => {
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', preStop('4'))] });
  const done = stopper.stop({ pod, status: status('a'), graceSeconds: 10, host: '' });
  await clock.advance(4000);
  await done;
  assert.deepEqual(log, ['0 Killing Stopping container a', '0 exec a', '4 stop a 6', '4 ended a']);
});

test('a hook that uses everything up leaves two seconds', async () => {
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', preStop('60'))] }, { a: 60 });
  const done = stopper.stop({ pod, status: status('a'), graceSeconds: 5, host: '' });
  await clock.advance(7000);
  await done;
  assert.deepEqual(log.slice(1), ['0 exec a', '5 stop a 2', '7 ended a']);
});

test('a hook that fails is told and does not hold anything up', async () => {
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', preStop('1', '3'))] });
  const done = stopper.stop({ pod, status: status('a'), graceSeconds: 5, host: '' });
  await clock.advance(1000);
  await done;
  assert.deepEqual(log.slice(2), ['1 FailedPreStopHook PreStopHook failed', '1 stop a 4', '1 ended a']);
});

test('a sleeping hook ends with its time', async () => {
  const lifecycle = { preStop: { sleep: { seconds: 3 } } };
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', { lifecycle })] });
  const done = stopper.stop({ pod, status: status('a'), graceSeconds: 30, host: '' });
  await clock.advance(3000);
  await done;
  assert.deepEqual(log.slice(1), ['3 stop a 27', '3 ended a']);
});

test('a hook that sleeps longer than there is time has not failed', async () => {
  const lifecycle = { preStop: { sleep: { seconds: 300 } } };
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', { lifecycle })] });
  const done = stopper.stop({ pod, status: status('a'), graceSeconds: 5, host: '' });
  await clock.advance(5000);
  await done;
  assert.deepEqual(log.slice(1), ['5 stop a 2', '5 ended a']);
});

test('all hooks run at once; sidecars get their signal after the others, the last one first', async () => {
  const sidecar = (name: string) => container(name, { restartPolicy: 'Always', ...preStop('1') });
  const { clock, log, pod, status, stopper } = bed(
    { initContainers: [sidecar('s1'), sidecar('s2')], containers: [container('a', preStop('1'))] },
    { a: 3, s2: 2, s1: 1 },
  );
  const done = stopper.stopAll(pod, ['s1', 'a', 's2'].map(status), { graceSeconds: 30, host: '' });
  await clock.advance(10_000);
  await done;
  assert.deepEqual(
    log.filter((line) => !line.includes('Killing')),
    [
      '0 exec a',
      '0 exec s2',
      '0 exec s1',
      '1 stop a 29',
      '4 ended a',
      '4 stop s2 26',
      '6 ended s2',
      '6 stop s1 24',
      '7 ended s1',
    ],
  );
});

test('a sidecar does not wait for its turn beyond the grace period', async () => {
  const { clock, log, pod, status, stopper } = bed(
    { initContainers: [container('s', { restartPolicy: 'Always' })], containers: [container('a')] },
    { a: 60 },
  );
  const done = stopper.stopAll(pod, ['a', 's'].map(status), { graceSeconds: 5, host: '' });
  await clock.advance(7000);
  await done;
  assert.deepEqual(log.slice(2).toSorted(), ['0 stop a 5', '5 ended a', '5 ended s', '5 stop s 2']);
});

test('a second order shortens a hook, and a signal that was sent', async () => {
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a', preStop('60'))] }, { a: 60 });
  const order = { pod, status: status('a'), host: '' };
  const first = stopper.stop({ ...order, graceSeconds: 100 });
  await clock.advance(10_000);
  const second = stopper.stop({ ...order, graceSeconds: 20 });
  await clock.advance(20_000);
  assert.deepEqual(log.slice(2), ['30 stop a 2']);
  await clock.advance(2000);
  await Promise.all([first, second]);
  assert.deepEqual(log.slice(3), ['32 ended a']);
});

test('a longer second order changes nothing', async () => {
  const { clock, log, pod, status, stopper } = bed({ containers: [container('a')] }, { a: 8 });
  const order = { pod, status: status('a'), host: '' };
  const both = [stopper.stop({ ...order, graceSeconds: 5 }), stopper.stop({ ...order, graceSeconds: 50 })];
  await clock.advance(5000);
  await Promise.all(both);
  assert.deepEqual(log, ['0 Killing Stopping container a', '0 stop a 5', '5 ended a']);
});
