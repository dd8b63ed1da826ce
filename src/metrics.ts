// The Prometheus registry of this process. Metric names are upstream's where upstream has the metric.
// Loaded part by part: the package's entry also loads its push gateway, cluster and OpenTelemetry (80 modules).
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';

export type Metrics = Registry;
export { Counter, Gauge, Histogram };

export const createMetrics = (): Metrics => new Registry();

/** One line of a metric. */
export interface Sample {
  /** Where it is not the metric's own: that of a bucket, a sum, a count. */
  metricName?: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface SampledMetric {
  name: string;
  help: string;
  type: 'counter' | 'histogram';
  /** Asked at each scrape. */
  samples(): Sample[];
}

/** A metric that is counted elsewhere. The registry takes whatever has a name and `get`; its types want its own classes. */
export function registerSamples(registry: Metrics, { samples, ...about }: SampledMetric): void {
  const metric = { ...about, aggregator: 'sum', get: async () => ({ ...about, aggregator: 'sum', values: samples() }) };
  registry.registerMetric(metric as unknown as Counter);
}
