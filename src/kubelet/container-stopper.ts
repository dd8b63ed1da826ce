// Stops containers within a grace period that is shared by their preStop hook, the wait for their turn and the stop
// signal (kuberuntime_container.go killContainer, kuberuntime_termination_order.go). All hooks of a pod run at once;
// sidecars get their signal after the containers that use them, the last one first.
import type { Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Clock } from '../clock.ts';
import { type ContainerStatus, type Runtime, RuntimeError } from './cri/runtime.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { NO_TIMEOUT, runHook } from './hooks.ts';
import { aboutContainer, findContainer, isSidecar, specOf } from './pod-record.ts';

/** Between the stop signal and SIGKILL, whatever was used up before. */
const MINIMUM_GRACE_SECONDS = 2;

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
  deadline: Deadline;
  isSignalled: boolean;
}

export function createContainerStopper(options: {
  runtime: Runtime;
  events: EventRecorder;
  clock: Clock;
}): ContainerStopper {
  const { runtime, events, clock } = options;
  const stopping = new Map<string, Stopping>();

  /** The hook may outlast the grace period: it is left to itself then, and ends with its container. */
  async function preStop(order: StopOrder, deadline: Deadline): Promise<void> {
    const { pod, status } = order;
    const container = findContainer(pod, status.name);
    const hook = container?.lifecycle?.preStop;
    if (!container || !hook || order.graceSeconds <= 0) return;
    const target = { containerId: status.id, container, pod, host: order.host };
    const tools = { runtime, clock, events, timeoutMs: NO_TIMEOUT, signal: deadline.signal };
    const ended = runHook(hook, target, tools).catch(() => {
      if (hook.sleep && deadline.signal.aborted) return; // it was to take all the time there is
      events.event(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', aboutContainer(pod, status.name));
    });
    await deadline.race(ended);
  }

  async function stopOne(order: StopOrder, entry: Stopping, turn: Promise<unknown>): Promise<void> {
    const { pod, status } = order;
    const message = order.message ?? `Stopping container ${status.name}`;
    events.event(pod, 'Normal', 'Killing', message, aboutContainer(pod, status.name));
    await preStop(order, entry.deadline);
    await entry.deadline.race(turn);
    entry.isSignalled = true;
    await runtime.stopContainer(status.id, graceOf(entry.deadline)).catch((cause: Error) => {
      throw new RuntimeError('KillContainerError', cause.message, cause);
    });
  }

  function stop(order: StopOrder, turn: Promise<unknown> = Promise.resolve()): Promise<void> {
    const { id } = order.status;
    const running = stopping.get(id);
    if (running) {
      const isShorter = running.deadline.shorten(order.graceSeconds * 1000);
      if (!isShorter || !running.isSignalled) return running.done;
      const faster = runtime.stopContainer(id, graceOf(running.deadline));
      return Promise.all([running.done, faster]).then(() => undefined);
    }
    const deadline = createDeadline(clock, order.graceSeconds * 1000);
    const entry: Stopping = { done: Promise.resolve(), deadline, isSignalled: false };
    stopping.set(id, entry);
    entry.done = stopOne(order, entry, turn).finally(() => {
      deadline.end();
      stopping.delete(id);
    });
    return entry.done;
  }

  return {
    stop: (order) => stop(order),
    async stopAll(pod, running, at) {
      const sidecars = (specOf(pod).initContainers ?? []).filter(isSidecar).map((c) => c.name);
      const order = (status: ContainerStatus): StopOrder => ({ pod, status, ...at });
      const users = running.filter((s) => !sidecars.includes(s.name));
      const ends = users.map((status) => stop(order(status)));
      for (const name of sidecars.toReversed()) {
        const turn = Promise.allSettled([...ends]);
        ends.push(...running.filter((s) => s.name === name).map((status) => stop(order(status), turn)));
      }
      await Promise.all(ends);
    },
  };
}

/** Seconds rounded as upstream does: what was used up counts in whole ones. */
const graceOf = (deadline: Deadline): number => Math.max(MINIMUM_GRACE_SECONDS, Math.ceil(deadline.leftMs() / 1000));
