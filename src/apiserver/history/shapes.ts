// How fields of a type are named in changes: as server-side apply tells them apart.
import type { ResourceDefinition } from '../../api/definition.ts';
import { objectShape, type Shape } from '../../apimachinery/patch/apply/shape.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';

/** Undefined for a type that is not served any more: its parts are taken as they come. */
export function changeShape(definition: ResourceDefinition | undefined, types: SchemaSet): Shape {
  const made = definition?.applyShape?.(types);
  if (made) return made;
  return objectShape(definition && definition.schema.model !== '' ? definition.schema : undefined, types);
}
