// What /readyz and /metrics tell of the store.
import type { HealthCheck } from '../apiserver/paths/health.ts';
import { Gauge, type Metrics } from '../metrics.ts';
import { PROBLEMS } from '../storage/problems.ts';
import type { Storage } from '../storage/storage.ts';

/** Fails while something is wrong with the store, and says what. */
export const storeCheck = (storage: Pick<Storage, 'problems'>): HealthCheck => ({
  name: 'storage',
  check() {
    const problems = storage.problems();
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  },
});

/** apiserver_storage_size_bytes is upstream's (k8s.io/apiserver/pkg/storage/etcd3/metrics), which names its cluster so. */
export function observeStore(storage: Pick<Storage, 'problems' | 'stats'>, metrics: Metrics): void {
  const size = new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'Size of the storage database file physically allocated in bytes.',
    labelNames: ['storage_cluster_id'],
    registers: [metrics],
    async collect() {
      size.set({ storage_cluster_id: 'etcd-0' }, (await storage.stats()).bytes);
    },
  });
  const problem = new Gauge({
    name: 'tsukube_storage_problem',
    help: '1 while this is wrong with the store: full, quota, damaged, differs.',
    labelNames: ['problem'],
    registers: [metrics],
    collect() {
      const current = storage.problems().map(({ name }) => name);
      for (const name of PROBLEMS) problem.set({ problem: name }, current.includes(name) ? 1 : 0);
    },
  });
}
