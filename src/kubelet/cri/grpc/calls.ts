// CRI calls with their time limits, and their failures as RuntimeError with the kubelet's reason.
import { type Clock, sleep } from '../../../clock.ts';
import type { GrpcChannel, Method } from '../../../grpc/channel.ts';
import type { Input, Output } from '../../../grpc/message.ts';
import { GrpcError, goWords } from '../../../grpc/status.ts';
import { RuntimeError } from '../runtime.ts';

/** Upstream's runtimeRequestTimeout; what takes longer by its nature says so. */
export const REQUEST_TIMEOUT_MS = 120_000;

export interface Cri {
  /** Throws RuntimeError with `reason`. */
  call<In, Out>(
    reason: string,
    method: Method<In, Out>,
    request: Input<In>,
    /** undefined: as long as it takes. */
    timeoutMs?: number | undefined,
  ): Promise<Output<Out>>;
}

export const createCri = (channel: GrpcChannel): Cri => ({
  async call(reason, method, request, ...limit) {
    const timeoutMs = limit.length > 0 ? limit[0] : REQUEST_TIMEOUT_MS;
    try {
      return await channel.unary(method, request, { timeoutMs });
    } catch (cause) {
      throw new RuntimeError(reason, (cause as Error).message, cause);
    }
  },
});

/** For what upstream tells as Go's client has it, `rpc error: code = NotFound desc = …`: pulls and sandboxes that failed. */
export function inGoWords(error: unknown): never {
  if (error instanceof RuntimeError && error.cause instanceof GrpcError) {
    throw new RuntimeError(error.reason, goWords(error.cause), error.cause);
  }
  throw error;
}

/** Whether the object that a call named was not there. */
export const isAbsent = (error: unknown): boolean =>
  error instanceof RuntimeError && error.cause instanceof GrpcError && error.cause.code === 'NOT_FOUND';

/** containerd's word until it has looked through what it ran: internal/cri/instrument/instrumented_service.go checkInitialized */
export const isStarting = ({ message }: Error): boolean => message.includes('server is not initialized yet');

const FIRST_PAUSE_MS = 50;
const STARTING_MS = 30_000;

/** Asks until the runtime has started, which nothing tells, for half a minute at most. */
export async function onceStarted<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const until = clock.monotonic() + STARTING_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
    try {
      return await ask();
    } catch (error) {
      if (!isStarting(error as Error) || clock.monotonic() + pause > until) throw error;
      await sleep(clock, pause);
    }
  }
}
