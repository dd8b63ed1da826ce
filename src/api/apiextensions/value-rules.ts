// What is wrong with a value by its schema, as k8s.io/kube-openapi pkg/validation/validate judges, with
// apiextensions-apiserver's reasons (pkg/apiserver/validation). An update leaves alone what it did not touch:
// errors of a value that is as it was do not count (ratcheting.go).
import { isDeepStrictEqual } from 'node:util';
import { RE2JS } from 're2js';
import { fitsFormat, isKnownFormat } from '../../apimachinery/formats.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { type Fields, isFields, itemsOf, type Schema, valuesOf } from './schema.ts';

export interface Place {
  /** From where the judged value begins, '' for all of it; messages name places so. */
  path: string;
  /** Where that value is, when it is not a whole object: a default, a status. */
  root?: string | undefined;
  /** The value before, where it is known which one that was. */
  old?: { value: unknown } | undefined;
}

/** Errors that name no field stand at this one. */
const NOWHERE = '<nil>';

const fieldOf = ({ path, root }: Place): string => {
  if (root === undefined) return path || NOWHERE;
  return path === '' ? root : `${root}.${path}`;
};

export const validateValue = (value: unknown, schema: Schema, place: Place = { path: '' }): FieldError[] =>
  judge(value, schema, place).errors;

interface Judgement {
  errors: FieldError[];
  /** How many kinds of rules were looked at: of several alternatives the one that went furthest is reported. */
  checks: number;
}

function judge(value: unknown, schema: Schema, place: Place): Judgement {
  const errors = typeErrors(value, schema, place);
  let checks = schema.type || schema['x-kubernetes-int-or-string'] ? 3 : 2;
  if (value !== null) {
    const combined = combinationErrors(value, schema, place);
    errors.push(...combined.errors, ...scalarErrors(value, schema, place));
    checks += combined.checks + 2;
    if (Array.isArray(value)) errors.push(...listErrors(value, schema, place));
    else if (isFields(value)) errors.push(...fieldsErrors(value, schema, place));
  }
  errors.push(...enumErrors(value, schema, place));
  const unchanged = errors.length > 0 && place.old !== undefined && isDeepStrictEqual(value, place.old.value);
  return { errors: unchanged ? [] : errors, checks };
}

function typeErrors(value: unknown, schema: Schema, place: Place): FieldError[] {
  if (value === null ? schema.nullable || !typesOf(schema) : hasType(value, schema) || isFormatted(value, schema)) {
    if (typeof value === 'string' && schema.format && !fitsFormat(value, schema.format)) {
      return [typeError(place, value, schema.format)];
    }
    return [];
  }
  const { type } = schema;
  const format = knownFormat(schema);
  const isPlain = value !== null && typeof value !== 'string' && !Array.isArray(value);
  // Of numbers, booleans and objects Go's format is told instead of the type.
  if (format && type && isPlain) return [typeError(place, formatOf(value), format)];
  return [typeError(place, typeOf(value), typesOf(schema))];
}

function formatOf(value: unknown): string {
  if (isInteger(value)) return 'int64';
  return typeof value === 'number' ? 'float64' : '';
}

/** Where there is a format texts and lists are of every type but numbers (kube-openapi pkg/validation/validate/type.go). */
const isFormatted = (value: unknown, schema: Schema): boolean =>
  knownFormat(schema) !== undefined &&
  schema.type !== 'integer' &&
  schema.type !== 'number' &&
  (typeof value === 'string' || Array.isArray(value));

/** Others are as if they were not there. */
const knownFormat = ({ format, type }: Schema): string | undefined =>
  format && isKnownFormat(format, type) ? format : undefined;

const typesOf = (schema: Schema): string =>
  schema['x-kubernetes-int-or-string'] ? 'integer,string' : (schema.type ?? '');

const typeError = (place: Place, told: string, type: string): FieldError =>
  fieldError.typeInvalid(
    fieldOf(place),
    told,
    `${place.path} in body must be of type ${type}: ${JSON.stringify(told)}`,
  );

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : isInteger(value) ? 'integer' : typeof value;
};

/** Integers are those of 64 bits, however they are written. */
const isInteger = (value: unknown): boolean =>
  typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value as number) < 2 ** 63);

function hasType(value: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string']) return isInteger(value) || typeof value === 'string';
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return typeof value === schema.type;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint';
    case 'integer':
      return isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isFields(value);
    default:
      // Of a type that there is not, there are no values.
      return !schema.type;
  }
}

function enumErrors(value: unknown, schema: Schema, place: Place): FieldError[] {
  if (!schema.enum || schema.enum.some((one) => isDeepStrictEqual(one, value))) return [];
  const shown = schema.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return [fieldError.notSupported(fieldOf(place), value, shown)];
}

function combinationErrors(value: unknown, schema: Schema, place: Place): Judgement {
  const { anyOf, oneOf, allOf, not } = schema;
  const errors: FieldError[] = [];
  let checks = 0;
  const { path, root = NOWHERE } = place;
  const compose = (text: string) => errors.push(fieldError.invalid(root, '', `${JSON.stringify(path)} ${text}`));
  const judgeAll = (schemas: readonly Schema[]) => {
    const judgements = schemas.map((one) => judge(value, one, place));
    const valid = judgements.filter((one) => one.errors.length === 0);
    const best = judgements.reduce((a, b) => (b.checks > a.checks ? b : a));
    return { valid, nearest: valid[0] ?? best, judgements };
  };
  if (anyOf?.length) {
    const { valid, nearest } = judgeAll(anyOf);
    if (valid.length === 0) compose('must validate at least one schema (anyOf)');
    errors.push(...nearest.errors);
    checks += nearest.checks;
  }
  if (oneOf?.length) {
    const { valid, nearest } = judgeAll(oneOf);
    const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
    if (valid.length !== 1) compose(`must validate one and only one schema (oneOf). ${found}`);
    errors.push(...nearest.errors);
    checks += nearest.checks;
  }
  if (allOf?.length) {
    const { valid, judgements } = judgeAll(allOf);
    errors.push(...judgements.flatMap((one) => one.errors));
    if (valid.length !== allOf.length) {
      compose(`must validate all the schemas (allOf)${valid.length === 0 ? '. None validated' : ''}`);
    }
    checks += judgements.reduce((sum, one) => sum + one.checks, 0);
  }
  if (not && judge(value, not, place).errors.length === 0) compose('must not validate the schema (not)');
  return { errors, checks };
}

const lengthOf = (text: string): number => [...text].length;

function scalarErrors(value: unknown, schema: Schema, place: Place): FieldError[] {
  if (typeof value === 'number' || typeof value === 'bigint') return numberErrors(value, schema, place);
  if (typeof value !== 'string') return [];
  const field = fieldOf(place);
  const refused = (detail: string) => [fieldError.invalid(field, value, `${place.path} in body should ${detail}`)];
  const { maxLength, minLength, pattern } = schema;
  // The first that does not hold is told (kube-openapi's stringValidator). A character is one or two units: most texts
  // need not be counted through.
  if (maxLength !== undefined && value.length > maxLength && lengthOf(value) > maxLength)
    return [fieldError.tooLong(field, maxLength)];
  if (minLength !== undefined && value.length < 2 * minLength && lengthOf(value) < minLength)
    return refused(`be at least ${minLength} chars long`);
  if (pattern && !RE2JS.compile(pattern).matcher(value).find()) return refused(`match '${pattern}'`);
  return [];
}

const MAX_INT32 = 2 ** 31 - 1;

/** go-openapi's tolerance for quotients that should be whole. */
const EPSILON = 1e-9;

function isMultiple(value: number | bigint, factor: number): boolean {
  if (isInteger(value) && Number.isInteger(factor)) return BigInt(value) % BigInt(factor) === 0n;
  const number = Number(value);
  const quotient = factor < 1 ? (1 / factor) * number : number / factor;
  const whole = Math.trunc(quotient);
  return quotient === whole || Math.abs(quotient - whole) < EPSILON * Math.abs(quotient + whole);
}

function numberErrors(value: number | bigint, schema: Schema, place: Place): FieldError[] {
  const field = fieldOf(place);
  const { path, root = NOWHERE } = place;
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema;
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(fieldError.invalid(field, value, `${path} in body should ${detail}`));
  const isOfType = (what: string, number: number | bigint): boolean => {
    const fits = schema.format !== 'int32' || (number <= MAX_INT32 && number >= -MAX_INT32 - 1);
    if (schema.type !== 'integer' || (isInteger(number) && fits)) return true;
    const type = schema.format ? `integer with format ${schema.format}` : 'integer (default format)';
    errors.push(fieldError.invalid(root, '', `${what} value must be of type ${type} in ${path}`));
    return false;
  };
  // Whole numbers are compared as such: of a limit of 0.5 there is 0 left. One that the type cannot hold is told, and taken as it is.
  const limit = (what: string, number: number) =>
    isOfType(what, number) && isInteger(value) ? Math.trunc(number) : number;
  isOfType('Checked', value);
  if (multipleOf !== undefined) {
    const factor = limit('MultipleOf', multipleOf);
    if (factor <= 0) {
      const text = `factor MultipleOf declared for ${path} must be positive: ${factor}`;
      errors.push(fieldError.invalid(field, factor, text));
    } else if (!isMultiple(value, factor)) refuse(`be a multiple of ${factor}`);
  }
  if (maximum !== undefined) {
    const most = limit('Maximum boundary', maximum);
    if (value > most || (exclusiveMaximum && Number(value) === most)) {
      refuse(`be less than ${exclusiveMaximum ? '' : 'or equal to '}${most}`);
    }
  }
  if (minimum !== undefined) {
    const least = limit('Minimum boundary', minimum);
    if (value < least || (exclusiveMinimum && Number(value) === least)) {
      refuse(`be greater than ${exclusiveMinimum ? '' : 'or equal to '}${least}`);
    }
  }
  return errors;
}

function listErrors(list: readonly unknown[], schema: Schema, place: Place): FieldError[] {
  const { path, root, old } = place;
  const items = itemsOf(schema);
  const errors = countErrors(list.length, { place, min: schema.minItems, max: schema.maxItems, of: 'items' });
  if (!items) return errors;
  const before = correlatedItems(schema, old?.value);
  return [
    ...list.flatMap((item, i) => validateValue(item, items, { path: `${path}[${i}]`, root, old: before(item) })),
    ...errors,
  ];
}

/** Which item an item was before is only known where lists have keys. */
function correlatedItems(schema: Schema, old: unknown): (item: unknown) => Place['old'] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return () => undefined;
  const keyOf = (item: unknown) => JSON.stringify(keys.map((key) => (isFields(item) ? item[key] : undefined)));
  const byKey = new Map(old.map((item) => [keyOf(item), { value: item as unknown }]));
  return (item) => byKey.get(keyOf(item));
}

function fieldsErrors(value: Fields, schema: Schema, place: Place): FieldError[] {
  const { path, root, old } = place;
  const { properties = {}, required = [], minProperties: min, maxProperties: max } = schema;
  const values = valuesOf(schema);
  const child = (key: string) => (path ? `${path}.${key}` : key);
  const before = (key: string) =>
    isFields(old?.value) && Object.hasOwn(old.value, key) ? { value: old.value[key] } : undefined;
  const errors = countErrors(Object.keys(value).length, { place, min, max, of: 'properties' });
  for (const [key, part] of Object.entries(value)) {
    const member = Object.hasOwn(properties, key) ? properties[key] : values;
    if (member) errors.push(...validateValue(part, member, { path: child(key), root, old: before(key) }));
  }
  for (const key of required)
    if (value[key] === undefined) errors.push(fieldError.required(fieldOf({ path: child(key), root })));
  return errors;
}

function countErrors(
  count: number,
  { place, min, max, of }: { place: Place; min: number | undefined; max: number | undefined; of: string },
): FieldError[] {
  const field = fieldOf(place);
  if (min !== undefined && count < min) {
    return [fieldError.invalid(field, count, `${place.path} in body should have at least ${min} ${of}`)];
  }
  return max !== undefined && count > max ? [fieldError.tooMany(field, count, max)] : [];
}
