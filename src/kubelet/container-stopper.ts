// Stops containers within a grace period that is shared with their preStop hooks; sidecars stop after the containers
// that use them, the last one first (kuberuntime_container.go killContainer, kuberuntime_termination_order.go).
import type { Container, Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Clock } from '../clock.ts';
import { type ContainerStatus, type Runtime, RuntimeError } from './cri/runtime.ts';
import { runHook } from './hooks.ts';
import { findContainer, isSidecar, specOf } from './pod-record.ts';

/** Also the least that a force-deleted container gets. */
const MINIMUM_GRACE_SECONDS = 1;
/** What a preStop hook that used everything up leaves for the stop signal. */
const AFTER_HOOK_SECONDS = 2;

export interface StopOrder {
  pod: Pod;
  status: ContainerStatus;
  graceSeconds: number;
  message?: string;
  host: string;
}

export interface ContainerStopper {
  /** Resolves when it has ended. A second call for the same container joins the first, and may only shorten it. */
  stop(order: StopOrder): Promise<void>;
  /** All at once, sidecars in their order. */
  stopAll(pod: Pod, running: readonly ContainerStatus[], at: { graceSeconds: number; host: string }): Promise<void>;
}

interface Stopping {
  done: Promise<void>;
  deadline: number;
  hurry: AbortController;
}

export function createContainerStopper(options: {
  runtime: Runtime;
  events: EventRecorder;
  clock: Clock;
}): ContainerStopper {
  const { runtime, events, clock } = options;
  const stopping = new Map<string, Stopping>();

  async function stopOne(order: StopOrder, entry: Stopping): Promise<void> {
    const { pod, status } = order;
    const container = findContainer(pod, status.name);
    const about = { fieldPath: `spec.containers{${status.name}}` };
    events.event(pod, 'Normal', 'Killing', order.message ?? `Stopping container ${status.name}`, about);
    const preStop = container?.lifecycle?.preStop;
    if (container && preStop && order.graceSeconds > 0) {
      const timeoutMs = order.graceSeconds * 1000;
      const target = { containerId: status.id, container, host: order.host };
      const hook = runHook(preStop, target, { runtime, clock, timeoutMs, signal: entry.hurry.signal });
      await bounded(hook, { clock, ms: timeoutMs, signal: entry.hurry.signal }).catch(() => {
        if (!entry.hurry.signal.aborted) events.event(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', about);
      });
    }
    const left = Math.ceil((entry.deadline - clock.monotonic()) / 1000);
    const least = preStop ? AFTER_HOOK_SECONDS : MINIMUM_GRACE_SECONDS;
    const grace = entry.hurry.signal.aborted ? MINIMUM_GRACE_SECONDS : Math.max(least, left);
    await runtime.stopContainer(status.id, grace).catch((cause: Error) => {
      throw new RuntimeError('KillContainerError', cause.message, cause);
    });
  }

  const stop = (order: StopOrder): Promise<void> => {
    const deadline = clock.monotonic() + order.graceSeconds * 1000;
    const running = stopping.get(order.status.id);
    if (running) {
      if (deadline >= running.deadline) return running.done;
      running.deadline = deadline;
      running.hurry.abort();
      return Promise.all([running.done, runtime.stopContainer(order.status.id, order.graceSeconds)]).then(
        () => undefined,
      );
    }
    const entry: Stopping = { done: Promise.resolve(), deadline, hurry: new AbortController() };
    stopping.set(order.status.id, entry);
    entry.done = stopOne(order, entry).finally(() => stopping.delete(order.status.id));
    return entry.done;
  };

  return {
    stop,
    async stopAll(pod, running, at) {
      const sidecars = (specOf(pod).initContainers ?? []).filter(isSidecar).map((c: Container) => c.name);
      const began = clock.monotonic();
      const left = () =>
        Math.max(MINIMUM_GRACE_SECONDS, at.graceSeconds - Math.floor((clock.monotonic() - began) / 1000));
      const order = (status: ContainerStatus): StopOrder => ({ pod, status, graceSeconds: left(), host: at.host });
      await Promise.all(running.filter((s) => !sidecars.includes(s.name)).map((status) => stop(order(status))));
      for (const name of sidecars.toReversed()) {
        await Promise.all(running.filter((s) => s.name === name).map((status) => stop(order(status))));
      }
    },
  };
}

/** Rejects when `work` has not ended after `ms`, or the signal aborts. */
function bounded(work: Promise<void>, by: { clock: Clock; ms: number; signal: AbortSignal }): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = by.clock.after(by.ms, () => reject(new Error('grace period exceeded')));
    const onAbort = () => reject(by.signal.reason);
    by.signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      timer.cancel();
      by.signal.removeEventListener('abort', onAbort);
    });
  });
}
