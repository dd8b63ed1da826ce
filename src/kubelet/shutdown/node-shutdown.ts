// Pods end before the machine does (pkg/kubelet/nodeshutdown): those that are not critical first, then the others, each
// kind within its part of the time that the settings give them. The node is not ready meanwhile and takes no pods.
import type { Pod } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import { SYSTEM_CRITICAL_PRIORITY } from '../critical-pods.ts';
import { nodeReference } from '../node/node-object.ts';
import type { ShutdownSettings } from '../node/node-settings.ts';
import { specOf } from '../pod-record.ts';
import type { PodFailure } from '../pod-state.ts';

/** What tells that the machine is going down, and holds it up as long as it may. */
export interface ShutdownSource {
  /** `begin` is called when it does; once it has resolved, nothing holds the machine up. `cancel`: it stays after all. */
  start(listener: { begin(): Promise<void>; cancel(): void }): Promise<void>;
  stop(): Promise<void>;
}

interface Member {
  pod(): Pod;
  fail(failure: PodFailure): Promise<void>;
}

export interface NodeShutdownOptions {
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  settings: ShutdownSettings;
  source: ShutdownSource;
  workers(): readonly Member[];
  /** The node's status is other than it was. */
  changed(): void;
}

export interface NodeShutdown extends Component {
  /** Why the node is not ready; undefined: it is not going down. */
  problem(): string | undefined;
  refusal(): { reason: string; message: string } | undefined;
}

/** nodeshutdown_manager.go */
const REASON = 'Terminated';
const MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
const REFUSAL = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };

export function createNodeShutdown(options: NodeShutdownOptions): NodeShutdown {
  const { clock, log, events, settings, source } = options;
  const node = nodeReference(options.nodeName);
  let isGoingDown = false;

  async function end(members: readonly Member[], periodMs: number): Promise<void> {
    if (members.length === 0) return;
    const period = Math.floor(periodMs / 1000);
    const all = members.map((member) => {
      const graceSeconds = Math.min(period, specOf(member.pod()).terminationGracePeriodSeconds ?? period);
      const disruption = { reason: 'TerminationByKubelet', message: MESSAGE };
      return member.fail({ reason: REASON, message: MESSAGE, graceSeconds, disruption });
    });
    const over = new AbortController();
    await Promise.race([
      Promise.allSettled(all),
      sleep(clock, periodMs, over.signal).catch(() => undefined), // they were faster
    ]);
    over.abort();
  }

  return {
    name: 'node shutdown',
    problem: () => (isGoingDown ? 'node is shutting down' : undefined),
    refusal: () => (isGoingDown ? REFUSAL : undefined),
    async start() {
      if (settings.graceMs === 0) return;
      await source
        .start({
          async begin() {
            isGoingDown = true;
            events.event(node, 'Normal', 'Shutdown', 'Shutdown manager detected shutdown event');
            options.changed();
            const groups = Map.groupBy(options.workers().filter(isRunning), (one) =>
              (one.pod().spec?.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY ? 'critical' : 'regular',
            );
            await end(groups.get('regular') ?? [], settings.graceMs - settings.criticalMs);
            await end(groups.get('critical') ?? [], settings.criticalMs);
          },
          cancel() {
            isGoingDown = false;
            events.event(node, 'Normal', 'Shutdown', 'Shutdown manager detected shutdown cancellation');
            options.changed();
          },
        })
        .catch((error: Error) => log.error(`pods get no time when the machine is shut down: ${error.message}`));
    },
    async stop() {
      if (settings.graceMs > 0) await source.stop();
    },
  };
}

const isRunning = (member: Member): boolean => {
  const phase = member.pod().status?.phase;
  return phase !== 'Succeeded' && phase !== 'Failed';
};
