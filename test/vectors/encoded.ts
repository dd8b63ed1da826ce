// Answers in protobuf, CBOR and YAML as JSON, so that they are compared like others, and whether our writer makes the
// same bytes of what they say.
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { decodeCbor } from '../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../src/apimachinery/codec/cbor-writer.ts';
import { WireReader } from '../../src/apimachinery/codec/wire-reader.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { decodeProtobuf, encodeProtobuf, PROTOBUF } from '../../src/apiserver/protobuf-body.ts';

const CBOR = 'application/cbor';

export interface Decoded {
  /** The value, or the events of a watch. */
  value: unknown;
  /** Protobuf: what was decoded has these bytes again. */
  again?: boolean;
}

/** A body of this type as bytes; undefined for types that have no bytes of their own. */
export function encoded(type: string, body: unknown): Uint8Array {
  if (type.startsWith(PROTOBUF)) return Buffer.concat(encodeProtobuf(body as KubeObject));
  if (type.includes('cbor')) return encodeCbor(body);
  throw new Error(`nothing writes ${type}`);
}

/** What an answer says; undefined when its type is none of these. */
export function decoded(contentType: string, bytes: Buffer): Decoded | undefined {
  if (contentType === `${PROTOBUF};stream=watch`) return protobufEvents(bytes);
  if (contentType.startsWith(PROTOBUF)) return protobufValue(bytes);
  if (contentType === `${CBOR}-seq`) return { value: sequence(bytes) };
  if (contentType.startsWith(CBOR)) return { value: decodeCbor(bytes).value };
  if (contentType.startsWith('application/yaml')) return { value: parse(bytes.toString()) as unknown };
  return undefined;
}

function protobufValue(bytes: Uint8Array): Decoded {
  const { value } = decodeProtobuf(bytes);
  return {
    value,
    again: isDeepStrictEqual(Buffer.concat(encodeProtobuf(value as unknown as KubeObject)), Buffer.from(bytes)),
  };
}

/** Frames of four bytes of length and a WatchEvent{1 type, 2 object{1 raw}}. */
function protobufEvents(bytes: Buffer): Decoded {
  const events: { type: string; object: unknown }[] = [];
  let again = true;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    const event = fieldsOf(bytes.subarray(at + 4, end));
    const object = protobufValue(fieldsOf(event.get(2) ?? new Uint8Array()).get(1) ?? new Uint8Array());
    events.push({ type: Buffer.from(event.get(1) ?? []).toString(), object: object.value });
    again &&= object.again === true;
    at = end;
  }
  return { value: events, again };
}

function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  for (const reader = new WireReader(bytes); !reader.done; ) fields.set(reader.tag().number, reader.bytes());
  return fields;
}

/** Each item begins with the tag that says what it is; so may what is inside of one. */
function sequence(bytes: Buffer): unknown[] {
  const items: unknown[] = [];
  let from = 0;
  for (let end = 1; end <= bytes.length; end += 1) {
    const ends = end === bytes.length || bytes.subarray(end, end + 3).equals(Buffer.from([0xd9, 0xd9, 0xf7]));
    if (!ends) continue;
    try {
      items.push(decodeCbor(bytes.subarray(from, end)).value);
      from = end;
    } catch (error) {
      if (end === bytes.length) throw error;
    }
  }
  return items;
}
