// A request and its answer without a transport: what the HTTP front and the loopback both speak.
// Answers are values; the HTTP front encodes them as negotiated, the loopback hands them on as they are.
import type { Duplex, Readable } from 'node:stream';
import type { ResourceDefinition } from '../api/definition.ts';
import type { KubeObject, ListMeta } from '../apimachinery/meta.ts';
import type { StorageEntry } from '../storage/storage.ts';
import type { Ticket } from './fairness/flow-control.ts';
import type { Credentials, UserInfo } from './identity.ts';
import { MEDIA_TYPES, type MediaType, type Representation } from './negotiation.ts';
import type { WatchItem } from './registry/watch.ts';
import type { TableRows } from './table.ts';
import type { ReadYaml } from './yaml/long-yaml.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Who asks: known already (loopback), or credentials to be examined. */
  readonly identity: { user: UserInfo } | { credentials: Credentials };
  readonly body: RequestBody;
  /** Aborts when the caller has gone away. Made when it is looked at. */
  readonly signal: AbortSignal;
  /** Set when the caller asked for another protocol on this connection. */
  readonly upgrade?: UpgradeRequest;
}

export type RequestBody =
  | { kind: 'value'; value: unknown; contentType: string }
  | {
      kind: 'bytes';
      contentType: string | undefined;
      /** What the server speaks, in bodies and answers; undefined for the usual ones. */
      mediaTypes?: readonly MediaType[];
      readYaml: ReadYaml;
      read(): Promise<Uint8Array>;
      stream(): Readable;
    };

export const mediaTypesOf = ({ body }: Pick<ApiRequest, 'body'>): readonly MediaType[] =>
  (body.kind === 'bytes' && body.mediaTypes) || MEDIA_TYPES;

/** A connection whose HTTP/1.1 request asked for an upgrade; not answered yet. */
export interface UpgradeRequest {
  readonly socket: Duplex;
  /** Bytes that came after the request's head. */
  readonly head: Buffer;
  /** The request's head as it came, for passing on. */
  readonly rawHeaders: readonly string[];
}

/** What a handler answers. */
export type ApiResult =
  | ObjectResult
  | EntryResult
  | ListResult
  | WatchResult
  | { type: 'raw'; status: number; contentType: string; body: string | Uint8Array; headers?: Record<string, string> }
  | { type: 'stream'; status: number; headers: Record<string, string | string[]>; body: Readable }
  /** The handler has taken over the socket of an upgrade. */
  | { type: 'upgraded' };

export interface ObjectResult {
  type: 'object';
  status: number;
  object: KubeObject;
  /** Set when the object is one of this definition's, so that it can be shown as a table row. */
  definition?: ResourceDefinition;
  /** Set when the object is shown as a table of several rows. */
  rows?: TableRows;
  /** Wall-clock milliseconds as of which ages are reckoned; now when not set. */
  at?: number;
}

/** What an entry holds, in a definition's version: an object only where none of its kept encodings will do. */
export interface EntryResult {
  type: 'entry';
  status: number;
  definition: ResourceDefinition;
  entry: StorageEntry;
  /** As of an object's. */
  at?: number;
}

export interface ListResult {
  type: 'list';
  definition: ResourceDefinition;
  metadata: ListMeta;
  entries: readonly StorageEntry[];
  /** Wall-clock milliseconds as of which ages are reckoned; now when not set. */
  at?: number;
}

export interface WatchResult {
  type: 'watch';
  definition: ResourceDefinition;
  /** Batches in order; the consumer pulls, so a slow one holds up nobody else. */
  batches: AsyncIterable<readonly WatchItem[]>;
}

/** `representation` is how the caller wants it; only resources have one. */
export interface Answer {
  result: ApiResult;
  representation?: Representation;
}

export interface ApiResponse extends Answer {
  /** Texts for Warning headers. */
  warnings: readonly string[];
  auditId: string;
  /** Which flow schema and priority level the request fell under; none for long-running ones. */
  ticket?: Pick<Ticket, 'flowSchemaUid' | 'priorityLevelUid'>;
}

export const header = (request: Pick<ApiRequest, 'headers'>, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};
