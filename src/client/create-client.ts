// The Client over any Transport: turns a ResourceType and options into path, query, body and content type.
import type { ResourceType } from '../api/resource-type.ts';
import { formatGroupVersion, type KubeObject, type List, type Status, type WatchEvent } from '../apimachinery/meta.ts';
import { StatusError } from '../apimachinery/status-error.ts';
import type { Client, DeleteQuery, ListQuery, PatchType, WatchQuery, WriteOptions } from './client.ts';
import type { Transport } from './transport.ts';

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function createClient(transport: Transport): Client {
  async function write<T extends KubeObject>(
    method: 'POST' | 'PUT',
    path: string,
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const body = withKind(type, object);
    return (await transport.request({ method, path, query: writeQuery(options), body })) as T;
  }

  const client: Client = {
    async get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string) {
      return (await transport.request({ method: 'GET', path: objectPath(type, namespace, name) })) as T;
    },

    async list<T extends KubeObject>(type: ResourceType<T>, query: ListQuery = {}) {
      const answer = await transport.request({
        method: 'GET',
        path: resourcePath(type, query.namespace),
        query: listQuery(query),
      });
      const list = answer as unknown as List<T>;
      // Upstream leaves the kind out of a typed list's items; who handles an object alone needs it.
      return { ...list, items: (list.items ?? []).map((item) => withKind(type, item)) };
    },

    async *watch<T extends KubeObject>(type: ResourceType<T>, query: WatchQuery = {}) {
      const events = transport.stream({
        method: 'GET',
        path: resourcePath(type, query.namespace),
        query: watchQuery(query),
        ...(query.signal ? { signal: query.signal } : {}),
      });
      for await (const event of events) {
        if (event.type === 'ERROR') throw new StatusError(event.object as unknown as Status);
        yield event as WatchEvent<T>;
      }
    },

    create: (type, object, options = {}) => {
      const { name, namespace } = object.metadata;
      const path = options.subresource
        ? `${objectPath(type, namespace, name)}/${options.subresource}`
        : collectionPath(type, namespace);
      return write('POST', path, type, object, options);
    },

    update: (type, object, options = {}) => {
      const path = objectPath(type, object.metadata.namespace, object.metadata.name);
      return write('PUT', options.subresource ? `${path}/${options.subresource}` : path, type, object, options);
    },

    updateStatus: (type, object, options = {}) => client.update(type, object, { ...options, subresource: 'status' }),

    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      namespace: string | undefined,
      name: string,
      patch: { type: PatchType; body: unknown; force?: boolean },
      options: WriteOptions = {},
    ) {
      const path = objectPath(type, namespace, name);
      const query = writeQuery(options);
      if (patch.force !== undefined) query.set('force', String(patch.force));
      return (await transport.request({
        method: 'PATCH',
        path: options.subresource ? `${path}/${options.subresource}` : path,
        query,
        body: patch.body,
        contentType: PATCH_CONTENT_TYPES[patch.type],
      })) as T;
    },

    async delete<T extends KubeObject>(
      type: ResourceType<T>,
      namespace: string | undefined,
      name: string,
      query: DeleteQuery = {},
    ) {
      const path = objectPath(type, namespace, name);
      return (await transport.request({ method: 'DELETE', path, body: deleteOptions(query) })) as unknown as T | Status;
    },

    async deleteCollection(type, query) {
      await transport.request({
        method: 'DELETE',
        path: collectionPath(type, query.namespace),
        query: listQuery(query),
        body: deleteOptions(query),
      });
    },

    async createSubresource<R extends KubeObject>(
      type: ResourceType,
      namespace: string | undefined,
      name: string,
      subresource: string,
      body: KubeObject,
    ) {
      const path = `${objectPath(type, namespace, name)}/${subresource}`;
      return (await transport.request({ method: 'POST', path, body })) as R;
    },
  };
  return client;
}

/** Path of a list or watch; without a namespace it spans all of them. */
export function resourcePath(type: ResourceType, namespace?: string): string {
  const root = type.group ? `/apis/${formatGroupVersion(type)}` : `/api/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.plural}`;
}

function collectionPath(type: ResourceType, namespace: string | undefined): string {
  if (type.namespaced && !namespace) throw new TypeError(`${type.kind} is namespaced: set metadata.namespace`);
  return resourcePath(type, namespace);
}

function objectPath(type: ResourceType, namespace: string | undefined, name: string | undefined): string {
  if (!name) throw new TypeError(`a name is needed to address one ${type.kind}`);
  return `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`;
}

function withKind<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  if (object.kind && object.apiVersion) return object;
  return { apiVersion: formatGroupVersion(type), kind: type.kind, ...object };
}

function setAll(values: Record<string, string | number | boolean | undefined>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(key, String(value));
  }
  return query;
}

const writeQuery = (options: WriteOptions): URLSearchParams =>
  setAll({ dryRun: options.dryRun ? 'All' : undefined, fieldManager: options.fieldManager });

const listQuery = (query: ListQuery): URLSearchParams =>
  setAll({
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    limit: query.limit,
    continue: query.continue,
    resourceVersion: query.resourceVersion,
    resourceVersionMatch: query.resourceVersionMatch,
  });

const watchQuery = (query: WatchQuery): URLSearchParams =>
  setAll({
    watch: true,
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    resourceVersion: query.resourceVersion,
    sendInitialEvents: query.sendInitialEvents,
    // sendInitialEvents is refused without it (apimachinery, validation of ListOptions).
    resourceVersionMatch: query.sendInitialEvents === undefined ? undefined : 'NotOlderThan',
    allowWatchBookmarks: query.allowWatchBookmarks,
    timeoutSeconds: query.timeoutSeconds,
  });

const deleteOptions = (query: DeleteQuery) => ({
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  ...(query.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: query.gracePeriodSeconds }),
  ...(query.propagationPolicy ? { propagationPolicy: query.propagationPolicy } : {}),
  ...(query.preconditions ? { preconditions: query.preconditions } : {}),
});
