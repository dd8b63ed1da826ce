// ObjectReader over the store: what authorization, admission and allocation look at.
import type { ResourceType } from '../api/definition.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Logger } from '../log.ts';
import { Compacted, type Storage } from '../storage/storage.ts';
import type { DefinitionCatalogue } from './catalogue.ts';
import type { ObjectReader } from './reader.ts';
import { collectionPrefix, objectKey, type Placed } from './registry/keys.ts';

const BATCH = 256;

export function createStoreReader(storage: Storage, catalogue: DefinitionCatalogue, log: Logger): ObjectReader {
  // Every admission looks several up, always of the same types.
  let places = new WeakMap<ResourceType, Placed>();
  catalogue.subscribe(() => {
    places = new WeakMap();
  });
  function place(type: ResourceType): Placed {
    let known = places.get(type);
    if (!known) {
      const definition = catalogue.find(type.group, type.version, type.plural);
      const fallback = { group: type.group, resource: type.plural, version: type.version };
      known = { namespaced: type.namespaced, storage: definition?.storage ?? fallback };
      places.set(type, known);
    }
    return known;
  }
  return {
    get: <T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string) =>
      storage.get(objectKey(place(type), namespace, name))?.object as T | undefined,
    list: <T extends KubeObject>(type: ResourceType<T>, namespace?: string) =>
      storage.list(collectionPrefix(place(type), namespace)).entries.map((entry) => entry.object as T),
    subscribe(type, changed) {
      const prefix = collectionPrefix(place(type), undefined);
      let watcher = storage.watch(prefix, { after: storage.revision });
      let stopped = false;
      const pump = async (): Promise<void> => {
        for (;;) {
          const taken = watcher.take(BATCH);
          const events = taken instanceof Promise ? await taken : taken;
          if (stopped) return;
          if (events.length === 0) break;
          for (const event of events) changed(event.entry.object, event.type === 'DELETED');
        }
        watcher.onReady(() => void run());
      };
      const run = () =>
        pump().catch((error: unknown) => {
          if (!(error instanceof Compacted)) {
            log.error({ err: error, resource: type.plural }, 'lost the changes of a resource');
            return;
          }
          // Cannot happen while this process keeps up; what was missed is told by naming every object.
          watcher.close();
          watcher = storage.watch(prefix, { after: storage.revision });
          for (const entry of storage.list(prefix).entries) changed(entry.object, false);
          void run();
        });
      void run();
      return () => {
        stopped = true;
        watcher.close();
      };
    },
  };
}
