// The resources a server serves, for controllers that deal with every kind. The API server's catalogue is one.
import type { Schema } from '../api/apiextensions/schema.ts';
import type { ResourceType } from '../api/definition.ts';
import { formatGroupVersion, type OwnerReference } from '../apimachinery/meta.ts';
import type { TypeSchema } from '../apimachinery/schema.ts';

export interface ServedResource extends ResourceType {
  readonly verbs: readonly string[];
  /** Where its objects live; versions of one type share it. */
  readonly storage: { readonly group: string; readonly resource: string };
  /** What its objects look like, where that is known: of a built-in type, or as its definition has it. */
  readonly schema?: TypeSchema;
  readonly customSchema?: Schema;
}

export interface ServedResources {
  all(): readonly ServedResource[];
  /** Returns how to stop. */
  subscribe(changed: () => void): () => void;
}

/** One type per kind of stored object that understands all `verbs`. */
export function distinct(resources: ServedResources, verbs: readonly string[]): ServedResource[] {
  const byPlace = new Map<string, ServedResource>();
  for (const resource of resources.all()) {
    const place = `${resource.storage.group}/${resource.storage.resource}`;
    // Of several groups that show the same objects (events) the one that stores them, of versions the first.
    const better = resource.group === resource.storage.group && byPlace.get(place)?.group !== resource.group;
    if (verbs.every((verb) => resource.verbs.includes(verb)) && (better || !byPlace.has(place))) {
      byPlace.set(place, resource);
    }
  }
  return [...byPlace.values()];
}

export const typeOfOwner = (resources: ServedResources, owner: OwnerReference): ServedResource | undefined =>
  resources.all().find((type) => type.kind === owner.kind && formatGroupVersion(type) === owner.apiVersion);
