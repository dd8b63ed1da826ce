// When a schema is structural: every value has one declared type, and alternatives only restrict
// (apiextensions-apiserver pkg/apiserver/schema/validation.go).
import { isDeepStrictEqual } from 'node:util';
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { hasDefault } from './pruning.ts';
import { isFields, itemsOf, type Schema, valuesOf } from './schema.ts';

type Level = 'root' | 'item' | 'field';

export function validateStructural(schema: Schema, path: string, level: Level = 'root'): FieldError[] {
  const values = valuesOf(schema);
  const items = itemsOf(schema);
  return [
    ...(schema.type === 'array' && !schema.items ? [fieldError.required(`${path}.items`, 'must be specified')] : []),
    ...(items ? validateStructural(items, `${path}.items`, 'item') : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
      validateStructural(property, `${path}.properties[${key}]`, 'field'),
    ),
    ...(schema.additionalProperties !== undefined && level === 'root'
      ? [fieldError.forbidden(`${path}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(values ? validateStructural(values, `${path}.additionalProperties`, 'field') : []),
    ...extensionErrors(schema, path),
    ...restrictionErrors(schema, path, {
      anyOf: isIntOrString(schema.anyOf),
      allOf: isIntOrString(schema.allOf?.[0]?.anyOf),
    }),
    ...typeErrors(schema, path, level),
    ...objectErrors(schema, path, level),
  ];
}

/** The two ways of saying integer or string that may state types in an alternative. */
const isIntOrString = (anyOf: Schema[] | undefined): boolean =>
  isDeepStrictEqual(anyOf, [{ type: 'integer' }, { type: 'string' }]);

function extensionErrors(schema: Schema, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return [];
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => fieldError.invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'));
}

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const { type } = schema;
  const at = `${path}.type`;
  const errors: FieldError[] = [];
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type ? fieldError.invalid(at, type, text) : fieldError.required(at, text));
  } else if (!type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) {
    errors.push(fieldError.required(at, NO_TYPE[level]));
  }
  if (schema['x-kubernetes-embedded-resource'] && schema.additionalProperties !== undefined) {
    const text = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(fieldError.forbidden(`${path}.additionalProperties`, text));
  }
  if (level === 'root' && type && type !== 'object') {
    errors.push(fieldError.invalid(at, type, 'must be object at the root'));
  }
  return errors;
}

/** Of whole objects, type and metadata are Kubernetes' own. */
function objectErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const isObject = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  const properties = schema.properties ?? {};
  const at = (name: string) => `${path}.properties[${name}]`;
  const errors: FieldError[] = [];
  for (const name of ['kind', 'apiVersion']) {
    const property = properties[name];
    if (isObject && property && property.type !== 'string') {
      errors.push(fieldError.invalid(`${at(name)}.type`, property.type ?? '', 'must be string'));
    }
  }
  const { metadata } = properties;
  if (metadata && isObject && metadata.type !== 'object') {
    errors.push(fieldError.invalid(`${at('metadata')}.type`, metadata.type ?? '', 'must be object'));
  }
  if (metadata && level === 'root' && !restrictsNamesOnly(metadata)) {
    const text = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(fieldError.forbidden(at('metadata'), text));
  }
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || Object.keys(properties).length > 0;
  if (schema['x-kubernetes-embedded-resource'] && !isOpen) {
    const text =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(fieldError.required(`${path}.properties`, text));
  }
  return errors;
}

function restrictsNamesOnly(metadata: Schema): boolean {
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const said = Object.values(rest).filter((value) => value !== undefined && value !== false && value !== '');
  return said.length === 0 && Object.keys(properties).every((key) => key === 'name' || key === 'generateName');
}

interface Exempt {
  anyOf: boolean;
  /** Only the first of allOf, and only its anyOf. */
  allOf: boolean;
}

const NONE: Exempt = { anyOf: false, allOf: false };

/** Rules on values, as they may stand in alternatives too. */
function restrictionErrors(schema: Schema, path: string, exempt: Exempt): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  return [
    ...(exempt.anyOf ? [] : anyOf.flatMap((one, i) => nestedErrors(one, `${path}.anyOf[${i}]`, NONE))),
    ...allOf.flatMap((one, i) =>
      nestedErrors(one, `${path}.allOf[${i}]`, { anyOf: exempt.allOf && i === 0, allOf: false }),
    ),
    ...oneOf.flatMap((one, i) => nestedErrors(one, `${path}.oneOf[${i}]`, NONE)),
    ...(not ? nestedErrors(not, `${path}.not`, NONE) : []),
    ...(pattern ? patternErrors(pattern, `${path}.pattern`) : []),
  ];
}

function patternErrors(pattern: string, path: string): FieldError[] {
  try {
    RE2JS.compile(pattern);
    return [];
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return [fieldError.invalid(path, pattern, `must be a valid regular expression, but isn't: ${error.message}`)];
  }
}

/** What a schema inside an alternative may not say. */
const STRUCTURE = [
  ['type', 'must be empty to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
] as const;

function nestedErrors(schema: Schema, path: string, exempt: Exempt): FieldError[] {
  const items = itemsOf(schema);
  const forbid = (name: string, text: string) => fieldError.forbidden(`${path}.${name}`, text);
  const errors = [
    ...restrictionErrors(schema, path, exempt),
    ...(items ? nestedErrors(items, `${path}.items`, NONE) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
      nestedErrors(property, `${path}.properties[${key}]`, NONE),
    ),
    ...STRUCTURE.filter(([name]) => schema[name]).map(([name, text]) => forbid(name, text)),
  ];
  if (isFields(schema.additionalProperties)) {
    errors.push(forbid('additionalProperties', 'must be undefined to be structural'));
  }
  if (hasDefault(schema)) errors.push(forbid('default', 'must be undefined to be structural'));
  for (const name of ['x-kubernetes-list-map-keys', 'x-kubernetes-validations'] as const) {
    if (schema[name]?.length) errors.push(forbid(name, 'must be empty to be structural'));
  }
  if (schema.properties?.metadata) {
    errors.push(fieldError.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
  return errors;
}
