// JSON: an object's whole answer is kept. Gets send it as it is; lists and watch frames take the part of it that they need.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { StorageEntry } from '../../storage/storage.ts';
import { apiVersionOf, isStoredVersion, viewName, viewOf } from '../registry/keys.ts';
import { type Encoding, isTyped, kept, listMetadata, plainEncoding, type WatchEncoding } from './encoding.ts';

export const jsonText = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

/** For people. Nothing ends its last line, as upstream. */
export const prettyJson: Encoding = plainEncoding((object) => Buffer.from(JSON.stringify(object, null, 2)));

export const json: Encoding = {
  value: (object) => [jsonText(object)],
  entry: (definition, entry) => [answerOf(definition, entry)],

  list(list) {
    const { definition, entries } = list;
    const type = `"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))}`;
    const head = `{${type},"metadata":${JSON.stringify(listMetadata(list))},"items":[`;
    if (entries.length === 0) return [Buffer.from(`${head}]}\n`)];
    // Items of built-in types go without theirs.
    const [opening, from] = isTyped(definition) ? ['', 0] : ['{', typePrefix(definition).length];
    const between = Buffer.from(`,${opening}`);
    const pieces: Uint8Array[] = [];
    for (const entry of entries) {
      pieces.push(pieces.length > 0 ? between : Buffer.from(head + opening));
      pieces.push(answerOf(definition, entry).subarray(from, -1));
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
        answerOf(definition, entry).subarray(0, -1),
        Buffer.from('}\n'),
      ]),
    ),
};

/** `{"kind":"Pod","apiVersion":"v1",` for objects of a definition; of ASCII. */
const typePrefix = (definition: ResourceDefinition): string =>
  `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`;

/** The object in one line, its end included. */
const answerOf = (definition: ResourceDefinition, entry: StorageEntry): Uint8Array =>
  kept(entry.encodings, `json;${viewName(definition)}`, () =>
    ownBytes(`${typePrefix(definition)}${withoutType(definition, entry)}\n`),
  );

/** Behind the type: `"metadata":{…},"spec":{…}}`. */
function withoutType(definition: ResourceDefinition, entry: StorageEntry): string {
  const { written, revision } = entry;
  if (written && !definition.views && isStoredVersion(definition)) {
    // What JSON.stringify would make of the object: the revision comes last.
    return `"metadata":${written.metadata.slice(0, -1)},"resourceVersion":"${revision}"}${written.rest}`;
  }
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = viewOf(definition, entry);
  return JSON.stringify(rest).slice(1);
}

/** Not a slice of the slab that short buffers share. */
function ownBytes(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
