// What Go's decoder says of a value that does not fit its type, and of where it is.
import type { Json } from '../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { DecodeError, MismatchError } from './decoded.ts';
import { schemaForm, schemaModel } from './schema-forms.ts';
import { kindOf } from './special.ts';

/** A place on the way through a value and its type. */
export interface GoPlace {
  types: SchemaSet;
  root: TypeSchema;
  /** Keys and indices on the way to the value that is looked at. */
  way: (string | number)[];
  /** The Go struct around it. */
  owner: string | undefined;
}

/** Where its type is, as errors of Go's decoder say it: fields only, without indices and keys of maps. */
function goPathOf({ way, root, types }: GoPlace): string {
  const fields: string[] = [];
  let type: TypeRef | undefined = { kind: 'struct', model: root.model };
  let schema: TypeSchema | undefined = root;
  for (const step of way) {
    if (type?.kind === 'struct' && schemaForm(type.model)) {
      // What it holds is read by itself: one schema, or several.
      type = { kind: 'struct', model: schemaModel(type.model) };
      schema = types.type(type.model);
      if (typeof step === 'number') continue;
    }
    if (type?.kind === 'list') type = type.item;
    else if (type?.kind === 'map') type = type.value;
    else {
      // A type without a name holds what Go reads by itself.
      if (schema?.model !== '') fields.push(...(schema?.fields.get(String(step))?.embeddedIn ?? []), String(step));
      type = schema && fieldType(String(step), schema);
    }
    schema = type?.kind === 'struct' ? types.type(type.model) : undefined;
  }
  return fields.join('.');
}

export function fieldType(key: string, schema: TypeSchema): TypeRef | undefined {
  const known: FieldSchema | undefined = schema.fields.get(key);
  if (known) return known.type;
  return schema.typeMeta && (key === 'apiVersion' || key === 'kind') ? { kind: 'string' } : undefined;
}

/** A number has its literal only where a number is wanted. */
export function mismatch(
  value: Json,
  type: TypeRef,
  place: GoPlace,
  told = typeof value === 'number' ? 'number' : kindOf(value),
): MismatchError {
  const message = `json: cannot unmarshal ${told} into ${placeOf(place)} of type ${goType(type, place)}`;
  return new MismatchError(message, { value, type });
}

const placeOf = (place: GoPlace): string =>
  place.owner === undefined ? 'Go value' : `Go struct field ${place.owner}.${goPathOf(place)}`;

/** What a reader of special types says, with the field it reads. */
export const located = ({ message }: DecodeError, place: GoPlace): DecodeError =>
  new DecodeError(message.replace('into Go value of', `into ${placeOf(place)} of`));

function goType(type: TypeRef, place: GoPlace): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType(type.item, place)}`;
    case 'map':
      return `map[string]${goType(type.value, place)}`;
    case 'struct':
      return goName(type.model);
    case 'bytes':
      return '[]uint8';
    case 'any':
      return 'interface {}';
    default:
      return type.kind;
  }
}

/** io.k8s.api.core.v1.Pod → v1.Pod */
export const goName = (name: string): string => name.split('.').slice(-2).join('.');
