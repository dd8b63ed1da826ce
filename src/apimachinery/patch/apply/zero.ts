// The object before there was one: what Go's zero value of a type writes. Creating an object is an update from it,
// so that nobody owns the empty struct every object has.
import type { Json, JsonObject } from '../../meta.ts';
import type { FieldSchema, SchemaSet, TypeSchema } from '../../schema.ts';
import { deepFreeze } from '../../value.ts';
import { zeroOfScalar, zeroOfSpecial } from '../../zero.ts';

/** Frozen: those of a type are one. */
export function zeroObject(schema: TypeSchema | undefined, types: SchemaSet): JsonObject {
  // Types made at run time have no Go struct behind them.
  if (!schema || schema.model === '') return BARE;
  let object = zeroObjects.get(schema);
  if (!object) {
    object = deepFreeze({ ...BARE, ...zeroStruct(schema, types) });
    zeroObjects.set(schema, object);
  }
  return object;
}

const BARE: JsonObject = deepFreeze({ metadata: {} });
const zeroObjects = new WeakMap<TypeSchema, JsonObject>();

function zeroStruct(schema: TypeSchema, types: SchemaSet): JsonObject {
  const object: JsonObject = {};
  for (const field of schema.fields.values()) {
    const value = zeroField(field, types);
    if (value !== undefined) object[field.name] = value;
  }
  return object;
}

/** Undefined for fields that are left out when they are zero. */
function zeroField(field: FieldSchema, types: SchemaSet): Json | undefined {
  const { type } = field;
  if (type.kind === 'struct' && !field.pointer) {
    const schema = types.type(type.model);
    if (field.omitZero) return undefined;
    // omitempty does not work on structs; special types are written as their zero: mostly null.
    if (!schema.special) return zeroStruct(schema, types);
    return field.omitEmpty && schema.special.json.startsWith('[') ? undefined : zeroOfSpecial(schema);
  }
  if (field.omitEmpty) return undefined;
  if (field.pointer) return null;
  return zeroOfScalar(type.kind) ?? null;
}
