// What `tsukube/client` publishes (docs/client.md): the client for browsers, Node and other hosts that have fetch. Nothing
// here or behind it imports a module of Node's or a package; test/client/entries.test.ts sees to that.
// API types are published beside it as `tsukube/client/types/<group>/<version>`.
export { type ResourceType, resourceType, type Verb } from '../api/resource-type.ts';
export * from '../api/resources.ts';
export type { KubeObject, LabelSelector, List, ObjectMeta, Status, WatchEvent } from '../apimachinery/meta.ts';
export { hasReason, StatusError } from '../apimachinery/status-error.ts';
export { retryOnConflict } from './backoff.ts';
export {
  type Client,
  type DeleteQuery,
  type ListQuery,
  type PatchType,
  TransportError,
  type WatchQuery,
  type WriteOptions,
} from './client.ts';
export { createClient } from './create-client.ts';
export { type FetchTransportOptions, fetchTransport } from './fetch-transport.ts';
export type { Handler, Informer, InformerLog, Informers, Lister } from './informer.ts';
export { createRestMapper, type RestMapper, type ServedResource, UnknownResource } from './rest-mapper.ts';
export {
  type StandaloneInformersOptions as InformersOptions,
  standaloneInformers as createInformers,
} from './standalone-informers.ts';
export type { Transport, TransportRequest } from './transport.ts';
export { type WebSocketLike, type WebSocketTransportOptions, webSocketTransport } from './web-socket-transport.ts';
