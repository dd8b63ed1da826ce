// /openapi/v2 and /openapi/v3: documents made when first asked for, by hash cacheable for ever, as JSON or protobuf
// (k8s.io/kube-openapi pkg/handler and handler3).
import { parseAccept } from '../accept.ts';
import type { OpenapiDocument, OpenapiDocuments } from '../openapi/documents.ts';
import { type ApiRequest, type ApiResult, header } from '../request.ts';
import type { PathCall, PathHandler } from './path-table.ts';

const JSON_TYPE = 'application/json';

/** What is sent for a media type that is asked for; the name with an @ is no valid type, but the usual one. */
const typesOf = (version: 'v2' | 'v3'): ReadonlyMap<string, string> => {
  const protobuf = `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`;
  return new Map([
    [JSON_TYPE, JSON_TYPE],
    [`application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`, protobuf],
    [protobuf, protobuf],
  ]);
};
const V2_TYPES = typesOf('v2');
const V3_TYPES = typesOf('v3');

/** `remote` are the places of version 3 documents of other servers, which are asked for there. */
export function openapiPaths(
  documents: () => OpenapiDocuments,
  remote: () => Readonly<Record<string, string>> = () => ({}),
): Record<string, PathHandler> {
  return {
    '/openapi/v2': (call) => {
      const type = chooseType(call.request, V2_TYPES);
      if (!type) return bare(406);
      const document = documents().v2();
      const protobuf = () => documents().v2Protobuf();
      return cacheable(call, { document, type, protobuf, headers: {} });
    },
    // Upstream sends the index as it is to everybody, without saying what it is.
    '/openapi/v3': () => {
      const { json } = documents().index();
      return { type: 'raw', status: 200, contentType: 'text/plain; charset=utf-8', body: withPlaces(json, remote()) };
    },
    '/openapi/v3/': (call) => {
      const path = call.info.path.slice('/openapi/v3/'.length).replace(/\/$/, '');
      const document = path === '' ? undefined : documents().v3(path);
      if (!document) return bare(404);
      const hash = call.request.query.get('hash');
      if (hash !== null && hash !== document.hash) {
        const headers = { location: `/openapi/v3/${path}?hash=${document.hash}`, ...tagged(document) };
        return { type: 'raw', status: 301, contentType: JSON_TYPE, body: '', headers };
      }
      const type = chooseType(call.request, V3_TYPES);
      if (!type) return bare(406);
      const protobuf = () => documents().v3Protobuf(path) ?? new Uint8Array();
      const headers: Record<string, string> = hash === null ? {} : { 'cache-control': 'public, immutable' };
      return cacheable(call, { document, type, protobuf, headers });
    },
  };
}

function withPlaces(index: string, remote: Readonly<Record<string, string>>): string {
  const places = Object.entries(remote);
  if (places.length === 0) return index;
  const { paths, ...rest } = JSON.parse(index) as { paths: Record<string, object> };
  for (const [name, serverRelativeURL] of places) paths[name] = { serverRelativeURL };
  return JSON.stringify({ ...rest, paths });
}

/** Upstream answers these without a body. */
const bare = (status: number): ApiResult => ({ type: 'raw', status, contentType: '', body: '' });

/** What is sent for the first clause of Accept that fits. */
function chooseType(request: ApiRequest, offered: ReadonlyMap<string, string>): string | undefined {
  for (const { type, subtype } of parseAccept(header(request, 'accept') || '*/*')) {
    if (subtype === '*' && (type === '*' || type === 'application')) return JSON_TYPE;
    const sent = offered.get(`${type}/${subtype}`);
    if (sent) return sent;
  }
  return undefined;
}

const tagged = ({ hash }: OpenapiDocument) => ({ etag: JSON.stringify(hash), vary: 'Accept' });

interface Content {
  document: OpenapiDocument;
  type: string;
  protobuf(): Uint8Array;
  headers: Record<string, string>;
}

/** Both forms have the same ETag, as the answer varies by Accept. JSON goes out packed as it is kept, if it may. */
function cacheable({ request }: PathCall, { document, type, protobuf, headers }: Content): ApiResult {
  const all = { ...tagged(document), ...headers };
  if (header(request, 'if-none-match') === all.etag) {
    return { type: 'raw', status: 304, contentType: '', body: '', headers: all };
  }
  const answer = { type: 'raw', status: 200, contentType: type } as const;
  if (type !== JSON_TYPE) return { ...answer, body: protobuf(), headers: all };
  if (!/\bgzip\b/.test(header(request, 'accept-encoding') ?? '')) {
    return { ...answer, body: document.json, headers: all };
  }
  const packed = { ...all, vary: `Accept-Encoding, ${all.vary}`, 'content-encoding': 'gzip' };
  return { ...answer, body: document.gzip, headers: packed };
}
