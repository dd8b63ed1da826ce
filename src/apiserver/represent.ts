// Results as bodies: the shape and format that were negotiated, out of kept encodings where that is possible.
import type { AnyObject, KubeObject, Status } from '../apimachinery/meta.ts';
import { cbor, cborWatch } from './encoding/cbor.ts';
import type { Encoding, WatchEncoding } from './encoding/encoding.ts';
import { json, jsonWatch, prettyJson } from './encoding/json.ts';
import { protobuf, protobufWatch } from './encoding/protobuf.ts';
import { yaml } from './encoding/yaml.ts';
import type { BodyFormat, Representation } from './negotiation.ts';
import { viewOf } from './registry/keys.ts';
import type { WatchItem } from './registry/watch.ts';
import type { EntryResult, ListResult, ObjectResult, WatchResult } from './request.ts';
import { type IncludeObject, toPartialMetadata, toPartialMetadataList, toTable } from './table.ts';

export interface RepresentOptions {
  representation: Representation;
  includeObject: IncludeObject;
  /** Asked for each table: one that is watched lives for long, and tells ages all the while. */
  now(): number;
}

const ENCODINGS: Readonly<Record<BodyFormat, Encoding>> = { json, yaml, protobuf, cbor };
const WATCHES: Partial<Record<BodyFormat, WatchEncoding>> = {
  json: jsonWatch,
  protobuf: protobufWatch,
  cbor: cborWatch,
};

export const encodingOf = ({ format, pretty }: Pick<Representation, 'format' | 'pretty'>): Encoding =>
  pretty && format === 'json' ? prettyJson : ENCODINGS[format];

/** What an entry holds, as an object. */
export const toObjectResult = ({ type: _type, entry, ...result }: EntryResult): ObjectResult => ({
  type: 'object',
  object: viewOf(result.definition, entry),
  ...result,
});

/** The body in pieces. */
export function representEntry(result: EntryResult, options: RepresentOptions): Uint8Array[] {
  const { representation } = options;
  if (representation.as) return representObject(toObjectResult(result), options);
  return encodingOf(representation).entry(result.definition, result.entry);
}

/** The body in pieces. */
export function representObject(result: ObjectResult, options: RepresentOptions): Uint8Array[] {
  const { representation } = options;
  const { object } = result;
  const encoding = encodingOf(representation);
  if (object.kind === 'Status') return encoding.value(inOrder(object as unknown as Status) as unknown as KubeObject);
  return encoding.value(representation.as ? reshape(result, options) : object);
}

/** A Status with its fields in the order Go writes them: some people read these with their eyes. */
function inOrder({ kind, apiVersion, metadata, status, message, reason, details, code }: Status): Status {
  return {
    kind,
    apiVersion,
    metadata,
    status,
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    ...(code === undefined ? {} : { code }),
  };
}

function reshape({ object, definition, rows, at }: ObjectResult, options: RepresentOptions): KubeObject {
  const { as } = options.representation;
  if (as?.kind !== 'Table') return toPartialMetadata(object, as?.version ?? 'v1');
  const { resourceVersion } = object.metadata;
  return toTable(rows?.objects ?? [object as AnyObject], {
    definition: rows ?? definition,
    version: as.version,
    includeObject: options.includeObject,
    now: at ?? options.now(),
    metadata: rows ? object.metadata : resourceVersion ? { resourceVersion } : {},
    headers: true,
  });
}

export function representList(list: ListResult, options: RepresentOptions): Uint8Array[] {
  const { as } = options.representation;
  const encoding = encodingOf(options.representation);
  if (!as) return encoding.list(list);
  const objects = list.entries.map((entry) => viewOf(list.definition, entry));
  if (as.kind !== 'Table') {
    return encoding.value(toPartialMetadataList(objects, { metadata: list.metadata, version: as.version }));
  }
  const table = toTable(objects, {
    definition: list.definition,
    version: as.version,
    includeObject: options.includeObject,
    now: list.at ?? options.now(),
    metadata: list.metadata,
    headers: true,
  });
  return encoding.value(table);
}

const NOTHING = new Uint8Array();

/** Turns items into frames; Tables name their columns only in the first. */
export function createWatchEncoder(
  { definition }: WatchResult,
  options: RepresentOptions,
): WatchEncoding & { encode(item: WatchItem): Uint8Array } {
  const { as, format } = options.representation;
  const encoding = WATCHES[format];
  if (!encoding) throw new TypeError(`there are no watches as ${format}, and negotiation knows it`);
  let headers = true;
  const encode = (item: WatchItem): Uint8Array => {
    if (item.type === 'ERROR') return encoding.frame(item.type, item.object as unknown as KubeObject);
    if (!as) {
      return item.type === 'BOOKMARK' ? encoding.frame(item.type, item.object) : encoding.itemFrame(definition, item);
    }
    // No event is a list, which upstream notes in its log and goes on.
    if (as.kind === 'PartialObjectMetadataList') return NOTHING;
    const object = item.type === 'BOOKMARK' ? (item.object as AnyObject) : viewOf(definition, item.entry);
    if (as.kind !== 'Table') return encoding.frame(item.type, toPartialMetadata(object, as.version));
    const { resourceVersion } = object.metadata;
    const table = toTable([object], {
      definition,
      version: as.version,
      includeObject: options.includeObject,
      now: options.now(),
      metadata: resourceVersion ? { resourceVersion } : {},
      headers,
    });
    headers = false;
    return encoding.frame(item.type, table);
  };
  return { ...encoding, encode };
}
