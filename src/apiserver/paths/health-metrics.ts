// /metrics/slis: how the checks of the server's health went (k8s.io/component-base/metrics/prometheus/slis).
import { Counter, createMetrics, Gauge } from '../../metrics.ts';
import type { PathHandler } from './path-table.ts';

export interface HealthMetrics {
  /** `root` is the path that was asked: /readyz. */
  observe(root: string, check: string, ok: boolean): void;
  handle: PathHandler;
}

export function createHealthMetrics(): HealthMetrics {
  const registry = createMetrics();
  const last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: '[STABLE] This metric records the result of a single healthcheck.',
    labelNames: ['name', 'type'],
    registers: [registry],
  });
  const total = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: '[STABLE] This metric records the results of all healthcheck.',
    labelNames: ['name', 'status', 'type'],
    registers: [registry],
  });
  return {
    observe(root, name, ok) {
      const type = root.slice(1);
      last.set({ name, type }, ok ? 1 : 0);
      total.inc({ name, type, status: ok ? 'success' : 'error' });
    },
    handle: async () => ({
      type: 'raw',
      status: 200,
      contentType: registry.contentType,
      body: await registry.metrics(),
    }),
  };
}
