// Who owns what: makes controller references, and adopts or releases objects as their labels say
// (k8s.io/kubernetes pkg/controller/controller_ref_manager.go). Ownership is by uid, never by name alone.
import type { ResourceType } from '../api/definition.ts';
import type { ParsedLabelSelector } from '../apimachinery/labels.ts';
import { controllerOf, formatGroupVersion, type KubeObject, type OwnerReference } from '../apimachinery/meta.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';

const BY_CONTROLLER = 'controllerUid';
const ORPHANS = 'orphansOfNamespace';

export const controllerRef = (type: ResourceType, owner: KubeObject): OwnerReference => ({
  apiVersion: formatGroupVersion(type),
  kind: type.kind,
  name: owner.metadata.name as string,
  uid: owner.metadata.uid as string,
  controller: true,
  blockOwnerDeletion: true,
});

/** Lets `controlledBy` and `orphansIn` be asked of the informer. */
export function indexByController(informer: Informer<KubeObject>): void {
  informer.addIndex(BY_CONTROLLER, (object) => {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : [];
  });
  informer.addIndex(ORPHANS, (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']));
}

export const controlledBy = <T extends KubeObject>(informer: Informer<T>, owner: KubeObject): T[] =>
  informer.lister.byIndex(BY_CONTROLLER, owner.metadata.uid ?? '');

export const orphansIn = <T extends KubeObject>(informer: Informer<T>, namespace: string): T[] =>
  informer.lister.byIndex(ORPHANS, namespace);

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  client: Client;
  ownerType: ResourceType<O>;
  owner: O;
  type: ResourceType<T>;
  selector: ParsedLabelSelector;
}

/** Those of `candidates` that are the owner's now: matching orphans are adopted, own ones that match no more released. */
export async function claim<O extends KubeObject, T extends KubeObject>(
  candidates: readonly T[],
  options: ClaimOptions<O, T>,
): Promise<T[]> {
  const { client, owner, ownerType, selector, type } = options;
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  let mayAdopt: Promise<void> | undefined;
  const claimed: T[] = [];

  for (const object of candidates) {
    const current = controllerOf(object);
    if (current && current.uid !== owner.metadata.uid) continue;
    const fits = selector.matches(object.metadata.labels);
    if (current && fits) claimed.push(object);
    else if (current && !leaving) await release(object);
    else if (!current && fits && !leaving && !object.metadata.deletionTimestamp) {
      mayAdopt ??= recheck();
      await mayAdopt;
      if (await adopt(object)) claimed.push(object);
    }
  }
  return claimed;

  /** The cache may not know yet that the owner goes; adopting then would delete what a user wanted to keep (#42639). */
  async function recheck(): Promise<void> {
    const fresh = await client.get(ownerType, owner.metadata.namespace, owner.metadata.name as string);
    const what = `${ownerType.kind} ${owner.metadata.namespace}/${owner.metadata.name}`;
    if (fresh.metadata.uid !== owner.metadata.uid)
      throw new Error(`${what} was replaced meanwhile; nothing is adopted`);
    if (fresh.metadata.deletionTimestamp) throw new Error(`${what} is being deleted; nothing is adopted`);
  }

  async function adopt(object: T): Promise<boolean> {
    const { uid, ownerReferences = [] } = object.metadata;
    const wanted = [
      ...ownerReferences.filter((ref) => ref.uid !== owner.metadata.uid),
      controllerRef(ownerType, owner),
    ];
    return patchMetadata(object, { uid, ownerReferences: wanted });
  }

  async function release(object: T): Promise<void> {
    const { uid, ownerReferences = [] } = object.metadata;
    await patchMetadata(object, {
      uid,
      ownerReferences: ownerReferences.filter((ref) => ref.uid !== owner.metadata.uid),
    });
  }

  /** The uid and version in the patch make it fail for an object made anew or changed; false when it has gone. */
  async function patchMetadata(object: T, metadata: object): Promise<boolean> {
    const { namespace, name, resourceVersion } = object.metadata;
    try {
      const body = { metadata: { resourceVersion, ...metadata } };
      await client.patch(type, namespace, name as string, { type: 'merge', body });
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound') || hasReason(error, 'Invalid')) return false;
      throw error;
    }
  }
}
