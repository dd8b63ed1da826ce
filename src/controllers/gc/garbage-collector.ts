// Deletes what has owners and none of them is there any more, and carries out foreground deletion and orphaning
// (k8s.io/kubernetes pkg/controller/garbagecollector). Keys are uids. Absence is never believed from a cache.
import type { OwnerReference } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Controller, ControllerContext } from '../../client/controller.ts';
import { distinct, type ServedResource, type ServedResources, typeOfOwner } from '../served-resources.ts';
import { blocks, createGraph, FOREGROUND, type GraphNode, isForeground, isOrphaning, ORPHAN } from './graph.ts';

const NEEDED_VERBS = ['list', 'watch', 'delete'];
/** Events come and go by themselves; upstream ignores them too. */
const IGNORED = new Set(['events']);

export function garbageCollector({ resources }: { resources: ServedResources }): Controller {
  const graph = createGraph();
  const followed = new Map<string, { type: ServedResource; synced: Promise<void> }>();
  let enqueue: (uid: string) => void;
  let stopped: Promise<void>;

  return {
    name: 'generic-garbage-collector',
    watches: [],
    concurrency: 10,

    setup(context, wake) {
      enqueue = wake;
      stopped = aborted(context.signal);
      followAll(context);
      const unsubscribe = resources.subscribe(() => followAll(context));
      context.signal.addEventListener('abort', unsubscribe, { once: true });
    },

    async reconcile(uid, context) {
      // What is not known yet could be a dependent to wait for or to let go.
      const current = distinct(resources, NEEDED_VERBS).map((type) => followed.get(placeOf(type))?.synced);
      await Promise.race([Promise.all(current), stopped]);
      const node = graph.get(uid);
      if (!node || context.signal.aborted) return undefined;
      if (isOrphaning(node)) await orphanDependents(node, context);
      else if (isForeground(node)) await finishForeground(node, context);
      else if (!node.object.metadata.deletionTimestamp) await deleteIfAbandoned(node, context);
      return undefined;
    },
  };

  function followAll(context: ControllerContext): void {
    const types = distinct(resources, NEEDED_VERBS);
    const places = new Set(types.map(placeOf));
    for (const [place, { type }] of followed) {
      if (places.has(place)) continue;
      followed.delete(place);
      context.informers.forget(type);
    }
    for (const type of types) {
      if (IGNORED.has(type.plural) || followed.has(placeOf(type))) continue;
      const informer = context.informers.for(type);
      followed.set(placeOf(type), { type, synced: informer.synced });
      informer.addHandler({
        added: (object) => seen({ type, object }),
        updated: (object) => seen({ type, object }),
        deleted: (object) => gone({ type, object }),
      });
    }
  }

  function seen(node: GraphNode): void {
    const { uid = '', namespace, ownerReferences = [] } = node.object.metadata;
    const before = graph.get(uid);
    graph.put(node);
    const doubtful = ownerReferences.some((owner) => {
      const known = knownOwner(owner, namespace);
      return !known || isForeground(known);
    });
    if (doubtful || isForeground(node) || isOrphaning(node)) enqueue(uid);
    if (isForeground(node) && !(before && isForeground(before))) enqueueDependents(uid);
    // An owner that waits may have been let go by this one.
    for (const owner of before?.object.metadata.ownerReferences ?? []) wakeWaiting(owner);
  }

  /** Found by uid, but only where and as what the reference says it is. */
  function knownOwner(owner: OwnerReference, namespace: string | undefined): GraphNode | undefined {
    const known = graph.get(owner.uid);
    if (!known || known.type.kind !== owner.kind || known.object.metadata.name !== owner.name) return undefined;
    return known.type.namespaced && known.object.metadata.namespace !== namespace ? undefined : known;
  }

  function gone({ object }: GraphNode): void {
    const uid = object.metadata.uid ?? '';
    graph.remove(uid);
    enqueueDependents(uid);
    for (const owner of object.metadata.ownerReferences ?? []) wakeWaiting(owner);
  }

  function enqueueDependents(uid: string): void {
    for (const dependent of graph.dependentsOf(uid)) enqueue(dependent.object.metadata.uid ?? '');
  }

  function wakeWaiting({ uid }: OwnerReference): void {
    const owner = graph.get(uid);
    if (owner && isForeground(owner)) enqueue(uid);
  }

  async function orphanDependents(node: GraphNode, context: ControllerContext): Promise<void> {
    const { uid = '' } = node.object.metadata;
    for (const dependent of graph.dependentsOf(uid)) await dropOwners(dependent, new Set([uid]), context);
    await dropFinalizer(node, ORPHAN, context);
  }

  async function finishForeground(node: GraphNode, context: ControllerContext): Promise<void> {
    const { uid = '' } = node.object.metadata;
    const blocking = graph.dependentsOf(uid).filter((dependent) => blocks(dependent, uid));
    if (blocking.length === 0) return dropFinalizer(node, FOREGROUND, context);
    for (const dependent of blocking) {
      if (!dependent.object.metadata.deletionTimestamp) enqueue(dependent.object.metadata.uid ?? '');
    }
  }

  async function deleteIfAbandoned(node: GraphNode, context: ControllerContext): Promise<void> {
    const latest = await read(node.type, node.object.metadata.namespace, node.object.metadata.name ?? '', context);
    const { uid, resourceVersion, namespace, name, ownerReferences = [], finalizers = [] } = latest?.metadata ?? {};
    if (!latest || uid !== node.object.metadata.uid || ownerReferences.length === 0) return;

    const solid: OwnerReference[] = [];
    const useless = new Set<string>();
    let waitedFor = false;
    for (const owner of ownerReferences) {
      const state = await ownerState(owner, namespace, context);
      if (state === 'unknowable') return;
      if (state === 'solid' || (state === 'foreground' && !owner.blockOwnerDeletion)) solid.push(owner);
      else useless.add(owner.uid);
      waitedFor ||= state === 'foreground';
    }
    if (solid.length > 0) {
      if (useless.size > 0) await dropOwners({ ...node, object: latest }, useless, context);
      return;
    }
    // Foreground carries over: an owner that waits also waits for what depends on this one.
    const foreground = (waitedFor && graph.dependentsOf(uid ?? '').length > 0) || finalizers.includes(FOREGROUND);
    const policy = finalizers.includes(ORPHAN) ? 'Orphan' : foreground ? 'Foreground' : 'Background';
    // Both preconditions: it must be what was judged, and as it was judged.
    const preconditions = { uid, resourceVersion };
    await context.client
      .delete(node.type, namespace, name as string, { propagationPolicy: policy, preconditions })
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  }

  /** An owner counts only with its uid, and for what lives in a namespace only in that one. */
  async function ownerState(
    owner: OwnerReference,
    namespace: string | undefined,
    context: ControllerContext,
  ): Promise<'solid' | 'foreground' | 'absent' | 'unknowable'> {
    const type = typeOfOwner(resources, owner);
    // A kind that is not served, or a namespace that is not told: nobody can say whether it is there.
    if (!type || (type.namespaced && !namespace)) return 'unknowable';
    const known = knownOwner(owner, namespace);
    if (known) return isForeground(known) ? 'foreground' : 'solid';
    const place = type.namespaced ? namespace : undefined;
    const live = await read(type, place, owner.name, context);
    if (live?.metadata.uid !== owner.uid) return 'absent';
    return isForeground({ type, object: live }) ? 'foreground' : 'solid';
  }
}

const placeOf = (type: ServedResource): string => `${type.storage.group}/${type.storage.resource}`;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function read(type: ServedResource, namespace: string | undefined, name: string, { client }: ControllerContext) {
  try {
    return await client.get(type, namespace, name);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** The uid in the patch keeps a namesake from being changed; the version, from losing another's change. */
async function patchMetadata(node: GraphNode, metadata: object, { client }: ControllerContext): Promise<void> {
  const { namespace, name, uid, resourceVersion } = node.object.metadata;
  const body = { metadata: { uid, resourceVersion, ...metadata } };
  await client.patch(node.type, namespace, name as string, { type: 'merge', body }).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
}

const dropOwners = (node: GraphNode, uids: ReadonlySet<string>, context: ControllerContext): Promise<void> => {
  const ownerReferences = (node.object.metadata.ownerReferences ?? []).filter((owner) => !uids.has(owner.uid));
  return patchMetadata(node, { ownerReferences }, context);
};

const dropFinalizer = (node: GraphNode, name: string, context: ControllerContext): Promise<void> => {
  const finalizers = (node.object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== name);
  return patchMetadata(node, { finalizers }, context);
};
