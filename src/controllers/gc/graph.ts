// Who depends on whom, kept from what informers tell. An owner is known by its uid, whether it has been seen or not.
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { ServedResource } from '../served-resources.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export interface GraphNode {
  type: ServedResource;
  object: KubeObject;
}

export interface DependencyGraph {
  get(uid: string): GraphNode | undefined;
  dependentsOf(uid: string): GraphNode[];
  put(node: GraphNode): void;
  remove(uid: string): void;
}

export function createGraph(): DependencyGraph {
  const nodes = new Map<string, GraphNode>();
  const dependents = new Map<string, Set<string>>();

  function unlink(uid: string): void {
    for (const owner of nodes.get(uid)?.object.metadata.ownerReferences ?? []) {
      const set = dependents.get(owner.uid);
      set?.delete(uid);
      if (set?.size === 0) dependents.delete(owner.uid);
    }
  }

  return {
    get: (uid) => nodes.get(uid),
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])].flatMap((dependent) => nodes.get(dependent) ?? []),
    put(node) {
      const uid = node.object.metadata.uid as string;
      unlink(uid);
      nodes.set(uid, node);
      for (const owner of node.object.metadata.ownerReferences ?? []) {
        const set = dependents.get(owner.uid);
        if (set) set.add(uid);
        else dependents.set(owner.uid, new Set([uid]));
      }
    },
    remove(uid) {
      unlink(uid);
      nodes.delete(uid);
    },
  };
}

const isGoing = ({ object }: GraphNode): boolean => object.metadata.deletionTimestamp !== undefined;

const waitsWith = (node: GraphNode, finalizer: string): boolean =>
  isGoing(node) && (node.object.metadata.finalizers ?? []).includes(finalizer);

/** Goes as soon as its dependents have gone. */
export const isForeground = (node: GraphNode): boolean => waitsWith(node, FOREGROUND);

/** Goes as soon as its dependents have been let go. */
export const isOrphaning = (node: GraphNode): boolean => waitsWith(node, ORPHAN);

export const blocks = (dependent: GraphNode, ownerUid: string): boolean =>
  (dependent.object.metadata.ownerReferences ?? []).some((ref) => ref.uid === ownerUid && ref.blockOwnerDeletion);
