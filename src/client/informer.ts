// Shared informers: one list and watch per resource for the whole process. Over the loopback the cached
// objects are the store's own, so there is no second copy. What comes from a lister is frozen.
import type { ResourceType } from '../api/resource-type.ts';
import type { KubeObject } from '../apimachinery/meta.ts';

export interface Lister<T extends KubeObject> {
  get(namespace: string | undefined, name: string): T | undefined;
  /** All, or those of one namespace; order is not defined. */
  list(namespace?: string): T[];
  /** Objects for which the index function `name` returned `value`. */
  byIndex(name: string, value: string): T[];
}

export interface Handler<T extends KubeObject> {
  added?(object: T, initial: boolean): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

export interface Informer<T extends KubeObject> {
  readonly lister: Lister<T>;
  /** Resolves after the first complete list has reached the cache and the handlers. */
  readonly synced: Promise<void>;
  /** Known objects are replayed as added at once. Returns how to remove it. */
  addHandler(handler: Handler<T>): () => void;
  /** Idempotent by name. */
  addIndex(name: string, values: (object: T) => readonly string[]): void;
}

/** What informers tell of: watches that broke and handlers that threw. A pino logger is one. */
export interface InformerLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Starts an informer at its first use; all stop together. */
export interface Informers {
  for<T extends KubeObject>(type: ResourceType<T>): Informer<T>;
  /** Ends the informer of a resource that is served no more; the next use starts a new one. */
  forget(type: ResourceType): void;
  stop(): Promise<void>;
}
