// Whether a custom resource is as its definition wants it (apiextensions-apiserver pkg/registry/customresource).
import { correlate } from '../../api/apiextensions/correlation.ts';
import { validateEmbedded } from '../../api/apiextensions/embedded.ts';
import { validateListTypes } from '../../api/apiextensions/list-types.ts';
import { type RuleValidator, runRules } from '../../api/apiextensions/rules.ts';
import { OBJECT_FIELDS, type Schema } from '../../api/apiextensions/schema.ts';
import { validateValue } from '../../api/apiextensions/value-rules.ts';
import type { ScalePaths } from '../../api/definition.ts';
import { validateMetadataUpdate, validatePlainMetadata } from '../../api/validation/metadata.ts';
import { plainText } from '../../apimachinery/go-text.ts';
import type { AnyObject, Json } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { isObject } from '../../apimachinery/value.ts';

export interface Rules {
  schema: Schema;
  scale: ScalePaths | undefined;
  /** Its expressions, compiled when they are first needed. */
  expressions(): RuleValidator | undefined;
  /** What is wrong with an object and was before. */
  tolerate(object: AnyObject, warnings: readonly string[]): void;
}

export function validateCustom(object: AnyObject, rules: Rules): FieldError[] {
  const { schema, scale } = rules;
  const errors = [
    ...validatePlainMetadata(object.metadata),
    ...validateValue(object, withOpenMetadata(schema)),
    ...(scale ? [...specScaleErrors(object, scale), ...statusScaleErrors(object, scale)] : []),
    ...validateEmbedded(object, schema),
    ...validateListTypes(object, schema),
  ];
  return withExpressions(object, undefined, { rules, errors });
}

/** What was wrong before and is as it was stays allowed. */
export function validateCustomUpdate(object: AnyObject, old: AnyObject, rules: Rules): FieldError[] {
  const { schema, scale } = rules;
  const wasUnique = validateListTypes(old, schema).length === 0;
  const errors = [
    ...validatePlainMetadata(object.metadata),
    ...validateMetadataUpdate(object.metadata, old.metadata),
    ...validateValue(object, withOpenMetadata(schema), { path: '', old: { value: old } }),
    ...(scale ? [...specScaleErrors(object, scale), ...statusScaleErrors(object, scale)] : []),
    ...validateEmbedded(object, schema),
    ...(wasUnique ? validateListTypes(object, schema) : []),
  ];
  return withExpressions(object, old, { rules, errors });
}

export function validateCustomStatus(object: AnyObject, old: AnyObject, rules: Rules): FieldError[] {
  const { schema, scale } = rules;
  const status = schema.properties?.status;
  const wasUnique = validateListTypes(old, schema).length === 0;
  const errors = [
    ...validateMetadataUpdate(object.metadata, old.metadata),
    ...(status && object.status !== undefined
      ? validateValue(object.status, status, { path: '', root: 'status', old: { value: old.status } })
      : []),
    ...(scale ? statusScaleErrors(object, scale) : []),
    ...(wasUnique ? validateListTypes(object, schema) : []),
  ];
  return withExpressions(object, old, { rules, errors });
}

/** Finalizers that another writer might use too. */
export function finalizerWarnings(object: AnyObject, old: AnyObject | undefined): string[] {
  const before = new Set(old?.metadata.finalizers);
  return [...new Set(object.metadata.finalizers)]
    .filter((name) => !before.has(name) && !name.includes('/') && !STANDARD_FINALIZERS.has(name))
    .sort()
    .map((name) => {
      const how = name.includes('.') ? 'finalizer name including a path (/)' : 'finalizer name';
      const why = `prefer a domain-qualified ${how} to avoid accidental conflicts with other finalizer writers`;
      return `metadata.finalizers: ${JSON.stringify(name)}: ${why}`;
    });
}

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Type and metadata are checked as those of every object; a schema can only restrict the names. */
function withOpenMetadata(schema: Schema): Schema {
  const properties = { ...schema.properties };
  for (const name of OBJECT_FIELDS) if (name !== 'metadata') delete properties[name];
  return { ...schema, properties };
}

const BLOCKING = new Set<FieldError['reason']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/** Expressions are not looked at for an object that is not of the shape they expect. */
function withExpressions(
  object: AnyObject,
  old: AnyObject | undefined,
  { rules, errors }: { rules: Rules; errors: FieldError[] },
): FieldError[] {
  const validator = rules.expressions();
  if (!validator) return errors;
  if (errors.some(({ reason }) => BLOCKING.has(reason))) {
    const text =
      'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return [...errors, fieldError.invalid('<nil>', null, text)];
  }
  const before = old ? { old, correlation: correlate(object, old, rules.schema) } : {};
  const outcome = runRules(validator, { value: object, ...before });
  rules.tolerate(object, outcome.warnings);
  return [...errors, ...outcome.errors];
}

const MAX_REPLICAS = 2 ** 31 - 1;

const specScaleErrors = (object: AnyObject, { specReplicas }: ScalePaths): FieldError[] =>
  replicasErrors(object, specReplicas);

function statusScaleErrors(object: AnyObject, { statusReplicas, selector }: ScalePaths): FieldError[] {
  const errors = replicasErrors(object, statusReplicas);
  if (!selector) return errors;
  const { unfit } = lookUp(object, selector, { goType: 'string', is: (value) => typeof value === 'string' });
  return unfit === undefined ? errors : [...errors, fieldError.invalid(`.${selector.join('.')}`, '', unfit)];
}

function replicasErrors(object: AnyObject, path: readonly string[]): FieldError[] {
  const field = `.${path.join('.')}`;
  const { value, unfit } = lookUp(object, path, { goType: 'int64', is: isInteger });
  if (unfit !== undefined) return [fieldError.invalid(field, 0, unfit)];
  const replicas = (value ?? 0) as number | bigint;
  if (replicas < 0) return [fieldError.invalid(field, replicas, 'should be a non-negative integer')];
  return replicas > MAX_REPLICAS
    ? [fieldError.invalid(field, replicas, `should be less than or equal to ${MAX_REPLICAS}`)]
    : [];
}

/** `unfit`: why a value of this type cannot be had, as helpers.go of apimachinery's unstructured says it. */
function lookUp(
  object: object,
  path: readonly string[],
  { goType, is }: { goType: string; is(value: unknown): boolean },
): { value?: unknown; unfit?: string } {
  const unlike = (value: unknown, length: number, wanted: string): { unfit: string } => {
    const at = `.${path.slice(0, length).join('.')}`;
    return {
      unfit: `${at} accessor error: ${plainText(value as Json)} is of the type ${goTypeOf(value)}, expected ${wanted}`,
    };
  };
  let value: unknown = object;
  for (const [i, step] of path.entries()) {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) return unlike(value, i + 1, 'map[string]interface{}');
    value = (value as Record<string, unknown>)[step];
  }
  return value === undefined || is(value) ? { value } : unlike(value, path.length, goType);
}

function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return isInteger(value) ? 'int64' : 'float64';
}

const isInteger = (value: unknown): boolean => Number.isInteger(value) || typeof value === 'bigint';
