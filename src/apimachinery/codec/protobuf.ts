// Kubernetes protobuf bodies to plain JSON values, driven by the types' schema: no .proto files, no generated code.
// Form: "k8s\0", then runtime.Unknown{1 typeMeta{1 apiVersion, 2 kind}, 2 raw, 3 contentEncoding, 4 contentType}
// (k8s.io/apimachinery/pkg/runtime/serializer/protobuf). protobuf-writer.ts is the other way round.
import type { Json, JsonObject } from '../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { DecodeError, setField } from './decoded.ts';
import { integerOfBits } from './exact.ts';
import { type Layout, layoutOf } from './protobuf-layout.ts';
import { specialForm } from './protobuf-special.ts';
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
export const decodeMessage = (bytes: Uint8Array, schema: TypeSchema, types: SchemaSet): JsonObject =>
  readMessage(bytes, schema, { types, depth: 0 });

interface Walk {
  types: SchemaSet;
  /** Messages around this one. */
  depth: number;
}

/** As deep as JSON may be; a schema of a CustomResourceDefinition is the only type that can nest without end. */
const MAX_DEPTH = 1_000;

function readMessage(bytes: Uint8Array, schema: TypeSchema, walk: Walk): JsonObject {
  if (walk.depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
  const target: JsonObject = {};
  readInto(target, bytes, { layout: layoutOf(schema), walk: { ...walk, depth: walk.depth + 1 } });
  return target;
}

function readInto(target: JsonObject, bytes: Uint8Array, { layout, walk }: { layout: Layout; walk: Walk }): void {
  eachField(new WireReader(bytes), (number, reader, wireType) => {
    const node = layout.get(number);
    if (node === undefined) return false;
    if (node instanceof Map) readInto(target, reader.bytes(), { layout: node, walk });
    else readField(target, node, { reader, wireType, walk });
    return true;
  });
}

function readField(
  target: JsonObject,
  { name, type }: FieldSchema,
  { reader, wireType, walk }: { reader: WireReader; wireType: number; walk: Walk },
): void {
  if (type.kind === 'list') {
    target[name] ??= [];
    const list = target[name] as Json[];
    if (wireType !== 2 || !isPackable(type.item)) list.push(readValue(reader, type.item, walk));
    else
      for (const packed = new WireReader(reader.bytes()); !packed.done; ) list.push(readValue(packed, type.item, walk));
  } else if (type.kind === 'map') {
    target[name] ??= {};
    readEntry(target[name] as JsonObject, new WireReader(reader.bytes()), { value: type.value, walk });
  } else target[name] = readValue(reader, type, walk);
}

const isPackable = ({ kind }: TypeRef): boolean => ['int32', 'int64', 'bool', 'float64'].includes(kind);

/** A map's entry; without a value it is the empty one of its type. */
function readEntry(map: JsonObject, reader: WireReader, { value: type, walk }: { value: TypeRef; walk: Walk }): void {
  let key = '';
  let value: Json | undefined;
  eachField(reader, (number, field) => {
    if (number === 1) key = field.text();
    else if (number === 2) value = readValue(field, type, walk);
    else return false;
    return true;
  });
  setField(map, key, value ?? readValue(new WireReader(new Uint8Array([0])), type, walk));
}

function readValue(reader: WireReader, type: TypeRef, walk: Walk): Json {
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
      return integerOfBits(reader.varint());
    case 'float64':
      return reader.float64();
    case 'struct': {
      const schema = walk.types.type(type.model);
      const bytes = reader.bytes();
      return schema.special ? readSpecial(bytes, type.model, walk) : readMessage(bytes, schema, walk);
    }
    default:
      throw new DecodeError(`a value of type ${type.kind} has no protobuf form`);
  }
}

const readSpecial = (bytes: Uint8Array, model: string, walk: Walk): Json =>
  specialForm(model).read(bytes, (inner, of) => readMessage(inner, walk.types.type(of), walk), model);

/** Calls `read` for each field; what it does not take (false) is skipped. */
function eachField(reader: WireReader, read: (number: number, reader: WireReader, wireType: number) => boolean): void {
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (!read(number, reader, wireType)) reader.skip(wireType);
  }
}
