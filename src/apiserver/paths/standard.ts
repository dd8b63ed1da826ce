// The table of paths that are no resources.

import { pathNotFound } from '../../apimachinery/status-error.ts';
import type { Metrics } from '../../metrics.ts';
import type { ServiceAccountTokens } from '../authentication/tokens.ts';
import { AGGREGATED_CONTENT_TYPE, type DiscoveryDocuments, type Document } from '../discovery/documents.ts';
import { parseAccept } from '../negotiation.ts';
import { type ApiResult, header } from '../request.ts';
import { type HealthCheck, healthHandler } from './health.ts';
import { createPathTable, type PathCall, type PathHandler, type PathTable } from './path-table.ts';
import { versionInfo } from './version.ts';

export interface StandardPathsOptions {
  discovery(): DiscoveryDocuments;
  tokens: ServiceAccountTokens;
  metrics: Metrics;
  /** Checks of /healthz and /livez, and those /readyz has besides. */
  live: readonly HealthCheck[];
  ready: readonly HealthCheck[];
  /** Further paths: OpenAPI. */
  more: Readonly<Record<string, PathHandler>>;
  issuer: string;
}

export function createStandardPaths(options: StandardPathsOptions): PathTable {
  const { discovery, live, tokens } = options;
  const health = () => live;
  const ready = () => [...live, ...options.ready];
  const routes: Record<string, PathHandler> = {
    '/version': () => json(versionInfo),
    '/healthz': healthHandler('/healthz', health),
    '/healthz/': healthHandler('/healthz', health),
    '/livez': healthHandler('/livez', health),
    '/livez/': healthHandler('/livez', health),
    '/readyz': healthHandler('/readyz', ready),
    '/readyz/': healthHandler('/readyz', ready),
    '/metrics': async () => ({
      type: 'raw',
      status: 200,
      contentType: options.metrics.contentType,
      body: await options.metrics.metrics(),
    }),
    '/api': (call) => either(call, discovery().legacyVersions, discovery().aggregatedCore),
    '/apis': (call) => either(call, discovery().groupList, discovery().aggregatedGroups),
    '/api/': ({ info }) => document(discovery().resources('', info.path.split('/')[2] ?? '')),
    '/apis/': ({ info }) => {
      const [group = '', version] = info.path
        .split('/')
        .slice(2)
        .filter((part) => part !== '');
      return document(version === undefined ? discovery().group(group) : discovery().resources(group, version));
    },
    '/': () =>
      json({
        paths: Object.keys(routes)
          .filter((path) => path !== '/')
          .toSorted(),
      }),
    '/openid/v1/jwks': () => json(tokens.jwks(), 'application/jwk-set+json'),
    '/.well-known/openid-configuration': () => json(tokens.openidConfiguration(`${options.issuer}/openid/v1/jwks`)),
    ...options.more,
  };
  return createPathTable(routes);
}

const json = (value: unknown, contentType = 'application/json'): ApiResult => ({
  type: 'raw',
  status: 200,
  contentType,
  body: `${JSON.stringify(value, null, 2)}\n`,
});

function document(found: Document | undefined): ApiResult {
  if (!found) throw pathNotFound();
  return { type: 'raw', status: 200, contentType: 'application/json', body: found.json };
}

/** The aggregated form for who asks for exactly it; with its ETag, so that it is not sent twice. */
function either({ request }: PathCall, legacy: Document, aggregated: Document): ApiResult {
  const wanted = parseAccept(header(request, 'accept') ?? '').find(
    ({ type, parameters }) =>
      type === '*/*' ||
      (type === 'application/json' &&
        (!parameters.has('as') ||
          (parameters.get('g') === 'apidiscovery.k8s.io' &&
            parameters.get('v') === 'v2' &&
            parameters.get('as') === 'APIGroupDiscoveryList'))),
  );
  if (!wanted?.parameters.has('as')) return document(legacy);
  const headers = { etag: aggregated.etag, vary: 'Accept' };
  if (header(request, 'if-none-match') === aggregated.etag) {
    return { type: 'raw', status: 304, contentType: AGGREGATED_CONTENT_TYPE, body: '', headers };
  }
  return { type: 'raw', status: 200, contentType: AGGREGATED_CONTENT_TYPE, body: aggregated.json, headers };
}
