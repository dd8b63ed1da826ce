// Follows one resource: a complete state first, then every change, for as long as the signal lives. Uses the streaming
// list (KEP-3157) where the server has it, else list and watch; after a break it resumes from the last
// resourceVersion it saw, and starts over only when the server no longer has the changes since (410 Expired).
import type { ResourceType } from '../api/resource-type.ts';
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';
import { hasReason, StatusError } from '../apimachinery/status-error.ts';
import { type Clock, sleep } from '../clock.ts';
import { createBackoff } from './backoff.ts';
import type { Client } from './client.ts';
import type { InformerLog } from './informer.ts';

export interface Sink<T> {
  /** All that exists. */
  replace(objects: readonly T[]): void;
  changed(event: WatchEvent<T>): void;
}

export interface ReflectorOptions {
  client: Client;
  clock: Clock;
  log: InformerLog;
  random: () => number;
  signal: AbortSignal;
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
/** client-go tools/cache/reflector.go: 800 ms to 30 s, jitter 1; watches last 5 to 10 minutes. */
const BACKOFF = { initialMs: 800, maxMs: 30_000, jitter: 1 };
const MIN_WATCH_SECONDS = 300;
/** A watch that ends sooner without an event counts as a failure (client-go: "very short watch"). */
const SHORT_WATCH_MS = 1000;

/** Runs until the signal aborts; never rejects. */
export async function reflect<T extends KubeObject>(
  type: ResourceType<T>,
  sink: Sink<T>,
  options: ReflectorOptions,
): Promise<void> {
  const { client, clock, log, random, signal } = options;
  const backoff = createBackoff({ ...BACKOFF, random });
  let streamingList = true;
  /** Undefined: the state has to be read anew. */
  let version: string | undefined;

  while (!signal.aborted) {
    const began = clock.monotonic();
    let progressed = false;
    try {
      if (version === undefined && !streamingList) await list();
      await watch();
      if (progressed || clock.monotonic() - began >= SHORT_WATCH_MS) {
        backoff.reset();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) {
        // Starting over has no reason to wait the first time; a server that keeps saying so is waited for below.
        const resumed = version !== undefined;
        version = undefined;
        if (resumed) continue;
      } else if (streamingList && version === undefined && isNotUnderstood(error)) {
        streamingList = false;
        continue;
      }
      if (progressed) backoff.reset();
      log.warn({ resource: type.plural, group: type.group, err: error }, 'watch interrupted, trying again');
    }
    await sleep(clock, backoff.next(), signal).catch(() => undefined); // aborted: the loop's condition ends it

    async function list(): Promise<void> {
      const answer = await client.list(type);
      sink.replace(answer.items);
      version = answer.metadata.resourceVersion ?? '';
      progressed = true;
    }

    async function watch(): Promise<void> {
      let initial: Map<string, T> | undefined = version === undefined ? new Map() : undefined;
      const events = client.watch(type, {
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(MIN_WATCH_SECONDS * (1 + random())),
        signal,
        ...(initial ? { sendInitialEvents: true } : { resourceVersion: version }),
      });
      for await (const event of events) {
        if (signal.aborted) return;
        const metadata = event.object.metadata;
        if (initial) {
          const key = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
          if (event.type === 'DELETED') initial.delete(key);
          else if (event.type !== 'BOOKMARK') initial.set(key, event.object);
          if (event.type !== 'BOOKMARK' || metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') continue;
          sink.replace([...initial.values()]);
          initial = undefined;
        } else if (event.type !== 'BOOKMARK') {
          sink.changed(event);
        }
        version = metadata.resourceVersion ?? version;
        progressed = true;
      }
    }
  }
}

const isExpired = (error: unknown): boolean =>
  hasReason(error, 'Expired') || hasReason(error, 'Gone') || (error instanceof StatusError && error.code === 410);

/** A server without the streaming list refuses its options as invalid. */
const isNotUnderstood = (error: unknown): boolean =>
  hasReason(error, 'Invalid') || hasReason(error, 'BadRequest') || hasReason(error, 'NotAcceptable');
