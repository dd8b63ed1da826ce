// Writes core/v1 Events as upstream's components do (client-go tools/record). Recording never throws and never
// waits; events are written one after another in the order they were told.
import { randomBytes } from 'node:crypto';
import { events } from '../api/resources.ts';
import type { Event } from '../api/types/core/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { type Clock, timestamp } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Client } from './client.ts';
import type { EventRecorder } from './controller.ts';
import { createEventCorrelator, type Verdict } from './event-correlator.ts';

export interface EventRecorderOptions {
  client: Client;
  clock: Clock;
  log: Logger;
  /** source.component, e.g. 'deployment-controller' */
  component: string;
  /** source.host, for what runs on a node. */
  host?: string;
}

export interface FlushableEventRecorder extends EventRecorder {
  /** Resolves when all that was told so far has been written. */
  flush(): Promise<void>;
}

export function createEventRecorder(options: EventRecorderOptions): FlushableEventRecorder {
  const { client, clock, log } = options;
  const correlator = createEventCorrelator(clock);
  let writing = Promise.resolve();

  async function write(event: Event): Promise<void> {
    const verdict = correlator.judge(event);
    if (!verdict) {
      log.debug({ reason: event.reason, about: event.involvedObject }, 'event dropped: told too often');
      return;
    }
    const stored = (verdict.known && (await countUp(verdict))) ?? (await create(verdict));
    correlator.written(verdict.key, {
      name: stored.metadata.name as string,
      count: stored.count ?? 1,
      firstTimestamp: stored.firstTimestamp ?? undefined,
    });
  }

  /** Undefined when the event has gone meanwhile. */
  async function countUp({ event, known }: Verdict): Promise<Event | undefined> {
    if (!known) return undefined;
    const body = { count: known.count + 1, lastTimestamp: event.lastTimestamp, message: event.message };
    try {
      return await client.patch(events, event.metadata.namespace, known.name, { type: 'strategic', body });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  const create = ({ event, known }: Verdict): Promise<Event> =>
    client.create(events, known ? { ...event, count: known.count + 1, firstTimestamp: known.firstTimestamp } : event);

  return {
    event(about, type, reason, message, { fieldPath, annotations } = {}) {
      const now = timestamp(clock);
      const { name, namespace, uid, resourceVersion } = about.metadata;
      const event: Event = {
        apiVersion: 'v1',
        kind: 'Event',
        // Unique as client-go's, whose suffix is the time in nanoseconds in hex.
        metadata: {
          name: `${name}.${(BigInt(clock.now()) * 1_000_000n + BigInt(randomBytes(4).readUInt32BE() % 1_000_000)).toString(16)}`,
          namespace: namespace ?? 'default',
          ...(annotations ? { annotations } : {}),
        },
        involvedObject: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          name,
          ...(namespace ? { namespace } : {}),
          ...(uid ? { uid } : {}),
          ...(resourceVersion ? { resourceVersion } : {}),
          ...(fieldPath ? { fieldPath } : {}),
        },
        reason,
        message,
        type,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: options.component, ...(options.host ? { host: options.host } : {}) },
        reportingComponent: options.component,
        reportingInstance: options.host ?? '',
      };
      writing = writing
        .then(() => write(event))
        .catch((error: unknown) => log.warn({ err: error, reason, about: name }, 'an event could not be written'));
    },
    flush: () => writing,
  };
}
