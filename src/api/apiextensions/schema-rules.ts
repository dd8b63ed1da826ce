// What a schema of a CustomResourceDefinition may say, place by place (apiextensions-apiserver
// pkg/apis/apiextensions/validation ValidateCustomResourceDefinitionOpenAPISchema). Expressions are judged by rule-rules.ts.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { isFieldPath } from './field-path.ts';
import { hasDefault } from './pruning.ts';
import { isFields, itemsOf, OBJECT_FIELDS, type Rule, type Schema, valuesOf } from './schema.ts';
import { noStructuralForm } from './structural-form.ts';

interface Context {
  /** Set where defaults may not stand, with the reason. */
  noDefaults?: string;
  insideMetadata: boolean;
}

export const validateSchema = (schema: Schema, path: string): FieldError[] =>
  schemaErrors(schema, path, { insideMetadata: false }, true);

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function schemaErrors(schema: Schema, path: string, context: Context, isRoot = false): FieldError[] {
  const at = (name: string) => `${path}.${name}`;
  const nested = (one: Schema | undefined, name: string, within: Context = context) =>
    one ? schemaErrors(one, at(name), within) : [];
  const list = (schemas: Schema[] | undefined, name: string) =>
    (schemas ?? []).flatMap((one, i) => nested(one, `${name}[${i}]`));
  const inMap: Context = context.insideMetadata
    ? { ...context, noDefaults: 'inside additionalProperties applying to object metadata' }
    : context;
  return [
    ...keywordErrors(schema, path, context),
    ...nested(valuesOf(schema), 'additionalProperties', inMap),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
      const isMetadata = (isRoot || schema['x-kubernetes-embedded-resource']) && OBJECT_FIELDS.has(key);
      const within = isMetadata
        ? { ...context, insideMetadata: true, ...(isRoot ? { noDefaults: `in top-level ${key}` } : {}) }
        : context;
      return nested(property, `properties[${key}]`, within);
    }),
    ...nested(schema.not, 'not'),
    ...list(schema.allOf, 'allOf'),
    ...list(schema.oneOf, 'oneOf'),
    ...list(schema.anyOf, 'anyOf'),
    ...Object.entries(schema.definitions ?? {}).flatMap(([key, one]) => nested(one, `definitions[${key}]`)),
    ...nested(itemsOf(schema), 'items'),
    ...(Array.isArray(schema.items) ? list(schema.items, 'items') : []),
    ...typeOfListErrors(schema, path),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) =>
      ruleErrors(rule, schema, at(`x-kubernetes-validations[${i}]`)),
    ),
  ];
}

function keywordErrors(schema: Schema, path: string, context: Context): FieldError[] {
  const { type, properties, additionalProperties } = schema;
  const errors: FieldError[] = [];
  const forbid = (name: string, text: string) => errors.push(fieldError.forbidden(`${path}.${name}`, text));
  if (type && !TYPES.includes(type)) errors.push(fieldError.notSupported(`${path}.type`, type, TYPES));
  if (type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative');
  if (hasDefault(schema) && context.noDefaults) forbid('default', `must not be set ${context.noDefaults}`);
  if (schema.id) forbid('id', 'id is not supported');
  if (schema.additionalItems !== undefined) forbid('additionalItems', 'additionalItems is not supported');
  if (schema.patternProperties) forbid('patternProperties', 'patternProperties is not supported');
  if (schema.definitions) forbid('definitions', 'definitions is not supported');
  if (schema.dependencies) forbid('dependencies', 'dependencies is not supported');
  if (schema.$ref !== undefined) forbid('$ref', '$ref is not supported');
  if (Array.isArray(schema.items)) forbid('items', 'items must be a schema object and not an array');
  if (context.insideMetadata && schema['x-kubernetes-embedded-resource']) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  }
  if (schema.uniqueItems) {
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  }
  if (additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties ?? {}).length > 0) {
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const field = `${path}.x-kubernetes-preserve-unknown-fields`;
    errors.push(fieldError.invalid(field, false, 'must be true or undefined'));
  }
  return errors;
}

const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];

function typeOfListErrors(schema: Schema, path: string): FieldError[] {
  const { type, 'x-kubernetes-map-type': mapType, 'x-kubernetes-list-type': listType } = schema;
  const at = (name: string) => `${path}.${name}`;
  const errors: FieldError[] = [];
  const mustBe = (wanted: string, because: string) => {
    const text = `must be ${wanted} if ${because} is specified`;
    errors.push(type ? fieldError.invalid(at('type'), type, text) : fieldError.required(at('type'), text));
  };
  if (mapType !== undefined && type !== 'object') mustBe('object', 'x-kubernetes-map-type');
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) {
    errors.push(fieldError.notSupported(at('x-kubernetes-map-type'), mapType, MAP_TYPES));
  }
  if (listType !== undefined && type !== 'array') mustBe('array', 'x-kubernetes-list-type');
  else if (listType === 'set') errors.push(...setItemErrors(itemsOf(schema), at('items')));
  if (listType !== undefined && !LIST_TYPES.includes(listType)) {
    errors.push(fieldError.notSupported(at('x-kubernetes-list-type'), listType, LIST_TYPES));
  }
  if (schema['x-kubernetes-list-map-keys']?.length && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const field = at('x-kubernetes-list-type');
    errors.push(listType === undefined ? fieldError.required(field, text) : fieldError.invalid(field, listType, text));
  }
  if (listType === 'map') errors.push(...mapListErrors(schema, path));
  if ((listType === 'set' || listType === 'map') && itemsOf(schema)?.nullable) {
    errors.push(
      fieldError.forbidden(at('items.nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  }
  return errors;
}

function setItemErrors(items: Schema | undefined, path: string): FieldError[] {
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (items?.type === 'array' && (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic') {
    return [fieldError.invalid(`${path}.x-kubernetes-list-type`, items['x-kubernetes-list-type'], text)];
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [fieldError.invalid(`${path}.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, text)];
  }
  return [];
}

function mapListErrors(schema: Schema, path: string): FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = (name: string) => `${path}.${name}`;
  const items = itemsOf(schema);
  const errors: FieldError[] = [];
  if (keys.length === 0) {
    const text = 'must not be empty if x-kubernetes-list-type is map';
    errors.push(fieldError.required(at('x-kubernetes-list-map-keys'), text));
  }
  if (!schema.items) {
    errors.push(fieldError.required(at('items'), 'must have a schema if x-kubernetes-list-type is map'));
  }
  if (!items) return errors;
  if (items.type !== 'object') {
    const text = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(fieldError.invalid(at('items.type'), items.type ?? '', text));
    return errors;
  }
  for (const [i, key] of keys.entries()) {
    errors.push(...keyErrors(key, { keys, items, path }));
    if (keys.indexOf(key) !== i) {
      errors.push(fieldError.invalid(at('x-kubernetes-list-map-keys'), keys, 'must not contain duplicate entries'));
    }
  }
  return errors;
}

interface MapList {
  keys: readonly string[];
  items: Schema;
  path: string;
}

function keyErrors(key: string, { keys, items, path }: MapList): FieldError[] {
  const property = items.properties?.[key];
  if (!property) {
    const text = 'entries must all be names of item properties';
    return [fieldError.invalid(`${path}.x-kubernetes-list-map-keys`, keys, text)];
  }
  const at = (name: string) => `${path}.items.properties[${key}].${name}`;
  const isKey = 'this property is in x-kubernetes-list-map-keys, so it';
  const errors: FieldError[] = [];
  if (property.type === 'array' || property.type === 'object') {
    const text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(fieldError.invalid(at('type'), property.type, text));
  }
  if (!items.required?.includes(key) && !hasDefault(property)) {
    errors.push(fieldError.required(at('default'), `${isKey} must have a default or be a required property`));
  }
  if (property.nullable) errors.push(fieldError.forbidden(at('nullable'), `${isKey} cannot be nullable`));
  return errors;
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text);

/** The parts of a rule that are no expressions. */
function ruleErrors(given: Rule, schema: Schema, path: string): FieldError[] {
  const { rule = '', message = '', messageExpression = '', reason, fieldPath = '' } = given;
  const errors: FieldError[] = [];
  if (!rule.trim()) errors.push(fieldError.required(`${path}.rule`, 'rule is not specified'));
  else if (message && !message.trim()) {
    errors.push(fieldError.invalid(`${path}.message`, message, 'must be non-empty if specified'));
  } else if (hasLineBreak(message.trim())) {
    errors.push(fieldError.invalid(`${path}.message`, message, 'must not contain line breaks'));
  } else if (hasLineBreak(rule.trim()) && !message.trim()) {
    errors.push(fieldError.required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  }
  if (messageExpression && !messageExpression.trim()) {
    const text = 'messageExpression must be non-empty if specified';
    errors.push(fieldError.required(`${path}.messageExpression`, text));
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    errors.push(fieldError.notSupported(`${path}.reason`, reason, REASONS));
  }
  if (!fieldPath) return errors;
  const refusePath = (text: string) => errors.push(fieldError.invalid(`${path}.fieldPath`, fieldPath, text));
  if (!fieldPath.trim()) refusePath('must be non-empty if specified');
  if (hasLineBreak(fieldPath)) refusePath('must not contain line breaks');
  if (noStructuralForm(schema) === undefined && !isFieldPath(fieldPath, schema)) refusePath('must be a valid path');
  return errors;
}

/** Rules anywhere in a schema. */
export const hasRules = (schema: Schema): boolean =>
  (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
  [itemsOf(schema), valuesOf(schema), ...Object.values(schema.properties ?? {}), ...(schema.allOf ?? [])].some(
    (one) => one !== undefined && isFields(one) && hasRules(one),
  );
