// The table of paths that are no resources.
import type { Clock } from '../../clock.ts';
import type { Metrics } from '../../metrics.ts';
import type { ServiceAccountTokens } from '../authentication/tokens.ts';
import type { DiscoveryDocuments } from '../discovery/documents.ts';
import { MEDIA_TYPES, requireRoute } from '../negotiation.ts';
import { type ApiResult, header } from '../request.ts';
import { discoveryPaths } from './discovery.ts';
import { type HealthCheck, healthHandler } from './health.ts';
import { createHealthMetrics } from './health-metrics.ts';
import { createPathTable, type PathHandler, type PathTable, type Route } from './path-table.ts';
import { versionInfo } from './version.ts';
import { flagzHandler, statuszHandler } from './zpages.ts';

export interface StandardPathsOptions {
  discovery(): DiscoveryDocuments;
  tokens: ServiceAccountTokens;
  metrics: Metrics;
  /** Checks of /healthz and /livez, and those /readyz has besides. */
  live: readonly HealthCheck[];
  ready: readonly HealthCheck[];
  /** Further paths: OpenAPI. */
  more: Readonly<Record<string, PathHandler>>;
  /** Settings of the server, for /flagz; without secrets. */
  flags: Readonly<Record<string, string>>;
  clock: Clock;
  issuer: string;
}

export function createStandardPaths(options: StandardPathsOptions): PathTable {
  const { live, metrics, tokens } = options;
  const ready = [...live, ...options.ready];
  const reading: Record<string, PathHandler> = {
    '/version': ({ request }) => {
      requireRoute(header(request, 'accept'), { streams: false, mediaTypes: MEDIA_TYPES.slice(0, 1) });
      return json(versionInfo);
    },
    '/openid/v1/jwks': () => json(tokens.jwks(), 'application/jwk-set+json'),
    '/.well-known/openid-configuration': () => json(tokens.openidConfiguration(`${options.issuer}/openid/v1/jwks`)),
  };
  const healthMetrics = createHealthMetrics();
  const anyway: Record<string, PathHandler> = {
    '/flagz': flagzHandler(options.flags),
    '/statusz': statuszHandler({
      clock: options.clock,
      paths: ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'],
    }),
    '/metrics/slis': healthMetrics.handle,
    '/metrics': async () => ({
      type: 'raw',
      status: 200,
      contentType: metrics.contentType,
      body: await metrics.metrics(),
    }),
    ...options.more,
  };
  const checks = { '/healthz': live, '/livez': live, '/readyz': ready };
  const index = () =>
    json({ paths: [...new Set([...whole, ...singleChecks, ...options.discovery().paths])].toSorted() });
  const routes: Record<string, Route> = {
    '/': { handle: index, anyMethod: true },
    '/index.html': { handle: index, anyMethod: true },
    ...Object.fromEntries(Object.entries(reading).map(([path, handle]) => [path, { handle }])),
    ...Object.fromEntries(
      Object.entries(anyway).map(([path, handle]) => [path, { handle, anyMethod: true, exact: true }]),
    ),
    // They look at the method themselves: what is not there is 404 for all of them.
    ...Object.fromEntries(
      Object.entries(discoveryPaths(options.discovery)).map(([path, handle]) => [path, { handle, anyMethod: true }]),
    ),
  };
  for (const [path, list] of Object.entries(checks)) {
    const observe = (check: string, ok: boolean) => healthMetrics.observe(path, check, ok);
    const route = { handle: healthHandler(path, { checks: list, observe }), anyMethod: true, exact: true };
    routes[path] = route;
    routes[`${path}/`] = route;
  }
  const whole = Object.keys(routes).filter((path) => !path.endsWith('/') && path !== '/' && path !== '/index.html');
  const singleChecks = Object.entries(checks).flatMap(([path, list]) => list.map(({ name }) => `${path}/${name}`));
  return createPathTable(routes);
}

const json = (value: unknown, contentType = 'application/json'): ApiResult => ({
  type: 'raw',
  status: 200,
  contentType,
  body: JSON.stringify(value, null, 2),
});
