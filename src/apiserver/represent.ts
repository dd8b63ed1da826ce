// Results as bodies: the shape and format that were negotiated, out of kept encodings where that is possible.
import { stringify as toYaml } from 'yaml';
import type { AnyObject, KubeObject, Status } from '../apimachinery/meta.ts';
import { listJson, listValue, objectJson, watchFrame } from './encoding.ts';
import type { Representation } from './negotiation.ts';
import { viewOf } from './registry/keys.ts';
import type { WatchItem } from './registry/watch.ts';
import type { ListResult, ObjectResult, WatchResult } from './request.ts';
import { type IncludeObject, toPartialMetadata, toPartialMetadataList, toTable } from './table.ts';

export interface RepresentOptions {
  representation: Representation;
  includeObject: IncludeObject;
  now: number;
}

/** The body in pieces. */
export function representObject(result: ObjectResult, options: RepresentOptions): Uint8Array[] {
  const { representation } = options;
  const { definition, entry, object } = result;
  if (object.kind === 'Status') return [encodeValue(inOrder(object as unknown as Status), representation)];
  if (representation.as) return [encodeValue(reshape(result, options), representation)];
  if (definition && entry && representation.format === 'json' && !representation.pretty) {
    return [...objectJson(definition, entry), Buffer.from('\n')];
  }
  return [encodeValue(object, representation)];
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

function reshape({ object, definition }: ObjectResult, options: RepresentOptions): KubeObject {
  const { as } = options.representation;
  if (as?.kind !== 'Table') return toPartialMetadata(object, as?.version ?? 'v1');
  const { resourceVersion } = object.metadata;
  return toTable([object as AnyObject], {
    definition,
    version: as.version,
    includeObject: options.includeObject,
    now: options.now,
    metadata: resourceVersion ? { resourceVersion } : {},
    headers: true,
  });
}

export function representList(list: ListResult, options: RepresentOptions): Uint8Array[] {
  const { representation } = options;
  const { as } = representation;
  if (!as && representation.format === 'json' && !representation.pretty) return listJson(list);
  if (!as) return [encodeValue(listValue(list), representation)];
  const objects = list.entries.map((entry) => viewOf(list.definition, entry));
  if (as.kind !== 'Table') {
    return [
      encodeValue(toPartialMetadataList(objects, { metadata: list.metadata, version: as.version }), representation),
    ];
  }
  const table = toTable(objects, {
    definition: list.definition,
    version: as.version,
    includeObject: options.includeObject,
    now: options.now,
    metadata: list.metadata,
    headers: true,
  });
  return [encodeValue(table, representation)];
}

/** Turns items into lines; Tables name their columns only in the first. */
export function createWatchEncoder(
  { definition }: WatchResult,
  options: RepresentOptions,
): (item: WatchItem) => Uint8Array {
  const { as } = options.representation;
  if (!as) return (item) => watchFrame(definition, item);
  let headers = true;
  return (item) => {
    if (item.type === 'ERROR') return frame(item.type, item.object);
    const object = item.type === 'BOOKMARK' ? (item.object as AnyObject) : viewOf(definition, item.entry);
    if (as.kind !== 'Table') return frame(item.type, toPartialMetadata(object, as.version));
    const { resourceVersion } = object.metadata;
    const bookmark = item.type === 'BOOKMARK';
    const table = toTable(bookmark ? [] : [object], {
      definition,
      version: as.version,
      includeObject: options.includeObject,
      now: options.now,
      metadata: bookmark ? object.metadata : resourceVersion ? { resourceVersion } : {},
      headers,
    });
    headers = false;
    return frame(item.type, table);
  };
}

const frame = (type: string, object: unknown): Uint8Array => Buffer.from(`${JSON.stringify({ type, object })}\n`);

export function encodeValue(value: unknown, { format, pretty }: Pick<Representation, 'format' | 'pretty'>): Uint8Array {
  // Anchors and aliases would be valid, but no Kubernetes tool writes them.
  if (format === 'yaml') return Buffer.from(toYaml(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
  return Buffer.from(`${JSON.stringify(value, null, pretty ? 2 : undefined)}\n`);
}
