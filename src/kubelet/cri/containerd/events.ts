// containerd's events: what the kubelet's drivers take from them. containerd does not say when a subscription has begun,
// so a marker is published until it comes back; from then on nothing is missed.
import { type Clock, sleep } from '../../../clock.ts';
import type { GrpcChannel } from '../../../grpc/channel.ts';
import type { Read } from '../../../grpc/message.ts';
import {
  CALL_TIMEOUT_MS,
  CONTAINERD_NAMESPACE,
  ContainerDelete,
  type Envelope,
  ImageChange,
  milliseconds,
  PUBLISH,
  SnapshotChange,
  SUBSCRIBE,
  TaskExit,
  TaskOOM,
  TaskStart,
} from './api.ts';

export interface ContainerdEvent {
  topic: string;
  containerId?: string;
  exitCode?: number;
  /** Milliseconds since the epoch. */
  at: number;
  imageName?: string;
  /** Of a snapshot that is prepared, committed or removed. */
  snapshotKey?: string;
}

const MARKER = '/tsukube/subscribed';
const MARKER_EVERY_MS = 10;
const TOPICS = '^/(tasks/(start|exit|oom)$|containers/delete$|images/|snapshot/|tsukube/)';
const FILTER = `namespace==${CONTAINERD_NAMESPACE},topic~="${TOPICS}"`;

export interface SubscribeOptions {
  channel: GrpcChannel;
  clock: Clock;
  /** Tells this subscription's marker from another's. */
  token: string;
  onEvent(event: ContainerdEvent): void;
  /** Called once, when every event from now on comes. */
  onSubscribed(): void;
}

/** Resolves when containerd ends the stream; rejects with GrpcError, also when the signal aborts. */
export async function subscribe(options: SubscribeOptions, signal: AbortSignal): Promise<void> {
  const { channel, clock, token, onEvent, onSubscribed } = options;
  const known = new AbortController();
  const reading = (async () => {
    for await (const envelope of channel.stream(SUBSCRIBE, { filters: [FILTER] }, { signal })) {
      if (envelope.topic !== MARKER) {
        const event = parseEvent(envelope);
        if (event) onEvent(event);
      } else if (!known.signal.aborted && String(envelope.event?.value) === token) {
        known.abort();
        onSubscribed();
      }
    }
  })();
  const marking = (async () => {
    const event = { typeUrl: 'tsukube.subscribed', value: Buffer.from(token) };
    while (!known.signal.aborted && !signal.aborted) {
      await channel.unary(PUBLISH, { topic: MARKER, event }, { timeoutMs: CALL_TIMEOUT_MS });
      await sleep(clock, MARKER_EVERY_MS, AbortSignal.any([known.signal, signal])).catch(() => undefined); // no need any more
    }
  })();
  await Promise.race([reading, marking.then(() => reading)]).finally(() => known.abort());
}

/** undefined for what concerns nobody here. */
export function parseEvent({ topic, event, timestamp }: Read<typeof Envelope>): ContainerdEvent | undefined {
  const value = event?.value ?? new Uint8Array();
  const at = milliseconds(timestamp);
  switch (topic) {
    case '/tasks/exit': {
      const { containerId, id, exitStatus, exitedAt } = TaskExit.decode(value);
      // an exec's end comes as this topic too, with its own id
      return id === containerId
        ? { topic, containerId, exitCode: exitStatus, at: milliseconds(exitedAt) || at }
        : undefined;
    }
    case '/tasks/start':
      return { topic, containerId: TaskStart.decode(value).containerId, at };
    case '/tasks/oom':
      return { topic, containerId: TaskOOM.decode(value).containerId, at };
    case '/containers/delete':
      return { topic, containerId: ContainerDelete.decode(value).id, at };
    case '/snapshot/prepare':
    case '/snapshot/commit':
    case '/snapshot/remove':
      return { topic, snapshotKey: SnapshotChange.decode(value).key, at };
    default:
      return topic.startsWith('/images/') ? { topic, imageName: ImageChange.decode(value).name, at } : undefined;
  }
}
