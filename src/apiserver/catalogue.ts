// The resources served right now: the built-in ones, and those that CustomResourceDefinitions add at run time.
import type { ResourceDefinition } from '../api/definition.ts';

export interface DefinitionCatalogue {
  all(): readonly ResourceDefinition[];
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  hasGroup(group: string): boolean;
  /** Adds definitions, replacing those with the same group, version and plural. */
  put(definitions: readonly ResourceDefinition[]): void;
  remove(group: string, plural: string): void;
  /** Calls `changed` after each change. Returns how to stop. */
  subscribe(changed: () => void): () => void;
}

export function createCatalogue(initial: readonly ResourceDefinition[]): DefinitionCatalogue {
  const byResource = new Map<string, ResourceDefinition>();
  const byKind = new Map<string, ResourceDefinition>();
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
    hasGroup: (group) => byResource.values().some((definition) => definition.group === group),
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
