// Where objects of a definition live in the store, and how a stored object looks in the definition's version.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { formatGroupVersion } from '../../apimachinery/meta.ts';
import type { GroupResource } from '../../apimachinery/status-error.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import type { StorageEntry } from '../../storage/storage.ts';

/** What says where objects are kept. */
export type Placed = Pick<ResourceDefinition, 'storage' | 'namespaced'>;

/** Prefix of all objects of a resource, or of those in one namespace; ends in '/'. */
export function collectionPrefix(definition: Placed, namespace: string | undefined): string {
  const base = `/${definition.storage.group || 'core'}/${definition.storage.resource}/`;
  return definition.namespaced && namespace ? `${base}${namespace}/` : base;
}

export const objectKey = (definition: Placed, namespace: string | undefined, name: string): string =>
  collectionPrefix(definition, namespace) + name;

export const groupResource = (definition: { group: string; plural: string }): GroupResource => ({
  group: definition.group,
  resource: definition.plural,
});

/** Refusals name a kind by the group that keeps it: an Event of events.k8s.io is core's (rest.objectMetaAndKind). */
export const keptKind = ({ storage, kind }: Pick<ResourceDefinition, 'storage' | 'kind'>) => ({
  group: storage.group,
  kind,
});

export const apiVersionOf = (definition: { group: string; version: string }): string => formatGroupVersion(definition);

/** True when the definition's version is the stored one, so that stored objects can be shown as they are. */
export const isStoredVersion = (d: Pick<ResourceDefinition, 'group' | 'version' | 'storage'>): boolean =>
  d.group === d.storage.group && d.version === d.storage.version;

/** The entry's object in the definition's version: the frozen stored one, or a fresh conversion. */
export function viewOf(definition: ResourceDefinition, entry: Pick<StorageEntry, 'object'>): AnyObject {
  const stored = entry.object as AnyObject;
  if (definition.views) return definition.views.of(stored);
  return isStoredVersion(definition) ? stored : definition.fromStorage(deepCopy(stored));
}

/** Has views of entries ready, where another program converts them. Rejects with a StatusError. */
export async function prepareViews(
  { views }: ResourceDefinition,
  entries: readonly Pick<StorageEntry, 'object'>[],
): Promise<void> {
  await views?.prepare?.(entries.map(({ object }) => object as AnyObject));
}

/** As viewOf, once it is ready. */
export async function readyView(
  definition: ResourceDefinition,
  entry: Pick<StorageEntry, 'object'>,
): Promise<AnyObject> {
  await prepareViews(definition, [entry]);
  return viewOf(definition, entry);
}

/** What encodings of a definition's views are kept under, besides their format. */
export const viewName = (definition: ResourceDefinition): string =>
  definition.edition ? `${apiVersionOf(definition)};${definition.edition}` : apiVersionOf(definition);
