// Whether a custom resource is as its definition wants it (apiextensions-apiserver pkg/registry/customresource).

import { correlate } from '../../api/apiextensions/correlation.ts';
import { validateEmbedded } from '../../api/apiextensions/embedded.ts';
import { validateListTypes } from '../../api/apiextensions/list-types.ts';
import { type RuleValidator, runRules } from '../../api/apiextensions/rules.ts';
import { OBJECT_FIELDS, type Schema } from '../../api/apiextensions/schema.ts';
import { validateValue } from '../../api/apiextensions/value-rules.ts';
import type { ScalePaths } from '../../api/definition.ts';
import { validateMetadataUpdate, validatePlainMetadata } from '../../api/validation/metadata.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

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
      ? validateValue(object.status, status, { path: 'status', old: { value: old.status } })
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
  const found = selector && lookUp(object, selector);
  if (selector && found && (found.broken || (found.value !== undefined && typeof found.value !== 'string'))) {
    errors.push(fieldError.invalid(`.${selector.join('.')}`, '', 'accessor error: the value is not of type string'));
  }
  return errors;
}

function replicasErrors(object: AnyObject, path: readonly string[]): FieldError[] {
  const field = `.${path.join('.')}`;
  const { value, broken } = lookUp(object, path);
  if (broken || (value !== undefined && !Number.isInteger(value))) {
    return [fieldError.invalid(field, 0, 'accessor error: the value is not of type int64')];
  }
  const replicas = (value ?? 0) as number;
  if (replicas < 0) return [fieldError.invalid(field, replicas, 'should be a non-negative integer')];
  return replicas > MAX_REPLICAS
    ? [fieldError.invalid(field, replicas, `should be less than or equal to ${MAX_REPLICAS}`)]
    : [];
}

/** `broken`: the path goes through something that has no members. */
export function lookUp(object: object, path: readonly string[]): { value: unknown; broken: boolean } {
  let value: unknown = object;
  for (const step of path) {
    if (value === undefined || value === null) return { value: undefined, broken: false };
    if (typeof value !== 'object' || Array.isArray(value)) return { value: undefined, broken: true };
    value = (value as Record<string, unknown>)[step];
  }
  return { value: value ?? undefined, broken: false };
}
