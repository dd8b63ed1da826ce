// Holds all pods together to what the node has for them (cm/node_container_manager_linux.go). The kernel refuses a limit
// that is below what they use already: then it is tried again every minute, as evictions bring that down.
import type { EventRecorder } from '../../client/controller.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import { nodeReference } from '../node/node-object.ts';
import { CgroupError } from './cgroups.ts';
import type { PodCgroups } from './pod-cgroups.ts';

const RETRY_MS = 60_000;

export function createNodeAllocatable(options: {
  groups: Pick<PodCgroups, 'enforce' | 'root'>;
  clock: Clock;
  events: EventRecorder;
  nodeName: string;
}): Component {
  const { groups, clock, events } = options;
  const node = nodeReference(options.nodeName);
  let timer: Timer | undefined;

  function enforce(): void {
    try {
      groups.enforce();
      events.event(node, 'Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
    } catch (error) {
      if (!(error instanceof CgroupError)) throw error;
      const message = `Failed to update Node Allocatable Limits "${groups.root}": ${error.message}`;
      events.event(node, 'Warning', 'FailedNodeAllocatableEnforcement', message);
      timer = clock.after(RETRY_MS, enforce);
    }
  }

  return {
    name: 'node allocatable',
    start: async () => enforce(),
    stop: async () => timer?.cancel(),
  };
}
