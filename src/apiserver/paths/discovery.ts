// /api and /apis: what is served, in the old form and, for who asks for exactly that, aggregated.
import type { KubeObject } from '../../apimachinery/meta.ts';
import { pathNotFound } from '../../apimachinery/status-error.ts';
import { parseAccept } from '../accept.ts';
import { AGGREGATED_CONTENT_TYPE, type DiscoveryDocuments, type Document } from '../discovery/documents.ts';
import { negotiate, requireRoute } from '../negotiation.ts';
import { encodingOf } from '../represent.ts';
import { type ApiResult, header, mediaTypesOf } from '../request.ts';
import { methodNotServed, type PathCall, type PathHandler, plainNotFound } from './path-table.ts';

export function discoveryPaths(discovery: () => DiscoveryDocuments): Record<string, PathHandler> {
  return {
    '/api': (call) => answer(reading(call), discovery().legacyVersions, discovery().aggregatedCore),
    '/apis': (call) => answer(call, discovery().groupList, discovery().aggregatedGroups),
    '/api/': (call) => {
      const found = discovery().resources('', segments(call)[1] ?? '');
      if (!found) throw pathNotFound();
      return answer(reading(call), found);
    },
    '/apis/': (call) => {
      const [, group = '', version] = segments(call);
      const known = discovery().group(group);
      if (!known) return plainNotFound();
      if (version === undefined) return answer(call, known);
      const found = discovery().resources(group, version);
      if (!found) throw pathNotFound();
      return answer(found.isCustom ? call : reading(call), found);
    },
  };
}

/** Groups are listed to any method and by other rules; versions and their resources are go-restful's. */
function reading(call: PathCall): PathCall {
  const { request } = call;
  if (request.method !== 'GET') throw methodNotServed();
  requireRoute(header(request, 'accept'), { streams: false, mediaTypes: mediaTypesOf(request) });
  return call;
}

const segments = ({ info }: PathCall): string[] => info.path.split('/').filter((part) => part !== '');

/** Throws 406. The aggregated form has an ETag, so that it is not sent twice. */
function answer({ request }: PathCall, legacy: Document, aggregated?: Document): ApiResult {
  const accept = header(request, 'accept');
  if (!aggregated || !asksForAggregated(accept ?? '')) {
    const wanted = negotiate({
      accept,
      userAgent: header(request, 'user-agent'),
      query: request.query,
      shapes: [],
      mediaTypes: mediaTypesOf(request),
    });
    const isKept = wanted.format === 'json' && !wanted.pretty;
    const body = isKept ? legacy.json : Buffer.concat(encodingOf(wanted).value(legacy.object as KubeObject));
    return { type: 'raw', status: 200, contentType: wanted.mediaType, body };
  }
  const headers = { etag: aggregated.etag, vary: 'Accept', 'cache-control': 'public' };
  if (header(request, 'if-none-match') === aggregated.etag) {
    return { type: 'raw', status: 304, contentType: '', body: '', headers };
  }
  return { type: 'raw', status: 200, contentType: AGGREGATED_CONTENT_TYPE, body: aggregated.json, headers };
}

const asksForAggregated = (accept: string): boolean =>
  parseAccept(accept).some(
    ({ type, subtype, parameters }) =>
      `${type}/${subtype}` === 'application/json' &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('v') === 'v2' &&
      parameters.get('as') === 'APIGroupDiscoveryList',
  );
