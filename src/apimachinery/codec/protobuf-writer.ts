// JSON values to Kubernetes protobuf, driven by the types' schema; the form is told in protobuf.ts. The bytes are
// those of upstream's generated marshalers: fields by number, maps by key, and in proto2's way a zero written for
// whatever is no pointer in Go.
import type { Json, JsonObject } from '../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { type Layout, layoutOf } from './protobuf-layout.ts';
import { specialForm } from './protobuf-special.ts';
import { WireWriter } from './wire-writer.ts';

const MAGIC = Buffer.from('k8s\0');
/** The envelope's contentEncoding and contentType, both empty. */
const TAIL = Buffer.from([0x1a, 0, 0x22, 0]);

/** What stands before and after `length` bytes of a message in their envelope. */
export function envelope(
  { apiVersion, kind }: { apiVersion: string; kind: string },
  length: number,
): { head: Uint8Array; tail: Uint8Array } {
  const writer = new WireWriter();
  writer.message(1, () => {
    writer.text(1, apiVersion);
    writer.text(2, kind);
  });
  writer.lengthOf(2, length);
  return { head: Buffer.concat([MAGIC, writer.finish()]), tail: TAIL };
}

/** The fields of `value`, a `schema`, without an envelope. Throws DecodeError for types that have no protobuf form. */
export function encodeMessage(value: JsonObject, schema: TypeSchema, types: SchemaSet): Uint8Array {
  const writer = new WireWriter();
  writeFields(writer, value, { layout: layoutOf(schema), types });
  return writer.finish();
}

interface Shape {
  layout: Layout;
  types: SchemaSet;
}

function writeFields(writer: WireWriter, object: JsonObject, { layout, types }: Shape): void {
  for (const [number, node] of layout) {
    if (node instanceof Map) writer.message(number, () => writeFields(writer, object, { layout: node, types }));
    else writeField(writer, object[node.name], { number, field: node, types });
  }
}

interface Place {
  number: number;
  field: FieldSchema;
  types: SchemaSet;
}

function writeField(writer: WireWriter, value: Json | undefined, { number, field, types }: Place): void {
  const { type } = field;
  if (type.kind === 'list') {
    if (!Array.isArray(value)) return;
    for (const item of value) writeValue(writer, item, { number, type: type.item, types });
  } else if (type.kind === 'map') {
    if (typeof value === 'object' && value !== null)
      writeMap(writer, value as JsonObject, { number, type: type.value, types });
  } else if ((value !== undefined && value !== null) || isAlwaysWritten(field, types)) {
    writeValue(writer, value ?? undefined, { number, type, types });
  }
}

/** What Go holds by value; slices and what is behind a pointer can be missing. */
function isAlwaysWritten({ pointer, type }: FieldSchema, types: SchemaSet): boolean {
  if (pointer || type.kind === 'bytes') return false;
  return !(type.kind === 'struct' && types.type(type.model).special && specialForm(type.model).isList);
}

interface Target {
  number: number;
  type: TypeRef;
  types: SchemaSet;
}

/** Entries are messages of key and value, in the order of keys (Go's, but beyond the Basic Multilingual Plane). */
function writeMap(writer: WireWriter, map: JsonObject, { number, type, types }: Target): void {
  for (const key of Object.keys(map).sort()) {
    writer.message(number, () => {
      writer.text(1, key);
      writeValue(writer, map[key], { number: 2, type, types });
    });
  }
}

function writeValue(writer: WireWriter, value: Json | undefined, { number, type, types }: Target): void {
  switch (type.kind) {
    case 'string':
      writer.text(number, typeof value === 'string' ? value : '');
      break;
    case 'bytes':
      writer.bytes(number, Buffer.from(typeof value === 'string' ? value : '', 'base64'));
      break;
    case 'bool':
      writer.varint(number, value === true ? 1 : 0);
      break;
    case 'int32':
    case 'int64':
      writer.varint(number, typeof value === 'number' || typeof value === 'bigint' ? value : 0);
      break;
    case 'float64':
      writer.float64(number, typeof value === 'number' ? value : 0);
      break;
    case 'struct':
      writer.message(number, () => writeStruct(writer, value, { model: type.model, types }));
      break;
    default:
      throw new TypeError(`a value of type ${type.kind} has no protobuf form`);
  }
}

function writeStruct(
  writer: WireWriter,
  value: Json | undefined,
  { model, types }: { model: string; types: SchemaSet },
): void {
  const schema = types.type(model);
  if (schema.special) {
    const message = (inner: Json, of: string) => writeStruct(writer, inner, { model: of, types });
    specialForm(model).write(writer, value, { model, message });
  } else writeFields(writer, (value ?? {}) as JsonObject, { layout: layoutOf(schema), types });
}
