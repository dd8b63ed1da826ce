import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus } from '../../src/kubelet/cri/runtime.ts';
import { recordOf } from '../../src/kubelet/pod-record.ts';
import { createPodState, type PodFailure } from '../../src/kubelet/pod-state.ts';
import { createPodTermination } from '../../src/kubelet/pod-termination.ts';
import { silentLogger } from '../../src/log.ts';
import { podObject } from '../support/objects.ts';

/** The end of a pod whose runtime has the containers of `later` once what is being made is there. */
function bed({ grace = 30, failure, stopError }: { grace?: number; failure?: PodFailure; stopError?: Error } = {}) {
  const pod = podObject('p', { spec: { terminationGracePeriodSeconds: grace, containers: [{ name: 'main' }] } });
  const state = { ...createPodState(pod), ...(failure ? { failure } : {}) };
  const log: string[] = [];
  const running = { id: 'c', name: 'main', state: 'running' } as ContainerStatus;
  let made: ContainerStatus[] = [];
  const note = (what: string) => async () => void log.push(what);
  const termination = createPodTermination({
    state,
    client: {} as never,
    runtime: {
      removeContainer: note('remove'),
      removeSandbox: note('remove'),
      stopSandbox: note('stop sandbox'),
    } as never,
    log: silentLogger,
    events: { event: (_, __, reason, message) => void log.push(`${reason} ${message}`) },
    stopper: {
      stop: async () => undefined,
      async stopAll(_, containers, at) {
        log.push(`stop ${containers.map((c) => c.id)} ${at.graceSeconds}`);
        if (stopError) throw stopError;
      },
    },
    report: {
      read: async () => recordOf([], made),
      tell: async () => recordOf([], made),
      podIPs: () => [],
      forget: () => undefined,
    } as never,
    prober: {} as never,
    writer: {} as never,
    volumes: { unmount: note('unmount') } as never,
    wakeUps: { in: () => undefined, cancel: () => undefined },
  });
  const make = async () => {
    made = [running];
  };
  return { log, make, running, state, termination };
}

test('a pod that fails while a container is being made stops that one too', async () => {
  const { log, make, state, termination } = bed();
  const creating = Promise.withResolvers<void>();
  state.held = creating.promise.then(make);
  const finished = termination.finish(recordOf([], []));
  creating.resolve();
  await finished;
  assert.deepEqual(log, ['stop c 30', 'unmount']);
  assert.ok(state.isDone);
});

test('a container that was not made in the end does not keep its pod', async () => {
  const { log, state, termination } = bed();
  state.held = Promise.reject(new Error('told where it was started'));
  await termination.finish(recordOf([], []));
  assert.deepEqual(log, ['stop  30', 'unmount']);
});

test('the shortest grace that was asked for counts, and one second is the least', () => {
  const failure = { reason: 'Evicted', message: 'm', graceSeconds: 5 };
  const { state, termination } = bed({ failure });
  assert.equal(termination.graceSeconds(), 5);
  state.pod = { ...state.pod, metadata: { ...state.pod.metadata, deletionGracePeriodSeconds: 3 } };
  assert.equal(termination.graceSeconds(), 3);
  state.pod = { ...state.pod, metadata: { ...state.pod.metadata, deletionGracePeriodSeconds: 0 } };
  assert.equal(termination.graceSeconds(), 1);
  assert.equal(bed({ grace: 0 }).termination.graceSeconds(), 1);
});

test('containers that do not stop are told, and the pod has not ended', async () => {
  const { log, running, state, termination } = bed({ stopError: new Error('the runtime hangs') });
  await assert.rejects(termination.finish(recordOf([], [running])), { message: 'the runtime hangs' });
  assert.deepEqual(log, ['stop c 30', 'FailedKillPod error killing pod: the runtime hangs']);
  assert.equal(state.isDone, false);
});
