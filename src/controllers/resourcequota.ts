// Keeps what ResourceQuotas say is used in step with what is there (k8s.io/kubernetes pkg/controller/resourcequota).
// Admission adds to it when something is made; this counts anew when something went away, when a quota changes, and
// now and then, for what was charged and then not written.
import { amountsOf, equal, mask, textsOf } from '../api/quota/amounts.ts';
import { changesClaimUsage } from '../api/quota/claims.ts';
import { type Counted, countUsage } from '../api/quota/count.ts';
import type { QuotaEvaluator } from '../api/quota/evaluator.ts';
import { quotaEvaluator } from '../api/quota/evaluators.ts';
import { hasEnded, isTerminating } from '../api/quota/pods.ts';
import { resourceQuotas } from '../api/resources.ts';
import type { Pod, ResourceQuota, Service } from '../api/types/core/v1.ts';
import type { AnyObject } from '../apimachinery/meta.ts';
import { type Controller, type ControllerContext, watchOf } from '../client/controller.ts';
import { keyOf, splitKey } from '../client/indexed-store.ts';
import { sameValue } from './same.ts';
import { distinct, type ServedResource, type ServedResources } from './served-resources.ts';

/** --resource-quota-sync-period of upstream. */
const RESYNC_MS = 300_000;
const NEEDED_VERBS = ['create', 'delete', 'list', 'watch'];

interface Followed {
  type: ServedResource;
  evaluator: QuotaEvaluator;
  synced: Promise<void>;
}

export function resourceQuotaController({ resources }: { resources: ServedResources }): Controller {
  const followed = new Map<string, Followed>();
  let stopped: Promise<void>;
  let recount: (namespace: string) => void;

  return {
    name: 'resourcequota-controller',
    watches: [
      watchOf({
        resource: resourceQuotas,
        // Its status is changed by admission and by this controller, its limits by people.
        toKeys: (quota, _context, old) => (old && sameValue(old.spec, quota.spec) ? [] : [keyOf(quota)]),
      }),
    ],

    setup(context, enqueue) {
      stopped = new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }));
      recount = (namespace) => {
        for (const quota of context.informers.for(resourceQuotas).lister.list(namespace)) enqueue(keyOf(quota));
      };
      follow(context);
      const unsubscribe = resources.subscribe(() => follow(context));
      context.signal.addEventListener('abort', unsubscribe, { once: true });
    },

    async reconcile(key, context) {
      const { client, informers, clock, signal } = context;
      const { namespace = '', name } = splitKey(key);
      const quota = informers.for(resourceQuotas).lister.get(namespace, name);
      if (!quota || quota.metadata.deletionTimestamp) return undefined;
      await Promise.race([Promise.all([...followed.values()].map(({ synced }) => synced)), stopped]);
      if (signal.aborted) return undefined;
      const counted = [...followed.values()].map(({ type, evaluator }) => ({
        evaluator,
        objects: () => informers.for(type).lister.list(namespace) as unknown as readonly AnyObject[],
      }));
      const status = countedStatus(quota, counted, clock.now());
      // Not over what admission wrote meanwhile: that is a conflict, and another count.
      if (status) await client.updateStatus(resourceQuotas, { ...quota, status });
      return { requeueAfter: RESYNC_MS };
    },
  };

  function follow(context: ControllerContext): void {
    const types = distinct(resources, NEEDED_VERBS).filter(({ namespaced }) => namespaced);
    const places = new Set(types.map(placeOf));
    for (const place of followed.keys()) if (!places.has(place)) followed.delete(place);
    for (const type of types) {
      const evaluator = quotaEvaluator(type);
      if (!evaluator || followed.has(placeOf(type))) continue;
      const informer = context.informers.for(type);
      followed.set(placeOf(type), { type, evaluator, synced: informer.synced });
      informer.addHandler({
        deleted: ({ metadata }) => recount(metadata.namespace ?? ''),
        updated: (object, old) => {
          if (frees(type, object as AnyObject, old as AnyObject, context.clock.now())) {
            recount(object.metadata.namespace ?? '');
          }
        },
      });
    }
  }
}

/** undefined: it says what is so. What nothing here can count stays as it is. */
function countedStatus(quota: ResourceQuota, resources: readonly Counted[], now: number): ResourceQuota['status'] {
  const { spec, status: before } = quota;
  const hard = spec?.hard ?? {};
  const all = new Map([...amountsOf(before?.used), ...countUsage(quota, resources, now)]);
  const used = mask(all, Object.keys(hard));
  const isSame = before?.used && sameValue(before.hard, hard) && equal(amountsOf(before.used), used);
  return isSame ? undefined : { hard, used: textsOf(used) };
}

const placeOf = ({ storage }: ServedResource): string => `${storage.group}/${storage.resource}`;

/** Whether an update may give something back (DefaultUpdateFilter of pkg/quota/v1/install). */
function frees(type: ServedResource, object: AnyObject, old: AnyObject, now: number): boolean {
  if (type.group !== '') return false;
  switch (type.plural) {
    case 'pods':
      return podFrees(object as unknown as Pod, old as unknown as Pod, now);
    case 'services':
      return (object as unknown as Service).spec?.type !== (old as unknown as Service).spec?.type;
    case 'persistentvolumeclaims':
      return changesClaimUsage(object, old);
    default:
      return false;
  }
}

function podFrees(pod: Pod, old: Pod, now: number): boolean {
  if (hasEnded(pod, now) !== hasEnded(old, now) || isTerminating(pod) !== isTerminating(old)) return true;
  const resources = ({ status }: Pod) =>
    [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((one) => [
      one.name,
      one.resources,
    ]);
  return !sameValue(resources(pod), resources(old));
}
