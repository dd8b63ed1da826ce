// Where in an object its type has something to say: every field, list item and map value with its schema.
import { builtinSchema } from '../../src/api/facts.ts';
import type { FieldSchema, TypeRef, TypeSchema } from '../../src/api/schema.ts';

export type Fields = Record<string, unknown>;
export type Steps = readonly (string | number)[];

export interface Place {
  steps: Steps;
  type: TypeRef;
  /** The field it is the value of; undefined for items of lists and maps. */
  field?: FieldSchema | undefined;
  /** `Container.name`, items as `Container.ports[]`: what values of other objects fit here. */
  slot: string;
  value: unknown;
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The struct that a type is, as far as it is walked through: quantities and the like are values. */
export function structOf(type: TypeRef): TypeSchema | undefined {
  if (type.kind !== 'struct') return undefined;
  const schema = builtinSchema.type(type.model);
  return schema.special || schema.fields.size === 0 ? undefined : schema;
}

const shortName = (model: string): string => model.slice(model.lastIndexOf('.') + 1);

export const slotOf = (schema: TypeSchema, field: string): string => `${shortName(schema.model)}.${field}`;

/** All places of an object, parents before their parts; what the type doesn't know is passed over. */
export function placesOf(object: Fields, model: string): Place[] {
  const places: Place[] = [];
  const visit = (place: Place) => {
    places.push(place);
    const { value, type, steps, slot } = place;
    if (type.kind === 'list' && Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        visit({ steps: [...steps, i], type: type.item, slot: `${slot}[]`, value: item });
      }
    } else if (type.kind === 'map' && isFields(value)) {
      for (const [key, item] of Object.entries(value)) {
        visit({ steps: [...steps, key], type: type.value, slot: `${slot}{}`, value: item });
      }
    } else if (isFields(value)) {
      const schema = structOf(type);
      for (const [name, item] of Object.entries(value)) {
        const field = schema?.fields.get(name);
        if (!schema || !field) continue;
        visit({ steps: [...steps, name], type: field.type, field, slot: slotOf(schema, name), value: item });
      }
    }
  };
  visit({ steps: [], type: { kind: 'struct', model }, slot: shortName(model), value: object });
  return places;
}

/** As causes name it, with `[*]` for any index. */
export const anyPath = (steps: Steps): string =>
  steps.map((step) => (typeof step === 'number' ? '[*]' : `.${step}`)).join('');

/** A copy with another value at a place; undefined takes it away. */
export function withValue(object: Fields, steps: Steps, value: unknown): Fields {
  const copy = structuredClone(object);
  const last = steps.at(-1);
  if (last === undefined) return value as Fields;
  let parent: unknown = copy;
  for (const step of steps.slice(0, -1)) parent = (parent as Record<string | number, unknown>)[step];
  if (value !== undefined) (parent as Record<string | number, unknown>)[last] = value;
  else if (Array.isArray(parent)) parent.splice(last as number, 1);
  else delete (parent as Fields)[last];
  return copy;
}
