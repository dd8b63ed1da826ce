// Empties a namespace that is being deleted, then lets it go (k8s.io/kubernetes pkg/controller/namespace). It is woken by
// the deletion of what still was there, not by a timer.
import { namespaces } from '../../api/resources.ts';
import type { Namespace } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { sameValue } from '../same.ts';
import { distinct, type ServedResource, type ServedResources } from '../served-resources.ts';
import { type Remains, terminationConditions } from './conditions.ts';

const FINALIZER = 'kubernetes';

export function namespaceController({ resources }: { resources: ServedResources }): Controller {
  /** Resources whose deletions wake us; those that once were in the way of a namespace. */
  const followed = new Set<string>();
  let wake: (namespace: string) => void;

  return {
    name: 'namespace-controller',
    watches: [watchOf({ resource: namespaces, toKeys: (namespace) => [namespace.metadata.name ?? ''] })],
    setup(_context, enqueue) {
      wake = enqueue;
    },

    async reconcile(name, context) {
      const namespace = context.informers.for(namespaces).lister.get(undefined, name);
      const finalizers = namespace?.spec?.finalizers ?? [];
      if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return undefined;
      let remains = await deleteContent(name, context);
      // What went between the look and the first event of a new informer would not be told: look once more.
      if (await follow(remains, context)) remains = await deleteContent(name, context);
      const current = await saveConditions(namespace, remains, context);
      if (remains.failures.length > 0) throw remains.failures[0];
      if (remains.resources.length > 0) return undefined;
      const spec = { ...current.spec, finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER) };
      await context.client
        .update(namespaces, { ...current, spec }, { subresource: 'finalize' })
        .catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
      return undefined;
    },
  };

  async function deleteContent(namespace: string, { client }: ControllerContext): Promise<Remains> {
    const remains: Remains = { resources: [], finalizers: new Map(), failures: [] };
    const types = distinct(resources, ['list', 'delete']).filter((type) => type.namespaced);
    await Promise.all(types.map((type) => empty(type)));
    return remains;

    async function empty(type: ServedResource): Promise<void> {
      try {
        let items = (await client.list(type, { namespace })).items;
        if (items.length === 0) return;
        if (type.verbs.includes('deletecollection')) {
          await client.deleteCollection(type, { namespace, propagationPolicy: 'Background' });
        } else {
          for (const item of items) await remove(type, item.metadata.name as string);
        }
        items = (await client.list(type, { namespace })).items;
        if (items.length > 0) remains.resources.push({ type, count: items.length });
        for (const finalizer of items.flatMap((item) => item.metadata.finalizers ?? [])) {
          remains.finalizers.set(finalizer, (remains.finalizers.get(finalizer) ?? 0) + 1);
        }
      } catch (error) {
        // A resource that is served no more has nothing to delete.
        if (!hasReason(error, 'NotFound') && !hasReason(error, 'MethodNotAllowed')) remains.failures.push(error);
      }
    }

    async function remove(type: ServedResource, name: string): Promise<void> {
      await client.delete(type, namespace, name, { propagationPolicy: 'Background' }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
    }
  }

  /** True when a resource is followed now that was not before. */
  async function follow(remains: Remains, { informers }: ControllerContext): Promise<boolean> {
    const fresh = remains.resources.filter(({ type }) => !followed.has(`${type.group}/${type.plural}`));
    for (const { type } of fresh) {
      followed.add(`${type.group}/${type.plural}`);
      const informer = informers.for(type);
      informer.addHandler({ deleted: (object) => wake(object.metadata.namespace ?? '') });
      await informer.synced;
    }
    return fresh.length > 0;
  }

  async function saveConditions(
    namespace: Namespace,
    remains: Remains,
    context: ControllerContext,
  ): Promise<Namespace> {
    const { client, clock } = context;
    const conditions = terminationConditions(namespace.status?.conditions ?? [], remains, clock);
    if (sameValue(conditions, namespace.status?.conditions)) return namespace;
    return client.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, conditions } });
  }
}
