// Where the fields of a type stand in its protobuf message. Numbers are all that upstream's struct tags can be trusted
// for, so wire types are derived from the types of fields.
import type { FieldSchema, TypeSchema } from '../schema.ts';

/** By field number, ascending: a field, or the layout of a message whose fields are inlined in JSON. */
export type Layout = Map<number, FieldSchema | Layout>;

const layouts = new WeakMap<TypeSchema, Layout>();

/** Empty for types that have no protobuf form. */
export function layoutOf(schema: TypeSchema): Layout {
  let layout = layouts.get(schema);
  if (!layout) {
    layout = ascending(collect(schema));
    layouts.set(schema, layout);
  }
  return layout;
}

function collect(schema: TypeSchema): Layout {
  const layout: Layout = new Map();
  for (const field of schema.fields.values()) {
    if (field.protobuf === undefined) continue;
    let place = layout;
    for (const number of field.protobufPath ?? []) {
      const inner = place.get(number);
      const next: Layout = inner instanceof Map ? inner : new Map();
      place.set(number, next);
      place = next;
    }
    place.set(field.protobuf, field);
  }
  return layout;
}

const ascending = (layout: Layout): Layout =>
  new Map(
    [...layout]
      .sort(([a], [b]) => a - b)
      .map(([number, node]) => [number, node instanceof Map ? ascending(node) : node]),
  );
