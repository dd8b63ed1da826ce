// Label and field selectors of a list or watch as one predicate over objects of a definition.
import type { ResourceDefinition } from '../../api/definition.ts';
import {
  type FieldTerm,
  matchesFieldTerms,
  parseFieldSelector,
  requiredFieldValue,
} from '../../apimachinery/fields.ts';
import { type ParsedLabelSelector, parseLabelSelector, SelectorError } from '../../apimachinery/labels.ts';
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

/** Both selectors of a request, before it is known what they select from. */
export interface Selectors {
  labels: ParsedLabelSelector;
  terms: readonly FieldTerm[];
}

/** Throws 400 for what is no selector. */
export function parseSelectors(query: URLSearchParams): Selectors {
  try {
    return {
      labels: parseLabelSelector(query.get('labelSelector') ?? ''),
      terms: parseFieldSelector(query.get('fieldSelector') ?? ''),
    };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

/** Throws 400 for fields that cannot be selected by. */
export function compileSelection(definition: ResourceDefinition, { labels, terms }: Selectors): Selection {
  for (const { field } of terms) if (!isSelectable(definition, field)) throw notSelectable(definition, field);
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

/** What says itself what it is selected by names its namespace only where it has one; all else always does. */
const saysItself = ({ selectableFields, fit }: ResourceDefinition): boolean =>
  fit !== undefined || Object.keys(selectableFields).length > 0;

const isSelectable = (definition: ResourceDefinition, field: string): boolean =>
  field === 'metadata.name' ||
  (field === 'metadata.namespace' && (definition.namespaced || !saysItself(definition))) ||
  Object.hasOwn(definition.selectableFields, field);

const notSelectable = (definition: ResourceDefinition, field: string) =>
  badRequest(
    saysItself(definition)
      ? (definition.fieldRefusal?.(field) ?? `field label not supported: ${field}`)
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );

function fieldValue(definition: ResourceDefinition, object: AnyObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? '';
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return definition.selectableFields[field]?.(object) ?? '';
}
