// Gives pods without a node one. Pods are decided one after another on memory alone; bindings are written
// beside that, with the pod assumed on its node meanwhile.
import { nodes, pods } from '../api/resources.ts';
import type { Node, Pod, PodCondition } from '../api/types/core/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Informers } from '../client/informer.ts';
import { type Clock, timestamp } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { SchedulerCache } from './cache.ts';
import { schedulePod } from './cycle.ts';
import type { ClusterEvent, Plugin } from './framework.ts';
import { plugins as defaultPlugins } from './plugins/index.ts';
import { SchedulingQueue } from './queue.ts';

const SCHEDULER_NAME = 'default-scheduler';

export interface SchedulerOptions {
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  random(): number;
  plugins?: readonly Plugin[];
}

export function createScheduler(options: SchedulerOptions): Component {
  const { client, informers, events, clock, log, random } = options;
  const plugins = options.plugins ?? defaultPlugins;
  const cache = new SchedulerCache();
  const queue = new SchedulingQueue(clock, kick);
  const interestedIn = interests(plugins);
  const unsubscribe: (() => void)[] = [];
  const binding = new Set<Promise<void>>();
  let scheduled = false;
  let running = false;

  /** Runs the queue dry in a later turn, so that a burst of changes is seen as one. */
  function kick(): void {
    if (scheduled || !running) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (!running) return;
      for (let pod = queue.pop(); pod; pod = queue.pop()) attemptGuarded(pod);
    });
  }

  /** A pod that breaks a plugin must not stop the others. */
  function attemptGuarded(pod: Pod): void {
    try {
      attempt(pod);
    } catch (error) {
      log.error({ err: error, pod: `${pod.metadata.namespace}/${pod.metadata.name}` }, 'a pod could not be scheduled');
      queue.failed(uidOf(pod), new Set());
    }
  }

  function attempt(pod: Pod): void {
    const outcome = schedulePod(pod, cache.nodes(), { plugins, random });
    if (outcome.node === undefined) {
      queue.failed(uidOf(pod), outcome.rejectedBy);
      track(reportFailure(pod, outcome.message));
      return;
    }
    cache.assume(pod, outcome.node);
    track(bind(pod, outcome.node));
  }

  function track(work: Promise<void>): void {
    binding.add(work);
    work.finally(() => binding.delete(work));
  }

  async function bind(pod: Pod, node: string): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    try {
      await client.createSubresource(pods, namespace, name as string, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      } as never);
      events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    } catch (error) {
      cache.forget(uidOf(pod));
      if (hasReason(error, 'NotFound')) return queue.remove(uidOf(pod));
      queue.failed(uidOf(pod), new Set());
      events.event(pod, 'Warning', 'FailedScheduling', `binding rejected: ${(error as Error).message}`);
    }
  }

  async function reportFailure(pod: Pod, message: string): Promise<void> {
    const { namespace, name, uid, generation } = pod.metadata;
    events.event(pod, 'Warning', 'FailedScheduling', message);
    const known = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message) return;
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : timestamp(clock),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    try {
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      await client.patch(pods, namespace, name as string, { type: 'strategic', body }, { subresource: 'status' });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict'))
        log.warn({ error, pod: name }, 'pod condition not written');
    }
  }

  function podChanged(pod: Pod): void {
    if (pod.spec.nodeName) {
      queue.remove(uidOf(pod));
      if (cache.upsertPod(pod)) wake('PodDelete'); // it has ended: what it held is free
    } else if (pod.spec.schedulerName === SCHEDULER_NAME && !pod.metadata.deletionTimestamp) queue.upsert(pod);
    else queue.remove(uidOf(pod));
  }

  function podDeleted(pod: Pod): void {
    queue.remove(uidOf(pod));
    if (cache.forget(uidOf(pod))) wake('PodDelete');
  }

  const wake = (event: ClusterEvent): void => queue.wakeFor(interestedIn(event));

  return {
    name: 'scheduler',
    async start() {
      running = true;
      await Promise.all([informers.for(nodes).synced, informers.for(pods).synced]);
      const setNode = (node: Node, event: ClusterEvent) => {
        if (cache.setNode(node)) wake(event);
      };
      unsubscribe.push(
        informers.for(nodes).addHandler({
          added: (node) => setNode(node, 'NodeAdd'),
          updated: (node) => setNode(node, 'NodeUpdate'),
          deleted: (node) => cache.removeNode(node.metadata.name as string),
        }),
        informers.for(pods).addHandler({ added: podChanged, updated: podChanged, deleted: podDeleted }),
      );
    },
    async stop() {
      running = false;
      for (const fn of unsubscribe.splice(0)) fn();
      queue.close();
      await Promise.all(binding);
    },
  };
}

const uidOf = (pod: Pod): string => pod.metadata.uid as string;

/** Event → names of the plugins that care about it. */
function interests(plugins: readonly Plugin[]): (event: ClusterEvent) => ReadonlySet<string> {
  const table = new Map<ClusterEvent, Set<string>>();
  for (const plugin of plugins) {
    for (const event of plugin.wakes ?? []) table.set(event, (table.get(event) ?? new Set()).add(plugin.name));
  }
  return (event) => table.get(event) ?? new Set();
}
