// The resources served right now: the built-in ones, and those that CustomResourceDefinitions add at run time.
import type { ResourceDefinition } from '../api/definition.ts';
import { formatGroupVersion } from '../apimachinery/meta.ts';
import type { RequestInfo } from './request-info.ts';

export interface DefinitionCatalogue {
  all(): readonly ResourceDefinition[];
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  /** The apiVersions that what is stored in the same place is served in. */
  versionsOf(definition: Pick<ResourceDefinition, 'storage'>): readonly string[];
  /** Adds definitions, replacing those with the same group, version and plural. */
  put(definitions: readonly ResourceDefinition[]): void;
  remove(group: string, plural: string): void;
  /** Calls `changed` after each change. Returns how to stop. */
  subscribe(changed: () => void): () => void;
}

export function createCatalogue(initial: readonly ResourceDefinition[]): DefinitionCatalogue {
  const byResource = new Map<string, ResourceDefinition>();
  const byKind = new Map<string, ResourceDefinition>();
  const byPlace = new Map<string, readonly string[]>();
  const listeners = new Set<() => void>();
  const resourceKey = (group: string, version: string, plural: string) => `${group}/${version}/${plural}`;

  function put(definitions: readonly ResourceDefinition[]): void {
    for (const definition of definitions) {
      byResource.set(resourceKey(definition.group, definition.version, definition.plural), definition);
    }
    changed();
  }

  function changed(): void {
    byKind.clear();
    byPlace.clear();
    for (const definition of byResource.values()) {
      byKind.set(resourceKey(definition.group, definition.version, definition.kind), definition);
    }
    for (const listener of listeners) listener();
  }

  put(initial);
  return {
    all: () => [...byResource.values()],
    find: (group, version, plural) => byResource.get(resourceKey(group, version, plural)),
    findKind: (group, version, kind) => byKind.get(resourceKey(group, version, kind)),
    versionsOf({ storage }) {
      const key = `${storage.group}/${storage.resource}`;
      let versions = byPlace.get(key);
      if (!versions) {
        const same = [...byResource.values()].filter((one) => `${one.storage.group}/${one.storage.resource}` === key);
        versions = same.map(formatGroupVersion);
        byPlace.set(key, versions);
      }
      return versions;
    },
    put,
    remove(group, plural) {
      for (const [key, definition] of byResource) {
        if (definition.group === group && definition.plural === plural) byResource.delete(key);
      }
      changed();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Whether a request names a resource, and a subresource, that there is. */
export function isServed(
  catalogue: Pick<DefinitionCatalogue, 'find'>,
  { apiGroup, apiVersion, resource, subresource }: RequestInfo,
): boolean {
  const definition = catalogue.find(apiGroup, apiVersion, resource);
  return definition !== undefined && (subresource === '' || definition.subresources[subresource] !== undefined);
}
