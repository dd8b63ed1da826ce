// The one typed client: everything inside and outside this process that talks to the API uses it.
// Objects that come back over the loopback are the store's own, deeply frozen: copy before changing (structuredClone).
// Every method rejects with StatusError as the server answered it, or TransportError when there was no answer.
import type { ResourceType } from '../api/resource-type.ts';
import type { KubeObject, List, Status, WatchEvent } from '../apimachinery/meta.ts';

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  subresource?: string;
}

export interface ListQuery {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchQuery {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  sendInitialEvents?: boolean;
  allowWatchBookmarks?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export interface DeleteQuery {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, query?: ListQuery): Promise<List<T>>;
  /** Ends when the server closes it; ERROR events are thrown as StatusError. */
  watch<T extends KubeObject>(type: ResourceType<T>, query?: WatchQuery): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  /** metadata.resourceVersion in `object`, when there is one, must be the current one. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    patch: { type: PatchType; body: unknown; force?: boolean },
    options?: WriteOptions,
  ): Promise<T>;
  /** Resolves with the object when it still exists (finalizers, grace), else the Status. */
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    query?: DeleteQuery,
  ): Promise<T | Status>;
  deleteCollection<T extends KubeObject>(type: ResourceType<T>, query: ListQuery & DeleteQuery): Promise<void>;
  /** POST to a subresource of one object: binding, eviction, token, … Its answer is `R`. */
  createSubresource<R extends KubeObject>(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    subresource: string,
    body: KubeObject,
  ): Promise<R>;
}

/** There was no answer: refused, reset, aborted. */
export class TransportError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
  }
}
