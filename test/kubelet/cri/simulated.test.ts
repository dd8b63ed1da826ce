// What the conformance list cannot ask of the simulated runtime: what happens to a container while it starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedRuntime } from '../../../src/kubelet/cri/simulated/runtime.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { containerConfig, sandboxConfig } from './configs.ts';

async function starting() {
  const clock = fakeClock();
  const container = () => ({ startLatencyMs: 100 });
  const runtime = createSimulatedRuntime({ clock, script: { images: [{ reference: 'busybox:1.36' }], container } });
  const sandbox = await runtime.runSandbox(sandboxConfig('web'));
  const id = await runtime.createContainer(containerConfig(sandbox.id, 'main'));
  const refused = assert.rejects(runtime.startContainer(id), {
    reason: 'RunContainerError',
    message: 'container main ended while it was started',
  });
  return { clock, runtime, id, refused };
}

test('one that ends while it starts does not run', async () => {
  const { clock, runtime, id, refused } = await starting();
  runtime.crash(id, 1);
  await clock.advance(100);
  await refused;
  assert.equal((await runtime.containerStatus(id))?.state, 'exited');
});

test('one that is removed while it starts is not told as started', async () => {
  const { clock, runtime, id, refused } = await starting();
  await runtime.removeContainer(id);
  const stop = new AbortController();
  const events = runtime.events(stop.signal)[Symbol.asyncIterator]();
  const next = events.next();
  await clock.advance(100);
  await refused;
  stop.abort();
  assert.deepEqual(await next, { value: undefined, done: true });
});
