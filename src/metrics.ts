// The Prometheus registry of this process. Metric names are upstream's where upstream has the metric.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = Registry;
export { Counter, Gauge, Histogram };

export const createMetrics = (): Metrics => new Registry();
