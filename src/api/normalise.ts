// Objects as Go would write them back: unknown fields and nulls gone, empty omitempty fields gone, structs that are
// no pointers there, quantities, times and durations in their canonical text, and the defaults of each type.
// Values of a wrong type are left alone; the decoder has refused them already.
import { setField } from '../apimachinery/codec/decoded.ts';
import { schemaForm, schemaModel } from '../apimachinery/codec/schema-forms.ts';
import type { Json } from '../apimachinery/meta.ts';
import { deepCopy } from '../apimachinery/value.ts';
import { zeroOfScalar, zeroOfSpecial } from '../apimachinery/zero.ts';
import { canonicalSpecial } from './canonical-special.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from './schema.ts';

export type Struct = Record<string, unknown>;

/** Sets what is missing in a value of one type. Runs before the plain defaults of the type's fields, and before its parts. */
export type TypeDefault = (value: Struct) => void;

export interface Normalising {
  schema: SchemaSet;
  /** By model. Without it nothing gets a default. */
  defaults?: ReadonlyMap<string, TypeDefault>;
  /**
   * 'lists': `[]` stays where Go writes lists always, as it came it is a list of nothing, once stored it is none.
   * 'empties': whatever is said to be empty stays, for types whose updates tell it from what is not said.
   */
  asSent?: 'lists' | 'empties';
}

/** Brings `object` to its canonical form, in place. Its parts are left as they are, and used again where they have it. */
export function normalise(object: Struct, type: TypeSchema, options: Normalising): void {
  const result = normaliseStruct(object, type, options);
  if (result === object) return;
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, result);
}

const isStruct = (value: unknown): value is Struct =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A type as every value of it is walked through; worked out once, as each write walks through all of an object. */
interface Plan {
  fields: ReadonlyMap<string, PlannedField>;
  /** Those of the fields that may have to be written though they are missing. */
  missing: readonly PlannedField[];
}

/** What is needed of a field, in objects that are all alike to the engine, which facts are not. */
interface PlannedField {
  field: FieldSchema;
  name: string;
  type: TypeRef;
  pointer: boolean;
  omitEmpty: boolean;
  /** Where Go writes it. */
  position: number;
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
    const fields = [...type.fields.values()].map((field, position) => ({
      field,
      name: field.name,
      type: field.type,
      pointer: field.pointer,
      omitEmpty: field.omitEmpty,
      position,
      ifMissing: plainDefault(type, field),
      isWrittenUnset: !isSilent(field),
      keepsEmpty: KEEPS_EMPTY.has(`${shortName(type.model)}.${field.name}`) || isFreeForm(field.type) || isPort(field),
      isScalar: isScalar(field.type),
    }));
    plan = {
      fields: new Map(fields.map((field) => [field.name, field])),
      missing: fields.filter(({ ifMissing, isWrittenUnset }) => ifMissing !== undefined || isWrittenUnset),
    };
    plans.set(type, plan);
  }
  return plan;
}

/** `value` itself when it is canonical already, as most parts of most objects are. */
function normaliseStruct(value: Struct, type: TypeSchema, options: Normalising): Struct {
  const plan = planOf(type);
  const setDefaults = options.defaults?.get(type.model);
  let fields = fieldsOf(value, plan, options);
  let given = value;
  if (setDefaults) {
    // A copy with nothing that counts as missing, so that defaults see what Go's see.
    given = fields.isWhole ? { ...value } : only(fields.present, value);
    setDefaults(given);
    fields = fieldsOf(given, plan, options);
  }
  addMissing(fields, given, { plan, options });
  if (type.typeMeta || !fields.isInOrder || !fields.isWhole) {
    return inOrder(given, fields, { result: typeMetaOf(value, type), options });
  }
  let result = given;
  for (const planned of fields.present) {
    const { name } = planned;
    const before = given[name];
    const normal = normaliseField(before, planned, options);
    if (normal === before) continue;
    if (result === value) result = { ...given };
    if (normal === undefined) delete result[name];
    else result[name] = normal;
  }
  return result;
}

function inOrder(
  given: Struct,
  { present, isInOrder }: Fields,
  { result, options }: { result: Struct; options: Normalising },
): Struct {
  if (!isInOrder) present.sort((a, b) => a.position - b.position);
  for (const planned of present) {
    const normal = normaliseField(given[planned.name], planned, options);
    if (normal !== undefined) result[planned.name] = normal;
  }
  return result;
}

function only(fields: readonly PlannedField[], value: Struct): Struct {
  const result: Struct = {};
  for (const { name } of fields) result[name] = value[name];
  return result;
}

function typeMetaOf(value: Struct, { typeMeta }: TypeSchema): Struct {
  const result: Struct = {};
  if (typeMeta) {
    for (const name of ['kind', 'apiVersion']) if (value[name]) result[name] = value[name];
  }
  return result;
}

interface Fields {
  /** What is to be written. */
  present: PlannedField[];
  /** They are in Go's order. */
  isInOrder: boolean;
  /** The value has nothing else. */
  isWhole: boolean;
}

function fieldsOf(value: Struct, { fields }: Plan, options: Normalising): Fields {
  const present: PlannedField[] = [];
  let isInOrder = true;
  let isWhole = true;
  let last = -1;
  for (const name in value) {
    const planned = fields.get(name);
    if (!planned || isMissing(value[name], planned, options)) {
      isWhole = false;
      continue;
    }
    isInOrder &&= planned.position > last;
    last = planned.position;
    present.push(planned);
  }
  return { present, isInOrder, isWhole };
}

function addMissing(fields: Fields, value: Struct, { plan, options }: { plan: Plan; options: Normalising }): void {
  for (const planned of plan.missing) {
    if (!isMissing(value[planned.name], planned, options)) continue;
    if (!planned.isWrittenUnset && (!options.defaults || planned.ifMissing === undefined)) continue;
    fields.isInOrder = false;
    fields.present.push(planned);
  }
}

/** Whether Go could not tell it from a field that was not given. */
const isMissing = (value: unknown, planned: PlannedField, { asSent }: Normalising): boolean =>
  value === undefined ||
  value === null ||
  (!planned.pointer && !planned.keepsEmpty && isEmpty(value) && !staysEmpty(value, planned, asSent));

const staysEmpty = (value: unknown, { omitEmpty, type }: PlannedField, asSent: Normalising['asSent']): boolean =>
  asSent === 'empties' ? canBeEmpty(type) : asSent === 'lists' && !omitEmpty && Array.isArray(value);

/** In Go nil is something else than empty. */
const canBeEmpty = ({ kind }: TypeRef): boolean => kind === 'list' || kind === 'map' || kind === 'bytes';

/** Of scalars. */
const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === 0 || value === false;

/** `[]` and `{}` count as empty for lists and maps; a struct never is, so it is told by its type. */
const isEmpty = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);

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
  'PersistentVolumeSpec.persistentVolumeReclaimPolicy',
  'PersistentVolumeSpec.volumeMode',
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

function normaliseField(given: unknown, planned: PlannedField, options: Normalising): unknown {
  if (planned.isScalar && !isUnset(given)) return given;
  const { type, pointer, omitEmpty } = planned;
  const isUnknown = isMissing(given, planned, options);
  const value = isUnknown && options.defaults ? deepCopy(planned.ifMissing) : isUnknown ? undefined : given;
  if (value === undefined) return pointer ? (omitEmpty ? undefined : null) : zero(planned.field, options);
  if (planned.keepsEmpty && isEmpty(value)) return value;
  const normal = normaliseValue(value, type, options);
  if (pointer || !omitEmpty || (options.asSent === 'empties' && canBeEmpty(type))) return normal;
  if (isEmpty(normal)) return undefined;
  if (type.kind === 'map' && isStruct(normal) && Object.keys(normal).length === 0) return undefined;
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
    return field.omitEmpty && schema.special.json.startsWith('[') ? undefined : zeroOfSpecial(schema);
  }
  return field.omitEmpty ? undefined : zeroOf(type, options);
}

function zeroOf(type: TypeRef, options: Normalising): unknown {
  if (type.kind !== 'struct') return zeroOfScalar(type.kind) ?? null; // nil lists, maps and bytes
  const schema = options.schema.type(type.model);
  return schema.special ? zeroOfSpecial(schema) : normaliseStruct({}, schema, options);
}

function normaliseValue(value: unknown, type: TypeRef, options: Normalising): unknown {
  if (value === null) return zeroOf(type, options);
  switch (type.kind) {
    case 'list':
      return Array.isArray(value) ? normaliseList(value, type.item, options) : value;
    case 'map':
      return isStruct(value) ? normaliseMap(value, type.value, options) : value;
    case 'struct': {
      const schema = options.schema.type(type.model);
      if (schema.special) return normaliseSpecial(value, schema, options);
      return isStruct(value) ? normaliseStruct(value, schema, options) : value;
    }
    default:
      return value;
  }
}

function normaliseSpecial(value: unknown, schema: TypeSchema, options: Normalising): unknown {
  const form = schemaForm(schema.model);
  if (!form) return canonicalSpecial(value, schema);
  const type: TypeRef = { kind: 'struct', model: schemaModel(schema.model) };
  return form(value as Json, (inner) => normaliseValue(inner, type, options) as Json);
}

function normaliseList(items: readonly unknown[], type: TypeRef, options: Normalising): readonly unknown[] {
  let result: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const normal = normaliseValue(item, type, options);
    if (normal !== item) result ??= items.slice(0, i);
    result?.push(normal);
  }
  return result ?? items;
}

/** Whether a list, a map or bytes in a value are said to be empty. */
export function saysEmpty(value: unknown, type: TypeRef, schema: SchemaSet): boolean {
  if (value === undefined || value === null) return false;
  if (type.kind === 'bytes') return value === '';
  if (type.kind === 'list') {
    return Array.isArray(value) && (value.length === 0 || value.some((item) => saysEmpty(item, type.item, schema)));
  }
  if (!isStruct(value)) return false;
  const parts = Object.entries(value);
  if (type.kind === 'map') return parts.length === 0 || parts.some(([, part]) => saysEmpty(part, type.value, schema));
  if (type.kind !== 'struct') return false;
  const { fields } = schema.type(type.model);
  return parts.some(([name, part]) => {
    const field = fields.get(name);
    return field !== undefined && saysEmpty(part, field.type, schema);
  });
}

const isScalar = ({ kind }: TypeRef): boolean => kind !== 'list' && kind !== 'map' && kind !== 'struct';

function normaliseMap(value: Struct, type: TypeRef, options: Normalising): Struct {
  let result: Struct | undefined;
  for (const key in value) {
    const normal = normaliseValue(value[key], type, options);
    if (normal === value[key]) continue;
    result ??= { ...value };
    setField(result, key, normal);
  }
  return result ?? value;
}
