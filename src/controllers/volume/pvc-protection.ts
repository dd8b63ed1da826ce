// Lets a claim that is deleted go when no pod with a node uses it (pkg/controller/volume/pvcprotection).
import { persistentVolumeClaims, pods } from '../../api/resources.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { type Controller, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { isDeletedWith, removeFinalizer } from './finalizer.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';

export const pvcProtectionController = (): Controller => ({
  name: 'pvc-protection-controller',
  watches: [
    watchOf({
      resource: persistentVolumeClaims,
      toKeys: (claim) => (isDeletedWith(claim, FINALIZER) ? [keyOf(claim)] : []),
    }),
    watchOf({
      resource: pods,
      toKeys: (pod, { informers }) =>
        claimNames(pod).flatMap((name) => {
          const claim = informers.for(persistentVolumeClaims).lister.get(pod.metadata.namespace, name);
          return claim && isDeletedWith(claim, FINALIZER) ? [keyOf(claim)] : [];
        }),
    }),
  ],
  async reconcile(key, { informers, client }) {
    const { namespace, name } = splitKey(key);
    const claim = informers.for(persistentVolumeClaims).lister.get(namespace, name);
    if (!claim || !isDeletedWith(claim, FINALIZER)) return undefined;
    // Asked of the server: a pod that is not in the cache yet may use it.
    const { items } = await client.list(pods, namespace === undefined ? {} : { namespace });
    if (items.some((pod) => uses(pod, claim))) return undefined;
    await removeFinalizer(client, persistentVolumeClaims, { object: claim, finalizer: FINALIZER });
    return undefined;
  },
});

/** Of a generic ephemeral volume, the claim that is made for it. */
const ephemeralClaim = (pod: Pod, volume: string): string => `${pod.metadata.name}-${volume}`;

const claimNames = (pod: Pod): string[] =>
  (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => [
    ...(persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []),
    ...(ephemeral ? [ephemeralClaim(pod, name)] : []),
  ]);

/** A pod without a node does not: no kubelet starts it with a claim that is deleted. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName) return false;
  const { name } = claim.metadata;
  return (pod.spec.volumes ?? []).some(
    ({ name: volume, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === name ||
      (ephemeral !== undefined &&
        ephemeralClaim(pod, volume) === name &&
        controllerOf(claim)?.uid === pod.metadata.uid &&
        !isShutDown(pod)),
  );
}

/** Its containers have ended, and nothing but its own finalizers keep it. */
const isShutDown = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
