// How a client's request reaches a server. Two ways: loopback (same process, same pipeline, no encoding)
// and HTTPS. One conformance list tests both.
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';

export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, e.g. /api/v1/namespaces/default/pods */
  path: string;
  query?: URLSearchParams;
  /** A value, not bytes: the loopback passes it on, HTTPS encodes it as JSON. */
  body?: unknown;
  /** Default application/json. */
  contentType?: string;
  /** Another form of the answer, over HTTPS only: a Table, aggregated discovery. Default application/json. */
  accept?: string;
  signal?: AbortSignal;
}

export interface Transport {
  /** Resolves with the decoded body of a 2xx; rejects with StatusError or TransportError. */
  request(request: TransportRequest): Promise<KubeObject>;
  /** A watch; ends when the server ends it or the signal aborts. */
  stream(request: TransportRequest): AsyncIterable<WatchEvent>;
}
