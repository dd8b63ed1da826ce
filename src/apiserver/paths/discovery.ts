// /api and /apis: what is served, in the old form and, for who asks for exactly that, aggregated.
import { notAcceptable, pathNotFound } from '../../apimachinery/status-error.ts';
import { AGGREGATED_CONTENT_TYPE, type DiscoveryDocuments, type Document } from '../discovery/documents.ts';
import { FORMATS, parseAccept } from '../negotiation.ts';
import { encodeValue } from '../represent.ts';
import { type ApiResult, header } from '../request.ts';
import { methodNotServed, type PathCall, type PathHandler, plainNotFound } from './path-table.ts';

export function discoveryPaths(discovery: () => DiscoveryDocuments): Record<string, PathHandler> {
  return {
    '/api': (call) => answer(call, discovery().legacyVersions, discovery().aggregatedCore),
    '/apis': (call) => answer(call, discovery().groupList, discovery().aggregatedGroups),
    '/api/': (call) => {
      const found = discovery().resources('', segments(call)[1] ?? '');
      if (!found) throw pathNotFound();
      return answer(call, found);
    },
    '/apis/': (call) => {
      const [, group = '', version] = segments(call);
      const known = discovery().group(group);
      if (!known) return plainNotFound();
      const found = version === undefined ? known : discovery().resources(group, version);
      if (!found) throw pathNotFound();
      return answer(call, found);
    },
  };
}

const segments = ({ info }: PathCall): string[] => info.path.split('/').filter((part) => part !== '');

type Wanted = 'aggregated' | 'application/json' | 'application/yaml';

/** Throws 406. The aggregated form has an ETag, so that it is not sent twice. */
function answer({ request }: PathCall, legacy: Document, aggregated?: Document): ApiResult {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotServed();
  const wanted = wantedForm(header(request, 'accept'), aggregated !== undefined);
  if (wanted === undefined) {
    throw notAcceptable(`only the following media types are accepted: ${Object.keys(FORMATS).join(', ')}`);
  }
  if (wanted !== 'aggregated' || !aggregated) {
    const yaml = wanted === 'application/yaml';
    const body = yaml ? encodeValue(legacy.object, { format: 'yaml', pretty: false }) : legacy.json;
    return { type: 'raw', status: 200, contentType: yaml ? wanted : 'application/json', body };
  }
  const headers = { etag: aggregated.etag, vary: 'Accept' };
  const known = header(request, 'if-none-match') === aggregated.etag;
  const body = known ? '' : aggregated.json;
  return { type: 'raw', status: known ? 304 : 200, contentType: AGGREGATED_CONTENT_TYPE, body, headers };
}

function wantedForm(accept: string | undefined, hasAggregated: boolean): Wanted | undefined {
  if (!accept) return 'application/json';
  const clauses = parseAccept(accept);
  const isAggregated = ({ type, parameters }: (typeof clauses)[number]) =>
    type === 'application/json' &&
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2' &&
    parameters.get('as') === 'APIGroupDiscoveryList';
  if (hasAggregated && clauses.some(isAggregated)) return 'aggregated';
  const plain = clauses.filter(({ parameters }) => !parameters.has('as'));
  for (const { type } of plain) {
    if (type === '*/*' || type === 'application/json') return 'application/json';
    if (type === 'application/yaml') return 'application/yaml';
  }
  return undefined;
}
