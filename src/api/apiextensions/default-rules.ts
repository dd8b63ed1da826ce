// Defaults must be values that the schema would let through as they are (apiextensions-apiserver
// pkg/apiserver/schema/defaulting/validation.go).
import { isDeepStrictEqual } from 'node:util';
import { DecodeError } from '../../apimachinery/codec/decoded.ts';
import { decodeTyped } from '../../apimachinery/codec/strict.ts';
import type { Json } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { builtinSchema } from '../facts.ts';
import { validateEmbedded, visitEmbedded } from './embedded.ts';
import { hasDefault, prune } from './pruning.ts';
import { createRuleValidator, runRules } from './rules.ts';
import { type Fields, isFields, itemsOf, OBJECT_FIELDS, type Schema } from './schema.ts';
import { validateValue } from './value-rules.ts';

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The root is a whole object. Metadata's own defaults are judged by their values only. */
export const validateDefaults = (schema: Schema, path: string): FieldError[] =>
  defaultsWithin({ ...schema, 'x-kubernetes-embedded-resource': true }, path);

/** The whole object around what its type and metadata are made of. */
interface Around {
  schema: Schema;
  /** The object with a value at the place. */
  with(value: unknown): Fields;
}

function defaultsWithin(schema: Schema, path: string, metadataOf?: Around): FieldError[] {
  const items = itemsOf(schema);
  const isObject = schema['x-kubernetes-embedded-resource'] === true;
  const around = isObject ? undefined : metadataOf;
  return [
    ...(hasDefault(schema) ? defaultErrors(schema, `${path}.default`, around) : []),
    ...(items ? defaultsWithin(items, `${path}.items`, around && inner(around, (value) => [value])) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
      const at = `${path}.properties[${key}]`;
      const whole = isObject && OBJECT_FIELDS.has(key) ? { schema, with: (value: unknown) => value as Fields } : around;
      return defaultsWithin(property, at, whole && inner(whole, (value) => ({ [key]: value })));
    }),
  ];
}

const inner = (around: Around, put: (value: unknown) => unknown): Around => ({
  ...around,
  with: (value) => around.with(put(value)),
});

const SOME_TYPE = { apiVersion: 'validation/v1', kind: 'Validation' };

/** What is wrong with the object that a default of its type or metadata results in. */
function badMetadata(value: unknown, { schema, ...around }: Around, path: string): FieldError[] {
  const object = { ...SOME_TYPE, ...around.with(value) };
  const whole: Schema = { 'x-kubernetes-embedded-resource': true, type: schema.type ?? 'object' };
  const [error] = firstErrors(
    () => malformedMetadata(object, whole, ''),
    () => validateEmbedded(object, whole, ''),
  );
  if (!error) return [];
  return [fieldError.invalid(path, value, `must result in valid metadata: ${error.field}: ${error.message}`)];
}

function defaultErrors(schema: Schema, path: string, metadataOf: Around | undefined): FieldError[] {
  const value = schema.default;
  if (metadataOf) {
    return firstErrors(
      () => badMetadata(value, metadataOf, path),
      () => validateValue(value, schema, { path: '', root: path }),
      () => brokenRules(schema, path),
    );
  }
  return [
    ...(isPruned(value, schema) ? [] : [fieldError.invalid(path, value, 'must not have unknown fields')]),
    ...firstErrors(
      () => malformedMetadata(value, schema, path),
      () => validateEmbedded(value, schema, path),
      () => validateValue(value, schema, { path: '', root: path }),
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
      if (metadata === undefined) return;
      const field = at ? `${at}.metadata` : 'metadata';
      try {
        const decoded = { value: metadata as Json, duplicates: [], literals: new Map<string, string>(), problems: [] };
        decodeTyped(decoded, builtinSchema.type(METADATA), builtinSchema);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        errors.push(fieldError.invalid(field, metadata, error.message));
      }
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
