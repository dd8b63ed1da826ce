// Label and field selectors of a list or watch as one predicate over objects of a definition.
import type { ResourceDefinition } from '../../api/definition.ts';
import { matchesFieldTerms, parseFieldSelector, requiredFieldValue } from '../../apimachinery/fields.ts';
import { parseLabelSelector, SelectorError } from '../../apimachinery/labels.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { badRequest } from '../../apimachinery/status-error.ts';

export interface Selection {
  /** True when every object matches: no selector was given. */
  everything: boolean;
  matches(object: AnyObject): boolean;
  /** The one name that can match, when the field selector names it. */
  name: string | undefined;
  /** The one key under `prefix` that can match, when name and namespace are both known. */
  keyUnder(prefix: string): string | undefined;
}

/** Throws 400 for what is no selector, and for fields that cannot be selected by. */
export function compileSelection(
  definition: ResourceDefinition,
  { labelSelector, fieldSelector }: { labelSelector: string; fieldSelector: string },
): Selection {
  const { labels, terms } = parse(labelSelector, fieldSelector);
  for (const { field } of terms) {
    if (!isSelectable(definition, field)) {
      throw badRequest(`field label not supported: ${field}`);
    }
  }
  const name = requiredFieldValue(terms, 'metadata.name');
  return {
    everything: labels.requirements.length === 0 && terms.length === 0,
    matches: (object) =>
      labels.matches(object.metadata.labels) &&
      matchesFieldTerms(terms, (field) => fieldValue(definition, object, field)),
    name,
    keyUnder(prefix) {
      if (!name || name.includes('/')) return undefined;
      const inNamespace = prefix.split('/').length === 5;
      return !definition.namespaced || inNamespace ? prefix + name : undefined;
    },
  };
}

function parse(labelSelector: string, fieldSelector: string) {
  try {
    return { labels: parseLabelSelector(labelSelector), terms: parseFieldSelector(fieldSelector) };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

const isSelectable = (definition: ResourceDefinition, field: string): boolean =>
  field === 'metadata.name' || field === 'metadata.namespace' || Object.hasOwn(definition.selectableFields, field);

function fieldValue(definition: ResourceDefinition, object: AnyObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? '';
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return definition.selectableFields[field]?.(object) ?? '';
}
