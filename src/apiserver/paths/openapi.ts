// /openapi/v2 and /openapi/v3: the documents of what is served now. A document's URL carries its hash, so that a
// client may keep it for ever; another hash is sent on to the right one (k8s.io/kube-openapi/pkg/handler3).
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { notAcceptable, pathNotFound } from '../../apimachinery/status-error.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import { parseAccept } from '../negotiation.ts';
import { type OpenapiDocument, type OpenapiDocuments, openapiDocuments } from '../openapi/documents.ts';
import { type ApiResult, header } from '../request.ts';
import type { PathCall, PathHandler } from './path-table.ts';

const V3 = '/openapi/v3';
const JSON_TYPE = 'application/json';

export function openapiPaths(catalogue: DefinitionCatalogue, types: SchemaSet): Readonly<Record<string, PathHandler>> {
  let documents: OpenapiDocuments | undefined;
  catalogue.subscribe(() => {
    documents = undefined;
  });
  const current = (): OpenapiDocuments => {
    documents ??= openapiDocuments(catalogue.all(), types);
    return documents;
  };
  return {
    '/openapi/v2': (call) => answer(call, current().v2()),
    [V3]: (call) => answer(call, current().index()),
    [`${V3}/`]: (call) => {
      const path = call.info.path.slice(V3.length + 1).replace(/\/$/, '');
      const found = current().v3(path);
      if (!found) throw pathNotFound();
      const wanted = call.request.query.get('hash');
      if (wanted !== null && wanted !== found.hash) {
        const location = `${V3}/${path}?hash=${found.hash}`;
        return { type: 'raw', status: 301, contentType: JSON_TYPE, body: '', headers: { location } };
      }
      return answer(call, found, wanted === null ? {} : { 'cache-control': 'public, immutable' });
    },
  };
}

function answer({ request }: PathCall, document: OpenapiDocument, headers: Record<string, string> = {}): ApiResult {
  const accept = header(request, 'accept');
  const asJson = !accept || parseAccept(accept).some(({ type }) => ['*/*', 'application/*', JSON_TYPE].includes(type));
  if (!asJson) throw notAcceptable('only the following media types are accepted: application/json');
  const etag = `"${document.hash}"`;
  const all = { etag, vary: 'Accept', ...headers };
  if (header(request, 'if-none-match') === etag) {
    return { type: 'raw', status: 304, contentType: JSON_TYPE, body: '', headers: all };
  }
  return { type: 'raw', status: 200, contentType: JSON_TYPE, body: document.json, headers: all };
}
