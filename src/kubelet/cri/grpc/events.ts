// Where a runtime's events come from: containerd's own service, which tells of out-of-memory kills and images, too;
// GetContainerEvents of others; and where there is neither, a list every second, as upstream's kubelet makes it
// (pkg/kubelet/pleg/generic.go). docs/decisions/0032-cri.md
import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../../../clock.ts';
import type { GrpcChannel } from '../../../grpc/channel.ts';
import type { Read } from '../../../grpc/message.ts';
import { isGrpcError } from '../../../grpc/status.ts';
import { connectContainerd } from '../containerd/api.ts';
import { type ContainerdEvent, subscribe as subscribeToContainerd } from '../containerd/events.ts';
import type { ContainerEventResponse } from './messages/container.ts';
import { GET_CONTAINER_EVENTS } from './services.ts';

export interface EventSource {
  /** Resolves or rejects when the events have ended; calls `onSubscribed` when they are complete from now on. */
  subscribe(signal: AbortSignal, onSubscribed: () => void): Promise<void>;
  close(): void;
}

export interface EventSourceOptions {
  /** The runtime's socket. */
  path: string;
  channel: GrpcChannel;
  clock: Clock;
  /** As the runtime names itself. */
  runtimeName: string;
  onContainerdEvent(event: ContainerdEvent): void;
  onCriEvent(event: Read<typeof ContainerEventResponse>): void;
  /** Lists everything. */
  relist(): Promise<void>;
}

const RELIST_MS = 1000;

export function createEventSource(options: EventSourceOptions): EventSource {
  const { channel, clock } = options;
  if (options.runtimeName === 'containerd') {
    const containerd = connectContainerd(options.path, clock);
    return {
      subscribe: (signal, onSubscribed) =>
        subscribeToContainerd(
          { channel: containerd, clock, token: randomUUID(), onEvent: options.onContainerdEvent, onSubscribed },
          signal,
        ),
      close: containerd.close,
    };
  }
  return {
    async subscribe(signal, onSubscribed) {
      try {
        const events = channel.stream(GET_CONTAINER_EVENTS, {}, { signal });
        onSubscribed(); // the list that follows is asked for on the same connection after them
        for await (const event of events) options.onCriEvent(event);
      } catch (error) {
        if (!isGrpcError(error, 'UNIMPLEMENTED')) throw error;
        await relistForEver(options, signal);
      }
    },
    close() {},
  };
}

async function relistForEver({ clock, relist }: EventSourceOptions, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(clock, RELIST_MS, signal);
    await relist();
  }
}
