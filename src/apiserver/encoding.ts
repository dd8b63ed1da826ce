// Answers as bytes. An object's JSON is made once and kept with its store entry; gets, lists and watch frames
// are put together from it, so that no reader pays for another's encoding.
import type { ResourceDefinition } from '../api/definition.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import type { StorageEntry } from '../storage/storage.ts';
import { apiVersionOf, viewOf } from './registry/keys.ts';
import type { WatchItem } from './registry/watch.ts';
import type { ListResult } from './request.ts';

const COMMA = Buffer.from(',');

/** `{"kind":"Pod","apiVersion":"v1",` for objects of a definition. */
const typePrefix = (definition: ResourceDefinition): string =>
  `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`;

/** The object's JSON without kind and apiVersion, as items of built-in lists are written. */
export function itemJson(definition: ResourceDefinition, entry: StorageEntry): Uint8Array {
  const key = `json;${apiVersionOf(definition)}`;
  const kept = entry.encodings.get(key);
  if (kept) return kept;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = viewOf(definition, entry);
  const made = Buffer.from(JSON.stringify(rest));
  entry.encodings.set(key, made);
  return made;
}

/** The whole object's JSON, in pieces to be written one after another. */
export const objectJson = (definition: ResourceDefinition, entry: StorageEntry): Uint8Array[] => [
  Buffer.from(typePrefix(definition)),
  itemJson(definition, entry).subarray(1),
];

export function listJson(list: ListResult): Uint8Array[] {
  const { definition, entries } = list;
  const metadata = listMetadata(list);
  const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},"metadata":${JSON.stringify(metadata)},"items":[`;
  const pieces: Uint8Array[] = [Buffer.from(head)];
  // Items of custom resources bear their type, those of built-in ones do not, as upstream.
  const typed = definition.schema.model === '';
  const prefix = Buffer.from(typePrefix(definition));
  for (const [i, entry] of entries.entries()) {
    if (i > 0) pieces.push(COMMA);
    const item = itemJson(definition, entry);
    if (typed) pieces.push(prefix, item.subarray(1));
    else pieces.push(item);
  }
  pieces.push(Buffer.from(']}\n'));
  return pieces;
}

/** Lists of custom resources say `continue` even when there is nothing more, as upstream. */
const listMetadata = ({ definition, metadata }: ListResult): ListResult['metadata'] =>
  definition.schema.model === '' ? { continue: '', ...metadata } : metadata;

/** The list as a value, for what is not JSON. */
export function listValue(list: ListResult): KubeObject & { items: KubeObject[] } {
  const { definition, entries } = list;
  const typed = definition.schema.model === '';
  const items = entries.map((entry) => {
    const { kind, apiVersion, ...rest } = viewOf(definition, entry);
    return (typed ? { kind, apiVersion, ...rest } : rest) as KubeObject;
  });
  return { kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata: listMetadata(list), items };
}

/** One line of a JSON watch; shared by all watchers of an event. */
export function watchFrame(definition: ResourceDefinition, item: WatchItem): Uint8Array {
  if (item.type === 'BOOKMARK' || item.type === 'ERROR') {
    return Buffer.from(`${JSON.stringify({ type: item.type, object: item.object })}\n`);
  }
  const key = `${item.type};json;${apiVersionOf(definition)}`;
  const kept = item.frames?.get(key);
  if (kept) return kept;
  const made = Buffer.concat([
    Buffer.from(`{"type":"${item.type}","object":`),
    ...objectJson(definition, item.entry),
    Buffer.from('}\n'),
  ]);
  item.frames?.set(key, made);
  return made;
}
