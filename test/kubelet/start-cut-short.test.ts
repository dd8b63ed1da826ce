// A container whose start was cut short, by the end of a server or of the runtime, and may come about yet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuntimeError } from '../../src/kubelet/cri/runtime.ts';
import { withKubelet } from './kubelet-bed.ts';

test('is taken away before another one is made, and counts as no restart', () =>
  withKubelet({}, async ({ clock, runtime, put, container, start, until }) => {
    runtime.failNext('startContainer', new RuntimeError('RunContainerError', 'containerd has ended'));
    await start();
    put('web');
    await until('the failed start', () => container('web', 'main')?.state?.waiting?.reason === 'RunContainerError');
    const [first] = await runtime.listContainers();
    assert.equal(first?.state, 'created');
    await clock.advance(10_000);
    await until('it runs', () => container('web', 'main')?.state?.running);
    const [second, ...others] = await runtime.listContainers();
    assert.notEqual(second?.id, first?.id);
    assert.deepEqual(others, []);
    assert.equal(container('web', 'main')?.restartCount, 0);
  }));

test('is tried again when it cannot be taken away', () =>
  withKubelet({}, async ({ clock, runtime, put, container, start, until }) => {
    const reason = () => container('web', 'main')?.state?.waiting?.reason;
    runtime.failNext('startContainer', new RuntimeError('RunContainerError', 'containerd has ended'));
    runtime.failNext('removeContainer', new RuntimeError('RemoveContainerError', 'containerd is not back'));
    await start();
    put('web');
    await until('the failed start', () => reason() === 'RunContainerError');
    await clock.advance(10_000);
    await until('the failed removal', () => reason() === 'RemoveContainerError');
    assert.equal((await runtime.listContainers()).length, 1);
    await clock.advance(10_000);
    await until('it runs', () => container('web', 'main')?.state?.running);
    assert.equal((await runtime.listContainers()).length, 1);
  }));
