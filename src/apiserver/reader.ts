// Synchronous reads of current state for the server's own needs (RBAC, admission, allocation): straight from
// the store's memory, no request. Objects are frozen and in storage version.
import type { ResourceType } from '../api/definition.ts';
import type { KubeObject } from '../apimachinery/meta.ts';

export interface ObjectReader {
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): T[];
  /** Calls `changed` after each committed change of the resource. Returns how to stop. */
  subscribe(type: ResourceType, changed: (object: KubeObject, deleted: boolean) => void): () => void;
}
