// What is not put back because someone makes it anew by himself, or because it would run again. Pure.
import { type AnyObject, controllerOf } from '../../apimachinery/meta.ts';
import type { ResourceName } from './restore.ts';

type Reason = string | undefined;
type Rule = (object: AnyObject, owned: Owned) => Reason;

interface Owned {
  /** Kind of the controller that owns it, when that is there or will be. */
  by: string | undefined;
}

/** Why `object` is left out; undefined when it is to be put back. `owners` are the uids of what is there or will be. */
export function leftOut(object: AnyObject, resource: ResourceName, owners: ReadonlySet<string>): Reason {
  const controller = controllerOf(object);
  const by = controller && owners.has(controller.uid) ? controller.kind : undefined;
  return RULES[`${resource.plural}.${resource.group}`]?.(object, { by });
}

/** Resources that hold nothing to put back, whatever their objects are. */
export const isNeverRestored = ({ group, plural }: ResourceName): boolean => NEVER.has(`${plural}.${group}`);

const NEVER = new Set(['events.', 'events.events.k8s.io', 'leases.coordination.k8s.io']);

/** endpointslice.kubernetes.io/managed-by of upstream's two controllers. */
const SLICE_CONTROLLERS = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']);

const madeBy = (by: string | undefined): Reason => (by ? `made anew by the ${by}` : undefined);

const RULES: Readonly<Record<string, Rule>> = {
  'pods.': ({ metadata, status }, { by }) => {
    if (metadata.annotations?.['kubernetes.io/config.mirror']) return 'made anew by the kubelet';
    if (by) return madeBy(by);
    const { phase } = (status ?? {}) as { phase?: string };
    return phase === 'Succeeded' || phase === 'Failed' ? 'it had ended, and would run again' : undefined;
  },
  'jobs.batch': ({ status }, { by }) => {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
    const ended = conditions.some(
      ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
    );
    if (ended) return 'it had ended, and would run again';
    return by === 'CronJob' ? 'the CronJob makes the next when it is due' : undefined;
  },
  'endpointslices.discovery.k8s.io': ({ metadata }, { by }) =>
    by || SLICE_CONTROLLERS.has(metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')
      ? madeBy(by ?? 'Service')
      : undefined,
  // The endpoints controller marks what is its own; without the mark somebody wrote them.
  'endpoints.': ({ metadata }) =>
    metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller' ||
    metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time']
      ? madeBy('Service')
      : undefined,
  'configmaps.': ({ metadata }) => (metadata.name === 'kube-root-ca.crt' ? 'made anew in every namespace' : undefined),
};
