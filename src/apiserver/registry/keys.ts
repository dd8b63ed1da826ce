// Where objects of a definition live in the store, and how a stored object looks in the definition's version.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { formatGroupVersion } from '../../apimachinery/meta.ts';
import type { GroupResource } from '../../apimachinery/status-error.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import type { StorageEntry } from '../../storage/storage.ts';

type Placed = Pick<ResourceDefinition, 'storage' | 'namespaced'>;

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

export const apiVersionOf = (definition: { group: string; version: string }): string => formatGroupVersion(definition);

/** True when the definition's version is the stored one, so that stored objects can be shown as they are. */
export const isStoredVersion = (d: Pick<ResourceDefinition, 'group' | 'version' | 'storage'>): boolean =>
  d.group === d.storage.group && d.version === d.storage.version;

/** The entry's object in the definition's version: the frozen stored one, or a fresh conversion. */
export function viewOf(definition: ResourceDefinition, entry: Pick<StorageEntry, 'object'>): AnyObject {
  const stored = entry.object as AnyObject;
  // A custom resource may have been stored when another of its versions was the one to store.
  const asStored = isStoredVersion(definition) && (!definition.fit || stored.apiVersion === apiVersionOf(definition));
  return asStored ? stored : definition.fromStorage(deepCopy(stored));
}
