// Kubernetes protobuf bodies to plain JSON values, driven by the types' schema: no .proto files, no generated code.
// Form: "k8s\0", then runtime.Unknown{1 typeMeta{1 apiVersion, 2 kind}, 2 raw, 3 contentEncoding, 4 contentType}
// (k8s.io/apimachinery/pkg/runtime/serializer/protobuf). Wire types are derived from the types, as the field numbers
// are all that upstream's struct tags can be trusted for.
import { formatDuration } from '../duration.ts';
import type { Json, JsonObject } from '../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { DecodeError } from './decoded.ts';
import { WireReader } from './wire-reader.ts';

const MAGIC = Buffer.from('k8s\0');

export interface Envelope {
  apiVersion: string;
  kind: string;
  raw: Uint8Array;
}

/** Throws DecodeError for bytes that are not of this form. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw new DecodeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const envelope: Envelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
  eachField(new WireReader(bytes.subarray(MAGIC.length)), (number, reader) => {
    if (number === 1) {
      eachField(new WireReader(reader.bytes()), (inner, type) => {
        if (inner === 1) envelope.apiVersion = type.text();
        else if (inner === 2) envelope.kind = type.text();
        else return false;
        return true;
      });
    } else if (number === 2) envelope.raw = reader.bytes();
    else return false;
    return true;
  });
  return envelope;
}

/** A message of `schema` as JSON would have it. Throws DecodeError. */
export function decodeMessage(bytes: Uint8Array, schema: TypeSchema, types: SchemaSet): JsonObject {
  const target: JsonObject = {};
  readInto(target, bytes, { nodes: layoutOf(schema), types });
  return target;
}

/** Field number → a field, or the numbers of a message whose fields are inlined in JSON. */
type Layout = Map<number, FieldSchema | Layout>;
const layouts = new WeakMap<TypeSchema, Layout>();

function layoutOf(schema: TypeSchema): Layout {
  let layout = layouts.get(schema);
  if (!layout) {
    layout = new Map();
    for (const field of schema.fields.values()) {
      if (field.protobuf === undefined) continue;
      let place: Layout = layout;
      for (const number of field.protobufPath ?? []) {
        const inner = place.get(number);
        const next: Layout = inner instanceof Map ? inner : new Map();
        place.set(number, next);
        place = next;
      }
      place.set(field.protobuf, field);
    }
    layouts.set(schema, layout);
  }
  return layout;
}

function readInto(target: JsonObject, bytes: Uint8Array, { nodes, types }: { nodes: Layout; types: SchemaSet }): void {
  eachField(new WireReader(bytes), (number, reader, wireType) => {
    const node = nodes.get(number);
    if (node === undefined) return false;
    if (node instanceof Map) readInto(target, reader.bytes(), { nodes: node, types });
    else readField(target, node, { reader, wireType, types });
    return true;
  });
}

function readField(
  target: JsonObject,
  { name, type }: FieldSchema,
  { reader, wireType, types }: { reader: WireReader; wireType: number; types: SchemaSet },
): void {
  if (type.kind === 'list') {
    target[name] ??= [];
    const list = target[name] as Json[];
    if (wireType !== 2 || !isPackable(type.item)) list.push(readValue(reader, type.item, types));
    else
      for (const packed = new WireReader(reader.bytes()); !packed.done; )
        list.push(readValue(packed, type.item, types));
  } else if (type.kind === 'map') {
    target[name] ??= {};
    readEntry(target[name] as JsonObject, new WireReader(reader.bytes()), { value: type.value, types });
  } else target[name] = readValue(reader, type, types);
}

const isPackable = ({ kind }: TypeRef): boolean => ['int32', 'int64', 'bool', 'float64'].includes(kind);

/** A map's entry; without a value it is the empty one of its type. */
function readEntry(
  map: JsonObject,
  reader: WireReader,
  { value: type, types }: { value: TypeRef; types: SchemaSet },
): void {
  let key = '';
  let value: Json | undefined;
  eachField(reader, (number, field) => {
    if (number === 1) key = field.text();
    else if (number === 2) value = readValue(field, type, types);
    else return false;
    return true;
  });
  map[key] = value ?? readValue(new WireReader(new Uint8Array([0])), type, types);
}

function readValue(reader: WireReader, type: TypeRef, types: SchemaSet): Json {
  switch (type.kind) {
    case 'string':
      return reader.text();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()));
    case 'int64':
      return Number(BigInt.asIntN(64, reader.varint()));
    case 'float64':
      return reader.float64();
    case 'struct': {
      const schema = types.type(type.model);
      const bytes = reader.bytes();
      return schema.special ? readSpecial(schema, bytes) : decodeMessage(bytes, schema, types);
    }
    default:
      throw new DecodeError(`a value of type ${type.kind} has no protobuf form`);
  }
}

/** Types that are messages here and something else in JSON. */
function readSpecial({ model }: TypeSchema, bytes: Uint8Array): Json {
  const numbers: (bigint | undefined)[] = [];
  const texts: Uint8Array[][] = [];
  eachField(new WireReader(bytes), (number, reader, wireType) => {
    if (wireType === 0) numbers[number] = reader.varint();
    else if (wireType === 2) texts[number] = [...(texts[number] ?? []), reader.bytes()];
    else return false;
    return true;
  });
  const text = (number: number): string => Buffer.from(texts[number]?.[0] ?? []).toString();
  switch (model.slice(model.lastIndexOf('.') + 1)) {
    case 'Quantity':
      return text(1) || '0';
    case 'Time':
      return timeOf(numbers, 0);
    case 'MicroTime':
      return timeOf(numbers, 6);
    case 'Duration':
      return formatDuration(BigInt.asIntN(64, numbers[1] ?? 0n));
    case 'IntOrString':
      return (numbers[1] ?? 0n) === 0n ? Number(BigInt.asIntN(32, numbers[2] ?? 0n)) : text(3);
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSON':
      return texts[1] ? (parse(text(1)) as Json) : null;
    case 'ExtraValue':
    case 'Verbs':
      return (texts[1] ?? []).map((item) => Buffer.from(item).toString());
    default:
      throw new DecodeError(`the type ${model} has no protobuf form`);
  }
}

/** Seconds and nanoseconds; an empty message is the zero time, null in JSON. */
function timeOf(numbers: readonly (bigint | undefined)[], digits: number): Json {
  if (numbers[1] === undefined && numbers[2] === undefined) return null;
  const date = new Date(Number(BigInt.asIntN(64, numbers[1] ?? 0n)) * 1000);
  if (Number.isNaN(date.getTime())) throw new DecodeError('a time is out of range');
  const fraction = String(numbers[2] ?? 0n)
    .padStart(9, '0')
    .slice(0, digits);
  return `${date.toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DecodeError(`JSON inside the protobuf message: ${(cause as Error).message}`);
  }
}

/** Calls `read` for each field; what it does not take (false) is skipped. */
function eachField(reader: WireReader, read: (number: number, reader: WireReader, wireType: number) => boolean): void {
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (!read(number, reader, wireType)) reader.skip(wireType);
  }
}
