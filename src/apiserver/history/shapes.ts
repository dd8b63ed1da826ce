// In which form contents are compared, and how the fields of a type are named then: as server-side apply tells them apart.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { objectShape, type Shape } from '../../apimachinery/patch/apply/shape.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import type { StorageEntry } from '../../storage/storage.ts';
import { apiVersionOf, viewOf } from '../registry/keys.ts';

/** Undefined for a type that is not served any more: its parts are taken as they come. */
export function changeShape(definition: ResourceDefinition | undefined, types: SchemaSet): Shape {
  const made = definition?.applyShape?.(types);
  if (made) return made;
  return objectShape(definition && definition.schema.model !== '' ? definition.schema : undefined, types);
}

/** The object in the definition's version; as it was written where it was written in that, whatever its schema says now. */
export function asWritten(definition: ResourceDefinition | undefined, entry: StorageEntry): AnyObject {
  const stored = entry.object as AnyObject;
  return !definition || stored.apiVersion === apiVersionOf(definition) ? stored : viewOf(definition, entry);
}
