// Definitions by their names, for tests.
import type { ResourceDefinition } from '../../src/api/definition.ts';
import { builtinDefinitions } from '../../src/api/index.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';

/** 'pods', 'apps/v1/deployments' */
export function definitionOf(id: string): ResourceDefinition {
  const [plural, version = 'v1', group = ''] = id.split('/').reverse();
  const found = builtinDefinitions().find((d) => d.group === group && d.version === version && d.plural === plural);
  if (!found) throw new Error(`no definition ${id}`);
  return found;
}

/** The object with its defaults, as the server would hold it after a create. */
export function created(id: string, object: object, now = 0): AnyObject {
  const definition = definitionOf(id);
  const made = structuredClone(object) as AnyObject;
  definition.setDefaults(made);
  definition.prepareForCreate(made, { now });
  return made;
}
