// apiserver_request_total and apiserver_request_duration_seconds, which dashboards query.
import { Counter, Histogram, type Metrics } from '../metrics.ts';
import type { RequestObservation } from './pipeline.ts';

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 8, 15, 30, 60];

export function createRequestMetrics(registry: Metrics): (observation: RequestObservation) => void {
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and answer.',
    labelNames: [...LABELS, 'code'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time until the answer was known; for watches until they were open.',
    labelNames: [...LABELS],
    buckets: BUCKETS,
    registers: [registry],
  });
  return ({ info, code, seconds }) => {
    const { apiGroup: group, apiVersion: version, resource, subresource } = info;
    const scope = info.name ? 'resource' : info.namespace ? 'namespace' : info.isResource ? 'cluster' : '';
    // Paths and names of resources that do not exist come from clients: they must not become label values.
    const known = code === 404 && !info.name ? {} : { group, version, resource, subresource };
    const labels = { verb: info.verb.toUpperCase(), scope, ...known };
    total.inc({ ...labels, code });
    duration.observe(labels, seconds);
  };
}
