import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../../../src/api/types/core/v1.ts';
import type { PodFailure } from '../../../src/kubelet/pod-state.ts';
import { createNodeShutdown, type ShutdownSource } from '../../../src/kubelet/shutdown/node-shutdown.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { podObject } from '../../support/objects.ts';

const CRITICAL = { priority: 2_000_000_000 };

function bed(settings: { graceMs: number; criticalMs: number }, pods: readonly Pod[] = []) {
  const clock = fakeClock();
  const ended: [name: string, graceSeconds: number | undefined][] = [];
  const failures: PodFailure[] = [];
  const told: string[] = [];
  const state = { stuck: new Set<string>(), changes: 0, started: false, stopped: false };
  let listener: Parameters<ShutdownSource['start']>[0] | undefined;
  const shutdown = createNodeShutdown({
    clock,
    log: silentLogger,
    events: { event: (about, _, reason, message) => void told.push(`${about.kind} ${reason} ${message}`) },
    nodeName: 'node-1',
    settings,
    source: {
      async start(given) {
        state.started = true;
        listener = given;
      },
      stop: async () => {
        state.stopped = true;
      },
    },
    workers: () =>
      pods.map((pod) => ({
        pod: () => pod,
        async fail(failure: PodFailure) {
          failures.push(failure);
          ended.push([pod.metadata.name as string, failure.graceSeconds]);
          if (state.stuck.has(pod.metadata.name as string)) await new Promise(() => undefined);
        },
      })),
    changed: () => void state.changes++,
  });
  return { clock, shutdown, ended, failures, told, state, listener: () => listener as NonNullable<typeof listener> };
}

const pod = (name: string, spec: Partial<Pod['spec']> = {}, phase = 'Running'): Pod =>
  podObject(name, { spec, status: { phase: phase as 'Running' } });

describe('a machine that goes down', () => {
  test('ends pods before critical ones, each within its part of the time', async () => {
    const pods = [
      pod('critical', { ...CRITICAL, terminationGracePeriodSeconds: 60 }),
      pod('patient', { terminationGracePeriodSeconds: 300 }),
      pod('quick', { terminationGracePeriodSeconds: 2 }),
      pod('done', {}, 'Succeeded'),
    ];
    const { shutdown, ended, failures, told, listener, state } = bed({ graceMs: 30_000, criticalMs: 10_000 }, pods);
    await shutdown.start();
    assert.equal(shutdown.problem(), undefined);
    await listener().begin();
    assert.deepEqual(ended, [
      ['patient', 20],
      ['quick', 2],
      ['critical', 10],
    ]);
    const message = 'Pod was terminated in response to imminent node shutdown.';
    assert.deepEqual(failures[0], {
      reason: 'Terminated',
      message,
      graceSeconds: 20,
      disruption: { reason: 'TerminationByKubelet', message },
    });
    assert.deepEqual(told, ['Node Shutdown Shutdown manager detected shutdown event']);
    assert.deepEqual([shutdown.problem(), state.changes], ['node is shutting down', 1]);
    assert.deepEqual(shutdown.refusal(), {
      reason: 'NodeShutdown',
      message: 'Pod was rejected as the node is shutting down.',
    });
  });

  test('does not wait longer than that for a pod that does not end', async () => {
    const { shutdown, ended, listener, state, clock } = bed({ graceMs: 30_000, criticalMs: 10_000 }, [
      pod('stuck'),
      pod('critical', CRITICAL),
    ]);
    state.stuck.add('stuck');
    await shutdown.start();
    const end = listener().begin();
    await clock.advance(19_000);
    assert.deepEqual(
      ended.map(([name]) => name),
      ['stuck'],
    );
    await clock.advance(1_000);
    await end;
    assert.deepEqual(
      ended.map(([name]) => name),
      ['stuck', 'critical'],
    );
  });

  test('may stay after all', async () => {
    const { shutdown, listener, state } = bed({ graceMs: 30_000, criticalMs: 0 });
    await shutdown.start();
    await listener().begin();
    listener().cancel();
    assert.deepEqual([shutdown.problem(), shutdown.refusal(), state.changes], [undefined, undefined, 2]);
    await shutdown.stop();
    assert.equal(state.stopped, true);
  });

  test('is not even followed where pods get no time', async () => {
    const { shutdown, state } = bed({ graceMs: 0, criticalMs: 0 });
    await shutdown.start();
    await shutdown.stop();
    assert.deepEqual([state.started, state.stopped], [false, false]);
  });
});
