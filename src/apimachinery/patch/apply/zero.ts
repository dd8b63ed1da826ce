// The object before there was one: what Go's zero value of a type writes. Creating an object is an update from it,
// so that nobody owns the empty struct every object has.
import type { Json, JsonObject } from '../../meta.ts';
import type { FieldSchema, SchemaSet, TypeSchema } from '../../schema.ts';

export function zeroObject(schema: TypeSchema | undefined, types: SchemaSet): JsonObject {
  const object: JsonObject = { metadata: {} };
  // Types made at run time have no Go struct behind them.
  return schema && schema.model !== '' ? { ...object, ...zeroStruct(schema, types) } : object;
}

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
    // omitempty does not work on structs; special types have a text of their own or none.
    return schema.special || field.omitZero ? undefined : zeroStruct(schema, types);
  }
  if (field.omitEmpty || field.pointer) return undefined;
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
      return 0;
    default:
      return null;
  }
}
