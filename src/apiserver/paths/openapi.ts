// /openapi/v2 and /openapi/v3: documents made when first asked for, by hash cacheable for ever. Version 2 comes as
// JSON or protobuf (k8s.io/kube-openapi pkg/handler/handler.go), version 3 as JSON.
import { parseAccept } from '../accept.ts';
import type { OpenapiDocument, OpenapiDocuments } from '../openapi/documents.ts';
import { type ApiRequest, type ApiResult, header } from '../request.ts';
import type { PathCall, PathHandler } from './path-table.ts';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** Media types that may be asked for and those that are sent; the name with an @ is no valid type, but the usual one. */
const V2_TYPES = new Map([
  [JSON_TYPE, JSON_TYPE],
  ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF_TYPE],
  [PROTOBUF_TYPE, PROTOBUF_TYPE],
]);
const V3_TYPES = new Map([[JSON_TYPE, JSON_TYPE]]);

export function openapiPaths(documents: () => OpenapiDocuments): Record<string, PathHandler> {
  return {
    '/openapi/v2': ({ request }) => {
      const type = chooseType(request, V2_TYPES);
      if (!type) return bare(406);
      const { json, hash } = documents().v2();
      // Both forms have the same ETag, as the answer varies by Accept.
      return cacheable(request, hash, {
        type,
        body: () => (type === PROTOBUF_TYPE ? documents().v2Protobuf() : json),
      });
    },
    // Upstream sends the index as it is to everybody, without saying what it is.
    '/openapi/v3': () => {
      const { json } = documents().index();
      return { type: 'raw', status: 200, contentType: 'text/plain; charset=utf-8', body: json };
    },
    '/openapi/v3/': (call) => {
      const path = call.info.path.slice('/openapi/v3/'.length).replace(/\/$/, '');
      const document = path === '' ? undefined : documents().v3(path);
      if (!document) return bare(404);
      const hash = call.request.query.get('hash');
      if (hash === null) return answer(call, document, {});
      if (hash === document.hash) return answer(call, document, { 'cache-control': 'public, immutable' });
      const location = `/openapi/v3/${path}?hash=${document.hash}`;
      return { type: 'raw', status: 301, contentType: 'application/json', body: '', headers: { location } };
    },
  };
}

/** Upstream answers these without a body. */
const bare = (status: number): ApiResult => ({ type: 'raw', status, contentType: '', body: '' });

function answer({ request }: PathCall, { json, hash }: OpenapiDocument, headers: Record<string, string>): ApiResult {
  const type = chooseType(request, V3_TYPES);
  return type ? cacheable(request, hash, { type, body: () => json, headers }) : bare(406);
}

/** What is sent for the first clause of Accept that fits. */
function chooseType(request: ApiRequest, offered: ReadonlyMap<string, string>): string | undefined {
  for (const { type, subtype } of parseAccept(header(request, 'accept') || '*/*')) {
    if (subtype === '*' && (type === '*' || type === 'application')) return JSON_TYPE;
    const sent = offered.get(`${type}/${subtype}`);
    if (sent) return sent;
  }
  return undefined;
}

interface Content {
  type: string;
  body(): string | Uint8Array;
  headers?: Record<string, string>;
}

function cacheable(request: ApiRequest, hash: string, { type, body, headers }: Content): ApiResult {
  const etag = JSON.stringify(hash);
  const known = header(request, 'if-none-match') === etag;
  return {
    type: 'raw',
    status: known ? 304 : 200,
    contentType: type,
    body: known ? '' : body(),
    headers: { etag, vary: 'Accept', ...headers },
  };
}
