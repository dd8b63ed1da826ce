// Defaults must be values that the schema would let through as they are (apiextensions-apiserver
// pkg/apiserver/schema/defaulting/validation.go).
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validateEmbedded, visitEmbedded } from './embedded.ts';
import { hasDefault, prune } from './pruning.ts';
import { createRuleValidator, runRules } from './rules.ts';
import { isFields, itemsOf, OBJECT_FIELDS, type Schema } from './schema.ts';
import { validateValue } from './value-rules.ts';

/** The root is a whole object. Metadata's own defaults are judged by their values only. */
export const validateDefaults = (schema: Schema, path: string): FieldError[] =>
  defaultsWithin({ ...schema, 'x-kubernetes-embedded-resource': true }, path, false);

function defaultsWithin(schema: Schema, path: string, insideMetadata: boolean): FieldError[] {
  const items = itemsOf(schema);
  const isObject = schema['x-kubernetes-embedded-resource'] === true;
  return [
    ...(hasDefault(schema) ? defaultErrors(schema, `${path}.default`, insideMetadata && !isObject) : []),
    ...(items ? defaultsWithin(items, `${path}.items`, insideMetadata) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
      const inside = isObject ? OBJECT_FIELDS.has(key) : insideMetadata;
      return defaultsWithin(property, `${path}.properties[${key}]`, inside);
    }),
  ];
}

function defaultErrors(schema: Schema, path: string, insideMetadata: boolean): FieldError[] {
  const value = schema.default;
  if (insideMetadata) {
    return firstErrors(
      () => validateValue(value, schema, { path }),
      () => brokenRules(schema, path),
    );
  }
  return [
    ...(isPruned(value, schema) ? [] : [fieldError.invalid(path, value, 'must not have unknown fields')]),
    ...firstErrors(
      () => malformedMetadata(value, schema, path),
      () => validateEmbedded(value, schema, path),
      () => validateValue(value, schema, { path }),
      () => brokenRules(schema, path),
    ),
  ];
}

/** A default must do for what it replaces, and where there was nothing. */
function brokenRules(schema: Schema, path: string): FieldError[] {
  const validator = createRuleValidator(schema, schema['x-kubernetes-embedded-resource'] === true);
  if (!validator) return [];
  const value = schema.default;
  return firstErrors(
    () => runRules(validator, { value, old: value, path }).errors,
    () => runRules(validator, { value, path }).errors,
  );
}

function malformedMetadata(value: unknown, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  visitEmbedded(
    value,
    schema,
    ({ metadata }, at) => {
      if (metadata === undefined || isFields(metadata)) return;
      errors.push(fieldError.invalid(`${at}.metadata`, metadata, 'must be an object'));
    },
    path,
  );
  return errors;
}

/** Later checks make no sense of what an earlier one refused. */
function firstErrors(...checks: (() => FieldError[])[]): FieldError[] {
  for (const check of checks) {
    const errors = check();
    if (errors.length > 0) return errors;
  }
  return [];
}

function isPruned(value: unknown, schema: Schema): boolean {
  // Under a member of its own, a value that is no whole object is pruned as what it is.
  const holder = { value: structuredClone(value) };
  prune(holder, { type: 'object', properties: { value: schema } });
  return isDeepStrictEqual(holder.value, value) && (isFields(value) || holder.value !== undefined);
}
