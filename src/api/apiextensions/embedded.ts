// Whole objects inside custom resources (x-kubernetes-embedded-resource): their type and metadata are what those
// of every object are (apiextensions-apiserver pkg/apiserver/schema/objectmeta).
import type { ObjectMeta } from '../../apimachinery/meta.ts';
import { parseGroupVersion } from '../../apimachinery/meta.ts';
import { isDNS1035Label, nameIsPathSegment } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validatePlainMetadata } from '../validation/metadata.ts';
import { type Fields, isFields, itemsOf, memberOf, type Schema } from './schema.ts';

/** Calls `visit` for each embedded object in `value` and its path, outermost first. */
export function visitEmbedded(
  value: unknown,
  schema: Schema | undefined,
  visit: (object: Fields, path: string) => void,
  path = '',
): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visitEmbedded(item, itemsOf(schema), visit, `${path}[${i}]`);
  } else if (isFields(value)) {
    if (schema['x-kubernetes-embedded-resource']) visit(value, path);
    for (const [key, part] of Object.entries(value)) {
      const declared = schema.properties && Object.hasOwn(schema.properties, key);
      const at = declared ? (path ? `${path}.${key}` : key) : `${path}[${key}]`;
      visitEmbedded(part, memberOf(schema, key), visit, at);
    }
  }
}

export function validateEmbedded(value: unknown, schema: Schema, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  visitEmbedded(value, schema, (object, at) => errors.push(...objectErrors(object, at)), path);
  return errors;
}

function objectErrors(object: Fields, path: string): FieldError[] {
  const field = (name: string) => (path ? `${path}.${name}` : name);
  const errors: FieldError[] = [];
  for (const name of ['apiVersion', 'kind']) {
    const value = object[name];
    if (value === undefined) errors.push(fieldError.required(field(name)));
    else if (typeof value !== 'string') errors.push(fieldError.invalid(field(name), value, 'must be a string'));
    else if (value === '') errors.push(fieldError.invalid(field(name), value, 'must not be empty'));
  }
  const { apiVersion, kind, metadata } = object;
  if (apiVersion && typeof apiVersion === 'string' && !isGroupVersion(apiVersion)) {
    errors.push(fieldError.invalid(field('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind && typeof kind === 'string') {
    const problems = isDNS1035Label(kind.toLowerCase());
    const text = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
    if (problems.length > 0) errors.push(fieldError.invalid(field('kind'), kind, text));
  }
  if (isFields(metadata)) errors.push(...metadataErrors(metadata as ObjectMeta, field('metadata')));
  else if (metadata !== undefined) {
    const text = 'must be an object with the members of ObjectMeta';
    errors.push(fieldError.invalid(field('metadata'), metadata, text));
  }
  return errors;
}

function metadataErrors(metadata: ObjectMeta, path: string): FieldError[] {
  const { name, generateName } = metadata;
  const named = (field: string, value: string | undefined, prefix: boolean) =>
    value ? nameIsPathSegment(value, prefix).map((text) => fieldError.invalid(`${path}.${field}`, value, text)) : [];
  return [
    ...named('generateName', generateName, true),
    ...named('name', name, false),
    ...validatePlainMetadata(metadata, path),
  ];
}

function isGroupVersion(text: string): boolean {
  if (text.split('/').length > 2) return false;
  return parseGroupVersion(text).version !== '';
}
