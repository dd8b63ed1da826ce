// The Prometheus registry of this process. Metric names are upstream's where upstream has the metric.
// Loaded part by part: the package's entry also loads its push gateway, cluster and OpenTelemetry (80 modules).
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';

export type Metrics = Registry;
export { Counter, Gauge, Histogram };

export const createMetrics = (): Metrics => new Registry();
