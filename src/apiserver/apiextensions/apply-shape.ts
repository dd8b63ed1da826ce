// What server-side apply needs to know of a custom resource, from its schema: lists are owned whole unless they say
// how they merge, free-form parts by what they hold (apiextensions-apiserver builds OpenAPI for the same purpose).
import { isFields, itemsOf, memberOf, type Schema } from '../../api/apiextensions/schema.ts';
import type { JsonObject } from '../../apimachinery/meta.ts';
import { type ListShape, objectShape, type Shape } from '../../apimachinery/patch/apply/shape.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';

const DEDUCED: Shape = { kind: 'deduced' };
const UNTYPED: Shape = { kind: 'scalar', scalar: 'untyped' };

/** The shape of whole objects; type and metadata are those of every object. */
export function applyShape(schema: Schema, types: SchemaSet): Shape {
  const own = shapeOf(schema, types);
  const common = objectShape(undefined, types);
  if (own.kind !== 'map' || common.kind !== 'map') return common;
  return {
    ...own,
    declares: (name) => common.declares(name) || own.declares(name),
    member: (name) => (common.declares(name) ? common.member(name) : own.member(name)),
  };
}

function shapeOf(schema: Schema, types: SchemaSet): Shape {
  if (schema['x-kubernetes-int-or-string']) return UNTYPED;
  switch (schema.type) {
    case 'string':
      // A format may be of what is no text (kube-openapi pkg/schemaconv/smd.go convertPrimitive).
      return schema.format && schema.format !== 'byte' ? UNTYPED : { kind: 'scalar', scalar: 'string' };
    case 'boolean':
      return { kind: 'scalar', scalar: 'boolean' };
    case 'integer':
    case 'number':
      return { kind: 'scalar', scalar: 'numeric' };
    case 'array':
      return listShape(schema, types);
    case 'object':
      return mapShape(schema, types);
    default:
      return DEDUCED;
  }
}

function mapShape(schema: Schema, types: SchemaSet): Shape {
  if (schema['x-kubernetes-embedded-resource'])
    return applyShape({ ...schema, 'x-kubernetes-embedded-resource': false }, types);
  // An object of which nothing is said may hold anything (kube-openapi pkg/schemaconv).
  const isBare = Object.keys(schema.properties ?? {}).length === 0 && schema.additionalProperties === undefined;
  const isFree = isBare || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    kind: 'map',
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    declares: (name) => Object.hasOwn(schema.properties ?? {}, name),
    member(name) {
      const member = memberOf(schema, name);
      if (member) return shapeOf(member, types);
      return isFree || schema.additionalProperties === true ? DEDUCED : undefined;
    },
  };
}

function listShape(schema: Schema, types: SchemaSet): ListShape {
  const type = schema['x-kubernetes-list-type'] ?? 'atomic';
  const keys = type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []).toSorted() : [];
  const items = itemsOf(schema);
  const defaults = keys.flatMap((key) => {
    const value = items?.properties?.[key]?.default;
    return value === undefined || isFields(value) ? [] : [[key, value] as const];
  });
  return {
    kind: 'list',
    atomic: type === 'atomic',
    keys,
    keyDefaults: Object.fromEntries(defaults) as JsonObject,
    item: () => (items ? shapeOf(items, types) : DEDUCED),
  };
}
