// The objects an informer knows, by namespace and name, with indexes kept as objects come and go.
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Lister } from './informer.ts';

export interface IndexedStore<T extends KubeObject> extends Lister<T> {
  /** Returns what was there before. */
  put(object: T): T | undefined;
  remove(object: T): T | undefined;
  addIndex(name: string, values: (object: T) => readonly string[]): void;
}

interface Index<T> {
  values: (object: T) => readonly string[];
  objects: Map<string, Map<string, T>>;
}

export const keyOf = (object: KubeObject): string => storeKey(object.metadata.namespace, object.metadata.name ?? '');

/** 'ns/name' or 'name' → its parts. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const storeKey = (namespace: string | undefined, name: string): string => (namespace ? `${namespace}/${name}` : name);

export function createIndexedStore<T extends KubeObject>(): IndexedStore<T> {
  const objects = new Map<string, T>();
  const byNamespace: Index<T> = { values: (object) => [object.metadata.namespace ?? ''], objects: new Map() };
  const indexes = new Map<string, Index<T>>();

  function insert(index: Index<T>, key: string, object: T): void {
    for (const value of index.values(object)) {
      const bucket = index.objects.get(value);
      if (bucket) bucket.set(key, object);
      else index.objects.set(value, new Map([[key, object]]));
    }
  }

  function withdraw(index: Index<T>, key: string, object: T): void {
    for (const value of index.values(object)) {
      const bucket = index.objects.get(value);
      bucket?.delete(key);
      if (bucket?.size === 0) index.objects.delete(value);
    }
  }

  const every = (): Index<T>[] => [byNamespace, ...indexes.values()];

  return {
    get: (namespace, name) => objects.get(storeKey(namespace, name)),
    list: (namespace) =>
      namespace === undefined ? [...objects.values()] : [...(byNamespace.objects.get(namespace)?.values() ?? [])],
    byIndex(name, value) {
      const index = indexes.get(name);
      if (!index) throw new Error(`there is no index "${name}": add it with addIndex before it is asked`);
      return [...(index.objects.get(value)?.values() ?? [])];
    },
    put(object) {
      const key = keyOf(object);
      const old = objects.get(key);
      for (const index of every()) {
        if (old) withdraw(index, key, old);
        insert(index, key, object);
      }
      objects.set(key, object);
      return old;
    },
    remove(object) {
      const key = keyOf(object);
      const old = objects.get(key);
      if (!old) return undefined;
      for (const index of every()) withdraw(index, key, old);
      objects.delete(key);
      return old;
    },
    addIndex(name, values) {
      if (indexes.has(name)) return;
      const index: Index<T> = { values, objects: new Map() };
      for (const [key, object] of objects) insert(index, key, object);
      indexes.set(name, index);
    },
  };
}
