// Shared informers: at most one reflector and one cache per resource. Handlers are called one after another in the
// order of the changes, synchronously; a handler that throws is logged and does not hold up the others.
import type { ResourceType } from '../api/resource-type.ts';
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';
import { deepFreeze } from '../apimachinery/value.ts';
import type { Clock } from '../clock.ts';
import type { Client } from './client.ts';
import { createIndexedStore, keyOf } from './indexed-store.ts';
import type { Handler, Informer, InformerLog, Informers } from './informer.ts';
import { type ReflectorOptions, reflect } from './reflector.ts';

export interface InformersOptions {
  client: Client;
  clock: Clock;
  log: InformerLog;
  /** For jitter, 0..1. */
  random?: () => number;
}

interface Running {
  informer: Informer<KubeObject>;
  done: Promise<void>;
  leaving: AbortController;
}

export function createInformers(options: InformersOptions): Informers {
  const stopping = new AbortController();
  const running = new Map<string, Running>();
  const keyOfType = (type: ResourceType) => `${type.group}/${type.version}/${type.plural}`;

  return {
    for<T extends KubeObject>(type: ResourceType<T>): Informer<T> {
      const key = keyOfType(type);
      let entry = running.get(key);
      if (!entry) {
        if (stopping.signal.aborted) throw new Error(`informers have stopped; ${key} cannot be followed any more`);
        const leaving = new AbortController();
        const signal = AbortSignal.any([stopping.signal, leaving.signal]);
        entry = { ...startInformer(type, { random: Math.random, ...options, signal }), leaving };
        running.set(key, entry);
      }
      return entry.informer as unknown as Informer<T>;
    },
    forget(type) {
      running.get(keyOfType(type))?.leaving.abort();
      running.delete(keyOfType(type));
    },
    async stop() {
      stopping.abort();
      await Promise.all(running.values().map((entry) => entry.done));
    },
  };
}

function startInformer<T extends KubeObject>(
  type: ResourceType<T>,
  options: ReflectorOptions,
): { informer: Informer<KubeObject>; done: Promise<void> } {
  const store = createIndexedStore<T>();
  const handlers = new Set<Handler<T>>();
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;

  function call(handler: Handler<T>, tell: (handler: Handler<T>) => void): void {
    try {
      tell(handler);
    } catch (error) {
      options.log.error({ resource: type.plural, err: error }, 'informer handler failed');
    }
  }

  function put(object: T, initial: boolean): void {
    // What a remote server sent is frozen here; what the loopback sent is frozen already and costs one look.
    const fresh = deepFreeze(object);
    const old = store.put(fresh);
    if (old && old.metadata.uid !== fresh.metadata.uid) {
      // Deleted and made anew while the watch was down: handlers must not take the one for the other.
      tellAll((handler) => handler.deleted?.(old));
      tellAll((handler) => handler.added?.(fresh, initial));
    } else if (!old) tellAll((handler) => handler.added?.(fresh, initial));
    else if (old.metadata.resourceVersion !== fresh.metadata.resourceVersion) {
      tellAll((handler) => handler.updated?.(fresh, old));
    }
  }

  function remove(object: T): void {
    if (store.remove(object)) tellAll((handler) => handler.deleted?.(deepFreeze(object)));
  }

  // A handler added meanwhile has the object from its replay already, hence the copy.
  const tellAll = (tell: (handler: Handler<T>) => void) => {
    for (const handler of [...handlers]) call(handler, tell);
  };

  const sink = {
    replace(objects: readonly T[]) {
      const kept = new Set(objects.map(keyOf));
      for (const object of store.list()) if (!kept.has(keyOf(object))) remove(object);
      for (const object of objects) put(object, !hasSynced);
      hasSynced = true;
      synced.resolve();
    },
    changed: (event: WatchEvent<T>) => (event.type === 'DELETED' ? remove(event.object) : put(event.object, false)),
  };

  const informer: Informer<T> = {
    lister: store,
    synced: synced.promise,
    addHandler(handler) {
      handlers.add(handler);
      for (const object of store.list()) call(handler, (h) => h.added?.(object, true));
      return () => handlers.delete(handler);
    },
    addIndex: store.addIndex,
  };
  return { informer: informer as unknown as Informer<KubeObject>, done: reflect(type, sink, options) };
}
