// JSON: an object's text without its type is kept; it stands so in lists of built-in types, and behind its type elsewhere.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { StorageEntry, Written } from '../../storage/storage.ts';
import { apiVersionOf, isStoredVersion, viewName, viewOf } from '../registry/keys.ts';
import { type Encoding, isTyped, kept, listMetadata, plainEncoding, type WatchEncoding } from './encoding.ts';

const COMMA = Buffer.from(',');
const NEWLINE = Buffer.from('\n');

export const jsonText = (value: unknown, space?: number): Uint8Array =>
  Buffer.from(`${JSON.stringify(value, null, space)}\n`);

/** For people. */
export const prettyJson: Encoding = plainEncoding((object) => jsonText(object, 2));

export const json: Encoding = {
  value: (object) => [jsonText(object)],
  entry: (definition, entry) => [...objectPieces(definition, entry), NEWLINE],

  list(list) {
    const { definition, entries } = list;
    const type = `"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))}`;
    const pieces: Uint8Array[] = [Buffer.from(`{${type},"metadata":${JSON.stringify(listMetadata(list))},"items":[`)];
    const prefix = isTyped(definition) ? prefixOf(definition) : undefined;
    for (const [i, entry] of entries.entries()) {
      if (i > 0) pieces.push(COMMA);
      const item = itemText(definition, entry);
      if (prefix) pieces.push(prefix, item.subarray(1));
      else pieces.push(item);
    }
    pieces.push(Buffer.from(']}\n'));
    return pieces;
  },
};

/** One line an event. */
export const jsonWatch: WatchEncoding = {
  text: true,
  message: (frame) => frame,
  frame: (type, object: KubeObject) => jsonText({ type, object }),
  itemFrame: (definition, { type, entry, frames }) =>
    kept(frames, `${type};json;${viewName(definition)}`, () =>
      Buffer.concat([
        Buffer.from(`{"type":"${type}","object":`),
        ...objectPieces(definition, entry),
        Buffer.from('}\n'),
      ]),
    ),
};

/** `{"kind":"Pod","apiVersion":"v1",` for objects of a definition. */
const typePrefix = (definition: ResourceDefinition): string =>
  `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`;

const objectPieces = (definition: ResourceDefinition, entry: StorageEntry): Uint8Array[] => [
  prefixOf(definition),
  itemText(definition, entry).subarray(1),
];

const prefixes = new WeakMap<ResourceDefinition, Uint8Array>();

function prefixOf(definition: ResourceDefinition): Uint8Array {
  let prefix = prefixes.get(definition);
  if (!prefix) {
    prefix = Buffer.from(typePrefix(definition));
    prefixes.set(definition, prefix);
  }
  return prefix;
}

/** The object's JSON without kind and apiVersion, as items of built-in lists are written. */
const itemText = (definition: ResourceDefinition, entry: StorageEntry): Uint8Array =>
  kept(entry.encodings, `json;${viewName(definition)}`, () => {
    const { written } = entry;
    if (written && !definition.views && isStoredVersion(definition)) return Buffer.from(writtenText(written, entry));
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = viewOf(definition, entry);
    return Buffer.from(JSON.stringify(rest));
  });

/** What is stored, with the revision that it got: what JSON.stringify would make of the object. */
const writtenText = ({ metadata, rest }: Written, { revision }: StorageEntry): string =>
  `{"metadata":${metadata.slice(0, -1)},"resourceVersion":"${revision}"}${rest}`;
