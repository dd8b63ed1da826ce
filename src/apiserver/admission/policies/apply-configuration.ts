// ApplyConfiguration: an object that an expression makes is merged into the request's, as server-side apply would without
// keeping owners (k8s.io/apiserver pkg/admission/plugin/policy/mutating/patch/smd.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { AnyObject, Json, JsonObject } from '../../../apimachinery/meta.ts';
import { joinErrors, typeErrors } from '../../../apimachinery/patch/apply/check.ts';
import { mergeValues } from '../../../apimachinery/patch/apply/merge.ts';
import { objectShape, type Shape } from '../../../apimachinery/patch/apply/shape.ts';
import type { SchemaSet } from '../../../apimachinery/schema.ts';
import { isObject } from '../../../apimachinery/value.ts';
import { typeNameProblems, valueToJson } from '../../../cel/json.ts';
import { isFailure, type Value } from '../../../cel/values.ts';

/** Throws an Error with what does not fit. */
export function applyConfiguration(
  object: AnyObject,
  value: Value,
  { definition, types }: { definition: ResourceDefinition; types: SchemaSet },
): AnyObject {
  const names = typeNameProblems(value, 'Object');
  if (names.length > 0) throw new Error(`type mismatch: ${names.join('\n')}`);
  const converted = valueToJson(value);
  if (isFailure(converted)) throw new Error(`invalid return type: ${converted.message}`);
  const { apiVersion, kind } = object;
  const patch = { ...(converted.json as JsonObject), apiVersion, kind } as Json;
  const shape = shapeOf(object, definition, types);
  const problems = typeErrors(patch, shape);
  if (problems.length > 0) {
    throw new Error(`error applying patch: failed to convert patch object to typed object: ${joinErrors(problems)}`);
  }
  const atomics = atomicsIn(patch, shape, '');
  if (atomics.length > 0) {
    const told = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`;
    throw new Error(`error applying patch: invalid ApplyConfiguration: ${told}`);
  }
  return mergeValues(object as unknown as Json, patch, shape) as unknown as AnyObject;
}

function shapeOf({ kind }: AnyObject, definition: ResourceDefinition, types: SchemaSet): Shape {
  const made = definition.applyShape?.(types);
  if (made) return made;
  return objectShape(kind === definition.kind && definition.schema.model !== '' ? definition.schema : undefined, types);
}

/** Paths of what would be replaced whole, which hardly anybody wants who names a part of it. */
function atomicsIn(value: Json, shape: Shape, path: string): string[] {
  const isMap = isObject(value);
  if (!isMap && !Array.isArray(value)) return [];
  switch (shape.kind) {
    case 'atomic':
      return [path];
    case 'deduced':
      return isMap ? [] : [path];
    case 'map':
      if (!isMap) return [];
      return [
        ...(shape.atomic ? [path] : []),
        ...Object.entries(value).flatMap(([key, member]) => {
          const its = shape.declares(key) ? shape.member(key) : undefined;
          return its ? atomicsIn(member as Json, its, `${path}.${key}`) : [];
        }),
      ];
    case 'list':
      if (isMap) return [];
      return [
        ...(shape.atomic ? [path] : []),
        ...value.flatMap((item, i) => atomicsIn(item, shape.item(), `${path}[${i}]`)),
      ];
    default:
      return [];
  }
}
