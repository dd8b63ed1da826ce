// A watch as an async sequence of batches (docs/guarantees.md, rules 21-35). The consumer pulls: a slow one
// holds nothing but its own cursor, and one that falls behind what the store keeps gets 410 and the end.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject, Status } from '../../apimachinery/meta.ts';
import { zeroObject } from '../../apimachinery/patch/apply/zero.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import type { Clock, Timer } from '../../clock.ts';
import {
  Compacted,
  type Revision,
  type Storage,
  type StorageEntry,
  type StorageEvent,
  type Watcher,
} from '../../storage/storage.ts';
import type { WatchResult } from '../request.ts';
import { apiVersionOf, collectionPrefix, prepareViews, viewOf } from './keys.ts';
import { type ListParameters, parseRevision } from './parameters.ts';
import { invalidRevision, reach } from './read.ts';
import { compileSelection, type Selection } from './selection.ts';

export type WatchItem =
  /** `frames` keeps encodings that all watchers of the event share; initial objects have none. */
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; entry: StorageEntry; frames?: Map<string, Uint8Array> }
  | { type: 'BOOKMARK'; object: KubeObject }
  | { type: 'ERROR'; object: Status };

export interface WatchRequest {
  storage: Storage;
  clock: Clock;
  definition: ResourceDefinition;
  /** Resolves the models that built-in definitions name. */
  types: SchemaSet;
  namespace: string | undefined;
  /** Aborts when the caller goes away or the server stops. */
  signal: AbortSignal;
  /** 0 ≤ n < 1; spreads the ends of watches without timeoutSeconds. */
  random: () => number;
}

/** Told to a watcher when it has seen what there was. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

const BATCH = 256;
const BOOKMARK_INTERVAL_MS = 60_000;
const MIN_TIMEOUT_S = 1_800;

/** Throws what must be an HTTP error; everything later becomes an ERROR event. */
export function openWatch(request: WatchRequest, parameters: ListParameters): WatchResult {
  const selection = compileSelection(request.definition, parameters.selectors);
  const revision = parameters.resourceVersion === '' ? 0 : parseRevision(parameters.resourceVersion);
  if (revision === undefined) throw invalidRevision(parameters.resourceVersion);
  const timeoutMs = 1000 * (parameters.timeoutSeconds || MIN_TIMEOUT_S * (1 + request.random()));
  const { retired } = request.definition;
  const signal = retired ? AbortSignal.any([request.signal, retired]) : request.signal;
  const batches = watchBatches({ ...request, signal }, { selection, revision, parameters, timeoutMs });
  return { type: 'watch', definition: request.definition, batches };
}

interface WatchPlan {
  selection: Selection;
  revision: Revision;
  parameters: ListParameters;
  timeoutMs: number;
}

async function* watchBatches(request: WatchRequest, plan: WatchPlan): AsyncGenerator<readonly WatchItem[]> {
  const { storage, definition } = request;
  const { parameters, selection } = plan;
  const prefix = collectionPrefix(definition, request.namespace);
  const pause = createPause(request, plan.timeoutMs, parameters.allowWatchBookmarks);
  const matches = (entry: StorageEntry) => selection.everything || selection.matches(viewOf(definition, entry));
  const prepares = definition.views?.prepare !== undefined;
  let watcher: Watcher | undefined;
  try {
    let after = plan.revision;
    if (parameters.sendInitialEvents ?? plan.revision === 0) {
      await reach(storage, plan.revision);
      const page = storage.list(prefix, prepares ? {} : { filter: matches });
      // Opened in the same turn as the list: nothing can come between the two.
      after = page.revision;
      watcher = storage.watch(prefix, { after });
      if (prepares) await prepareViews(definition, page.entries);
      const entries = prepares ? page.entries.filter(matches) : page.entries;
      for (let i = 0; i < entries.length; i += BATCH) {
        if (pause.over()) return;
        yield entries.slice(i, i + BATCH).map((entry): WatchItem => ({ type: 'ADDED', entry }));
      }
      if (parameters.sendInitialEvents && parameters.allowWatchBookmarks) yield [bookmark(request, after, true)];
    } else {
      if (after === 0) after = storage.revision;
      watcher = storage.watch(prefix, { after });
    }
    const seen = (events: readonly StorageEvent[]): Seen[] =>
      events.map((event) => seenThrough(event, matches)).filter((item) => item !== undefined);
    const seenPrepared = async (events: readonly StorageEvent[]): Promise<Seen[]> => {
      await prepareViews(definition, events.flatMap(statesOf));
      const items = seen(events);
      // What goes out of sight is told as it was, with another revision: an object of its own.
      await prepareViews(
        definition,
        items.map(({ entry }) => entry),
      );
      return items;
    };
    const itemsOf = prepares ? seenPrepared : seen;
    let told = after;
    while (!pause.over()) {
      // Each turn of the queue of promises is one for every watcher: they wait only for what is not there.
      const taken = watcher.take(BATCH);
      const events = taken instanceof Promise ? await taken : taken;
      if (events.length > 0) {
        const found = itemsOf(events);
        const items = found instanceof Promise ? await found : found;
        if (items.length > 0) yield items;
        continue;
      }
      if (pause.takeBookmark() && watcher.position > told) {
        told = watcher.position;
        yield [bookmark(request, told, false)];
        continue;
      }
      await pause.untilReady(watcher);
    }
    // The objects of a definition that goes go before it.
    while (definition.retired?.aborted) {
      const events = await watcher.take(BATCH);
      if (events.length === 0) break;
      const items = await itemsOf(events);
      if (items.length > 0) yield items;
    }
  } catch (error) {
    yield [{ type: 'ERROR', object: toStatus(error, plan.revision) }];
  } finally {
    watcher?.close();
    pause.close();
  }
}

const statesOf = ({ entry, previous }: StorageEvent): StorageEntry[] => (previous ? [entry, previous] : [entry]);

type Seen = Extract<WatchItem, { entry: StorageEntry }>;

/** What a watcher that sees only matching objects is told about a change (rule 30). */
function seenThrough(event: StorageEvent, matches: (entry: StorageEntry) => boolean): Seen | undefined {
  const { entry, previous, frames } = event;
  if (event.type === 'DELETED') return matches(previous ?? entry) ? { type: 'DELETED', entry, frames } : undefined;
  const before = previous !== undefined && matches(previous);
  const now = matches(entry);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', entry, frames };
  if (!before) return undefined;
  return { type: 'DELETED', entry: stampedAt(previous, event.revision), frames };
}

/** The previous content with the revision of the event that took it out of sight. */
function stampedAt(entry: StorageEntry, revision: Revision): StorageEntry {
  const metadata = Object.freeze({ ...entry.object.metadata, resourceVersion: String(revision) });
  return { ...entry, revision, object: Object.freeze({ ...entry.object, metadata }), encodings: new Map() };
}

/** An object of which nothing is said but its revision: what Go writes of the type all the same is there. */
function bookmark(
  { definition, types }: Pick<WatchRequest, 'definition' | 'types'>,
  revision: Revision,
  initialEventsEnd: boolean,
): WatchItem {
  const annotations = initialEventsEnd ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  const { metadata: _metadata, ...zero } = zeroObject(definition.schema, types);
  return {
    type: 'BOOKMARK',
    object: { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata, ...zero },
  };
}

function toStatus(error: unknown, revision: Revision): Status {
  if (error instanceof StatusError) return error.status;
  if (!(error instanceof Compacted)) throw error;
  const message = `too old resource version: ${revision} (${error.compactRevision})`;
  return new StatusError({ code: 410, reason: 'Expired', message }).status;
}

/** Sleeps until there is something to do: an event, a bookmark to send, the deadline, or the caller gone. */
function createPause(request: WatchRequest, timeoutMs: number, wantsBookmarks: boolean) {
  const { clock, signal } = request;
  let wake = () => {};
  let isOver = signal.aborted; // asked at every event, and a signal that joins others is slow to tell
  let bookmarkDue = false;
  let bookmarkTimer: Timer | undefined;
  const deadline = clock.after(timeoutMs, () => {
    isOver = true;
    wake();
  });
  const armBookmark = (ms: number) => {
    bookmarkTimer = clock.after(ms, () => {
      bookmarkDue = true;
      armBookmark(BOOKMARK_INTERVAL_MS);
      wake();
    });
  };
  // Also shortly before the end, so that the next watch starts from near it.
  if (wantsBookmarks) armBookmark(Math.max(0, Math.min(BOOKMARK_INTERVAL_MS, timeoutMs - 2_000)));
  const onAbort = () => {
    isOver = true;
    wake();
  };
  signal.addEventListener('abort', onAbort);
  return {
    over: () => isOver,
    takeBookmark() {
      const due = bookmarkDue;
      bookmarkDue = false;
      return due;
    },
    untilReady(watcher: Watcher): Promise<void> {
      return new Promise((resolve) => {
        wake = resolve;
        if (isOver || bookmarkDue) resolve();
        else watcher.onReady(resolve);
      });
    },
    close() {
      deadline.cancel();
      bookmarkTimer?.cancel();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
