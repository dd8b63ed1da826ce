// An ObjectReader over a plain list, for code that only reads the server's state.
import type { ResourceType } from '../../src/api/definition.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import type { ObjectReader } from '../../src/apiserver/reader.ts';

export interface MemoryReader extends ObjectReader {
  put(type: ResourceType, object: KubeObject): void;
  remove(type: ResourceType, namespace: string | undefined, name: string): void;
}

export function memoryReader(): MemoryReader {
  const objects = new Map<string, Map<string, KubeObject>>();
  const listeners = new Map<string, Set<(object: KubeObject, deleted: boolean) => void>>();
  const kindOf = (type: ResourceType) => `${type.group}/${type.plural}`;
  const keyOf = (namespace: string | undefined, name: string | undefined) => `${namespace ?? ''}/${name ?? ''}`;
  const of = (type: ResourceType): Map<string, KubeObject> => {
    const known = objects.get(kindOf(type)) ?? new Map<string, KubeObject>();
    objects.set(kindOf(type), known);
    return known;
  };
  const tell = (type: ResourceType, object: KubeObject, deleted: boolean) => {
    for (const listener of listeners.get(kindOf(type)) ?? []) listener(object, deleted);
  };
  return {
    get: <T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string) =>
      of(type).get(keyOf(namespace, name)) as T | undefined,
    list: <T extends KubeObject>(type: ResourceType<T>, namespace?: string) =>
      [...of(type).values()].filter((o) => !namespace || o.metadata.namespace === namespace) as T[],
    subscribe(type, changed) {
      const all = listeners.get(kindOf(type)) ?? new Set();
      listeners.set(kindOf(type), all.add(changed));
      return () => all.delete(changed);
    },
    put(type, object) {
      of(type).set(keyOf(object.metadata.namespace, object.metadata.name), object);
      tell(type, object, false);
    },
    remove(type, namespace, name) {
      const object = of(type).get(keyOf(namespace, name));
      of(type).delete(keyOf(namespace, name));
      if (object) tell(type, object, true);
    },
  };
}
