// The checks of /healthz, /livez and /readyz, under upstream's names where upstream has the same thing to ask.
import type { Storage } from '../../storage/storage.ts';
import type { HealthCheck } from './health.ts';

export interface HealthChecks {
  /** Of /healthz and /livez. */
  live: readonly HealthCheck[];
  /** Of /readyz besides. */
  ready: readonly HealthCheck[];
}

export interface HealthChecksOptions {
  storage: Pick<Storage, 'stats'>;
  startChecks?: readonly HealthCheck[];
  readyChecks?: readonly HealthCheck[];
  stopping: AbortSignal;
}

export function healthChecks({ storage, startChecks, readyChecks, stopping }: HealthChecksOptions): HealthChecks {
  const answers = async () => void (await storage.stats());
  const goesOn = () => {
    if (stopping.aborted) throw new Error('process is shutting down');
  };
  return {
    live: [
      // That they are answered at all is what these two ask: the log is written in this process.
      { name: 'ping', check: () => undefined },
      { name: 'log', check: () => undefined },
      { name: 'etcd', check: answers },
      ...(startChecks ?? []),
    ],
    ready: [
      { name: 'etcd-readiness', check: answers },
      // There is no cache beside the store that could lag behind it.
      { name: 'informer-sync', check: answers },
      ...(readyChecks ?? []),
      { name: 'shutdown', check: goesOn },
    ],
  };
}

/** Steps of a start that upstream names, and that are taken here by writing the objects every cluster has. */
const START_STEPS = [
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
];

/** `done`: whether they have been taken. */
export const startChecks = (done: () => boolean): HealthCheck[] =>
  START_STEPS.map((name) => ({
    name,
    check() {
      if (!done()) throw new Error('not finished');
    },
  }));
