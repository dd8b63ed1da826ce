// Kubernetes' protobuf: an object's message is kept; it stands so in lists, and in its envelope elsewhere.
import type { ResourceDefinition } from '../../api/definition.ts';
import { builtinSchema } from '../../api/facts.ts';
import { encodeMessage } from '../../apimachinery/codec/protobuf-writer.ts';
import { WireWriter } from '../../apimachinery/codec/wire-writer.ts';
import type { JsonObject, ListMeta } from '../../apimachinery/meta.ts';
import type { StorageEntry } from '../../storage/storage.ts';
import { encodeProtobuf, sealed } from '../protobuf-body.ts';
import { apiVersionOf, viewOf } from '../registry/keys.ts';
import { type Encoding, kept, type WatchEncoding } from './encoding.ts';

export const protobuf: Encoding = {
  value: encodeProtobuf,
  entry: (definition, entry) => sealed(typeOf(definition), [messageOf(definition, entry)]),

  // Every list of Kubernetes is a message of 1 metadata and 2 items.
  list({ definition, entries, metadata }) {
    const pieces = [field(1, listMeta(metadata))];
    for (const entry of entries) {
      const message = messageOf(definition, entry);
      pieces.push(fieldHead(2, message.length), message);
    }
    return sealed({ ...typeOf(definition), kind: definition.listKind }, pieces);
  },
};

/** Each event is preceded by its length in four bytes (apimachinery's pkg/util/framer). */
export const protobufWatch: WatchEncoding = {
  text: false,
  message: (frame) => frame.subarray(4),
  frame: (type, object) => frameOf(type, encodeProtobuf(object)),
  itemFrame: (definition, { type, entry, frames }) =>
    kept(frames, `${type};protobuf;${apiVersionOf(definition)}`, () =>
      frameOf(type, protobuf.entry(definition, entry)),
    ),
};

/** A WatchEvent{1 type, 2 object{1 raw}}, which is in no envelope but holds one. */
function frameOf(type: string, object: readonly Uint8Array[]): Uint8Array {
  const writer = new WireWriter();
  writer.text(1, type);
  writer.message(2, () => writer.bytes(1, Buffer.concat(object)));
  const event = writer.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

const typeOf = (definition: ResourceDefinition) => ({ apiVersion: apiVersionOf(definition), kind: definition.kind });

const messageOf = (definition: ResourceDefinition, entry: StorageEntry): Uint8Array =>
  kept(entry.encodings, `protobuf;${apiVersionOf(definition)}`, () =>
    encodeMessage(viewOf(definition, entry) as unknown as JsonObject, definition.schema, builtinSchema),
  );

function listMeta(metadata: ListMeta): Uint8Array {
  const schema = builtinSchema.type('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta');
  return encodeMessage(metadata as JsonObject, schema, builtinSchema);
}

function fieldHead(number: number, length: number): Uint8Array {
  const writer = new WireWriter();
  writer.lengthOf(number, length);
  return writer.finish();
}

const field = (number: number, message: Uint8Array): Uint8Array =>
  Buffer.concat([fieldHead(number, message.length), message]);
