// How answers become bytes in one media type. An object's bytes are made once and kept with its store entry; gets, lists
// and watch frames are put together from them, so that no reader pays for another's encoding.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { StorageEntry } from '../../storage/storage.ts';
import { apiVersionOf, viewOf } from '../registry/keys.ts';
import type { WatchItem } from '../registry/watch.ts';
import type { ListResult } from '../request.ts';

/** Bodies come in pieces, to be written one after another. */
export interface Encoding {
  /** Any object that says its type. */
  value(object: KubeObject): Uint8Array[];
  entry(definition: ResourceDefinition, entry: StorageEntry): Uint8Array[];
  list(list: ListResult): Uint8Array[];
}

export interface WatchEncoding {
  /** An event about any object that says its type. */
  frame(type: WatchItem['type'], object: KubeObject): Uint8Array;
  /** An event about an entry; the bytes are shared by all its watchers. */
  itemFrame(definition: ResourceDefinition, item: Extract<WatchItem, { entry: StorageEntry }>): Uint8Array;
  /** Of a frame, what is sent as one message of a WebSocket. */
  message(frame: Uint8Array): Uint8Array;
  /** Whether these messages are text. */
  text: boolean;
}

/** An encoding that keeps nothing. */
export const plainEncoding = (encode: (object: KubeObject) => Uint8Array): Encoding => ({
  value: (object) => [encode(object)],
  entry: (definition, entry) => [encode(viewOf(definition, entry))],
  list: (list) => [encode(listValue(list))],
});

/** Lists of custom resources say `continue` even when there is nothing more, as upstream. */
export const listMetadata = ({ definition, metadata }: ListResult): ListResult['metadata'] =>
  isTyped(definition) ? { continue: '', ...metadata } : metadata;

/** Items of custom resources bear their type, those of built-in ones do not, as upstream. */
export const isTyped = ({ schema }: ResourceDefinition): boolean => schema.model === '';

function listValue(list: ListResult): KubeObject & { items: KubeObject[] } {
  const { definition, entries } = list;
  const items = entries.map((entry) => {
    const { kind, apiVersion, ...rest } = viewOf(definition, entry);
    return (isTyped(definition) ? { kind, apiVersion, ...rest } : rest) as KubeObject;
  });
  return { kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata: listMetadata(list), items };
}

/** Bytes by name: of an entry, or of an event that has them. */
export function kept(map: Map<string, Uint8Array> | undefined, key: string, make: () => Uint8Array): Uint8Array {
  const known = map?.get(key);
  if (known) return known;
  const made = make();
  if (!map) return made;
  const own = ofItsOwn(made);
  map.set(key, own);
  return own;
}

/** Short buffers are slices of a slab that lives as long as any of them: what is kept must not keep its neighbours. */
function ofItsOwn(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
