// Objects as Go would write them back: unknown fields and nulls gone, empty omitempty fields gone, structs that are
// no pointers there, quantities, times and durations in their canonical text, and the defaults of each type.
// Values of a wrong type are left alone; the decoder has refused them already.
import { DurationError, formatDuration, parseDuration } from '../apimachinery/duration.ts';
import { canonicalQuantity, QuantityError } from '../apimachinery/quantity.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from './schema.ts';

export type Struct = Record<string, unknown>;

/** Sets what is missing in a value of one type. Runs before the plain defaults of the type's fields, and before its parts. */
export type TypeDefault = (value: Struct) => void;

export interface Normalising {
  schema: SchemaSet;
  /** By model. Without it nothing gets a default. */
  defaults?: ReadonlyMap<string, TypeDefault>;
  /** Whether `[]` stays where Go writes lists always: as it came it is a list of nothing, once stored it is none. */
  asSent?: boolean;
}

/** Brings `object` to its canonical form, in place. */
export function normalise(object: Struct, type: TypeSchema, options: Normalising): void {
  const result = normaliseStruct(object, type, options);
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, result);
}

const isStruct = (value: unknown): value is Struct =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A type as every value of it is walked through; worked out once, as each write walks through all of an object. */
interface Plan {
  fields: readonly PlannedField[];
  /** Those of the fields that have a default. */
  defaults: readonly PlannedField[];
}

interface PlannedField {
  field: FieldSchema;
  name: string;
  /** undefined: none. */
  ifMissing: unknown;
  /** Written, or maybe, though it is missing: structs, what Go has no omitempty for. */
  isWrittenUnset: boolean;
  /** Empty is something else than missing, and is left for validation to refuse. */
  keepsEmpty: boolean;
  /** There is nothing to look at below it. */
  isScalar: boolean;
}

const plans = new WeakMap<TypeSchema, Plan>();

function planOf(type: TypeSchema): Plan {
  let plan = plans.get(type);
  if (!plan) {
    const isSilent = ({ pointer, omitEmpty, omitZero, type: { kind } }: FieldSchema) =>
      pointer ? omitEmpty : omitZero || (omitEmpty && kind !== 'struct');
    const fields = [...type.fields.values()].map((field) => ({
      field,
      name: field.name,
      ifMissing: plainDefault(type, field),
      isWrittenUnset: !isSilent(field),
      keepsEmpty: KEEPS_EMPTY.has(`${shortName(type.model)}.${field.name}`) || isFreeForm(field.type) || isPort(field),
      isScalar: isScalar(field.type),
    }));
    plan = { fields, defaults: fields.filter(({ ifMissing }) => ifMissing !== undefined) };
    plans.set(type, plan);
  }
  return plan;
}

function normaliseStruct(value: Struct, type: TypeSchema, options: Normalising): Struct {
  const plan = planOf(type);
  const known: Struct = {};
  for (const { name, field, keepsEmpty } of plan.fields) {
    const given = value[name];
    if (given === undefined || given === null) continue;
    if (!field.pointer && isEmpty(given) && !keepsEmpty && !isKept(given, field, options)) continue;
    known[name] = given;
  }
  if (options.defaults) {
    options.defaults.get(type.model)?.(known);
    for (const { name, ifMissing } of plan.defaults) known[name] ??= ifMissing;
  }
  const result: Struct = {};
  if (type.typeMeta) {
    for (const name of ['kind', 'apiVersion']) if (value[name]) result[name] = value[name];
  }
  for (const { name, field, isWrittenUnset, keepsEmpty, isScalar: plain } of plan.fields) {
    const given = known[name];
    if (given === undefined && !isWrittenUnset) continue;
    if (plain && given !== undefined && given !== null && given !== '' && given !== 0 && given !== false) {
      result[name] = given;
      continue;
    }
    const normal = keepsEmpty && isEmpty(given) ? given : normaliseField(given, field, options);
    if (normal !== undefined) result[name] = normal;
  }
  return result;
}

/** `[]` and `{}` count as empty for lists and maps; a struct never is, so it is told by its type. */
const isEmpty = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);

const isKept = (value: unknown, field: FieldSchema, { asSent }: Normalising): boolean =>
  asSent === true && !field.omitEmpty && Array.isArray(value);

/** Lists that are defaulted when missing and refused when empty. */
const KEEPS_EMPTY = new Set(['HPAScalingRules.policies']);

/** A port that must be named or numbered: "" is a name, if a bad one. */
const isPort = ({ type, omitEmpty }: FieldSchema): boolean =>
  type.kind === 'struct' && type.model.endsWith('.IntOrString') && !omitEmpty;

/** JSON of somebody else's: whatever it is, it is something. */
const isFreeForm = (type: TypeRef): boolean => type.kind === 'struct' && type.model.endsWith('.RawExtension');

/** Observed defaults that depend on more than their own field being unset; the functions of defaults/ set these. */
const CONDITIONAL = new Set([
  'Container.imagePullPolicy',
  'EphemeralContainer.imagePullPolicy',
  'ImageVolumeSource.pullPolicy',
  'PodSpec.enableServiceLinks',
  'ServiceSpec.internalTrafficPolicy',
  'JobSpec.parallelism',
  'JobSpec.completions',
  'JobSpec.backoffLimit',
  'JobSpec.manualSelector',
  'JobSpec.completionMode',
  'JobSpec.suspend',
  'JobSpec.podReplacementPolicy',
  'HPAScalingRules.stabilizationWindowSeconds',
  'HPAScalingRules.selectPolicy',
  'DeviceTaint.timeAdded',
  'DeviceSubRequest.count',
  'ExactDeviceRequest.count',
]);

const shortName = (model: string): string => model.slice(model.lastIndexOf('.') + 1);

function plainDefault(type: TypeSchema, field: FieldSchema): unknown {
  const value = CONDITIONAL.has(`${shortName(type.model)}.${field.name}`)
    ? undefined
    : (field.observedDefault ?? field.default);
  if (value === undefined) return undefined;
  return field.type.kind === 'list' && !Array.isArray(value) ? [value] : value;
}

function normaliseField(value: unknown, field: FieldSchema, options: Normalising): unknown {
  if (value === undefined) return field.pointer ? (field.omitEmpty ? undefined : null) : zero(field, options);
  const normal = normaliseValue(value, field.type, options);
  if (field.pointer || !field.omitEmpty) return normal;
  if (isEmpty(normal)) return undefined;
  if (field.type.kind === 'map' && isStruct(normal) && Object.keys(normal).length === 0) return undefined;
  return normal;
}

/** What Go writes for a field that was never set: nothing for omitempty, unless it is a struct. */
function zero(field: FieldSchema, options: Normalising): unknown {
  if (field.omitZero) return undefined;
  const { type } = field;
  if (type.kind === 'struct') {
    const schema = options.schema.type(type.model);
    // omitempty leaves no struct out, so an unset time is null; special types that are lists are left out.
    if (!schema.special) return normaliseStruct({}, schema, options);
    return field.omitEmpty && schema.special.json.startsWith('[') ? undefined : (zeroSpecial(schema) ?? null);
  }
  return field.omitEmpty ? undefined : zeroOf(type, options);
}

function zeroOf(type: TypeRef, options: Normalising): unknown {
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
      return 0;
    case 'struct': {
      const schema = options.schema.type(type.model);
      return schema.special ? (zeroSpecial(schema) ?? null) : normaliseStruct({}, schema, options);
    }
    default:
      return null; // nil lists, maps and bytes
  }
}

/** undefined where the zero value of a special type is written as null. */
function zeroSpecial({ model, special }: TypeSchema): unknown {
  if (special?.format === 'int-or-string') return 0;
  if (model.endsWith('.Quantity')) return '0';
  if (model.endsWith('.meta.v1.Duration')) return '0s';
  return undefined;
}

function normaliseValue(value: unknown, type: TypeRef, options: Normalising): unknown {
  if (value === null) return zeroOf(type, options);
  switch (type.kind) {
    case 'list':
      if (!Array.isArray(value) || (isScalar(type.item) && !value.includes(null))) return value;
      return value.map((item) => normaliseValue(item, type.item, options));
    case 'map':
      return isStruct(value) ? normaliseMap(value, type.value, options) : value;
    case 'struct': {
      const schema = options.schema.type(type.model);
      if (schema.special) return normaliseSpecial(value, schema);
      return isStruct(value) ? normaliseStruct(value, schema, options) : value;
    }
    default:
      return value;
  }
}

const isScalar = ({ kind }: TypeRef): boolean => kind !== 'list' && kind !== 'map' && kind !== 'struct';

function normaliseMap(value: Struct, type: TypeRef, options: Normalising): Struct {
  if (isScalar(type) && !Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normaliseValue(item, type, options)]));
}

/** By the last part of the model. */
const SPECIALS: Readonly<Record<string, (value: unknown) => unknown>> = {
  Quantity: (value) =>
    typeof value === 'string' || typeof value === 'number' ? canonical(canonicalQuantity, value) : value,
  Duration: (value) =>
    typeof value === 'string' ? canonical((text: string) => formatDuration(parseDuration(text)), value) : value,
  Time: (value) => (typeof value === 'string' ? utc(value, 0) : value),
  MicroTime: (value) => (typeof value === 'string' ? utc(value, 6) : value),
};

const normaliseSpecial = (value: unknown, { model }: TypeSchema): unknown =>
  SPECIALS[shortName(model)]?.(value) ?? value;

function canonical<T>(read: (text: T) => string, text: T): unknown {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof QuantityError || error instanceof DurationError) return text;
    throw error;
  }
}

/** RFC 3339 in UTC with as many digits of a second. */
function utc(text: string, digits: 0 | 6): string {
  // The decoder has looked at the digits.
  if (digits === 0 && text.length === 20 && text.endsWith('Z')) return text;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return text;
  const whole = new Date(ms).toISOString().slice(0, 19);
  if (digits === 0) return `${whole}Z`;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return `${whole}.${fraction.slice(0, digits).padEnd(digits, '0')}Z`;
}
