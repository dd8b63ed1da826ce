// /openapi/v2 and /openapi/v3: documents made when first asked for, by hash cacheable for ever.
import { parseAccept } from '../negotiation.ts';
import type { OpenapiDocument, OpenapiDocuments } from '../openapi/documents.ts';
import { type ApiResult, header } from '../request.ts';
import type { PathCall, PathHandler } from './path-table.ts';

export function openapiPaths(documents: () => OpenapiDocuments): Record<string, PathHandler> {
  return {
    '/openapi/v2': (call) => answer(call, documents().v2(), {}),
    '/openapi/v3': (call) => answer(call, documents().index(), {}),
    '/openapi/v3/': (call) => {
      const path = call.info.path.slice('/openapi/v3/'.length).replace(/\/$/, '');
      const document = documents().v3(path);
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

function answer({ request }: PathCall, { json, hash }: OpenapiDocument, extra: Record<string, string>): ApiResult {
  const accept = header(request, 'accept');
  if (accept && !parseAccept(accept).some(({ type }) => ['application/json', 'application/*', '*/*'].includes(type))) {
    return bare(406);
  }
  const etag = JSON.stringify(hash);
  const headers = { etag, vary: 'Accept', ...extra };
  const status = header(request, 'if-none-match') === etag ? 304 : 200;
  return { type: 'raw', status, contentType: 'application/json', body: status === 304 ? '' : json, headers };
}
