// Objects as Go would write them back: unknown fields and nulls gone, empty omitempty fields gone, structs that are
// no pointers there, quantities, times and durations in their canonical text, and the defaults of each type.
// Values of a wrong type are left alone; the decoder has refused them already.
//
// Every write brings an object of some hundred fields to this form twice. Each type has a function for that, written out
// field by field when it is first needed (written-normaliser.ts).
import { setField } from '../apimachinery/codec/decoded.ts';
import { schemaForm, schemaModel } from '../apimachinery/codec/schema-forms.ts';
import type { Json } from '../apimachinery/meta.ts';
import { zeroOfScalar, zeroOfSpecial } from '../apimachinery/zero.ts';
import { canonicalSpecial } from './canonical-special.ts';
import type { AsSent, Convert, Struct, TypeDefault } from './field-plan.ts';
import type { SchemaSet, TypeRef, TypeSchema } from './schema.ts';
import { writeNormaliser } from './written-normaliser.ts';

export type { Struct, TypeDefault } from './field-plan.ts';

export interface Normaliser {
  /** Brings `object` to its canonical form, in place. */
  normalise(object: Struct, type: TypeSchema, options?: { asSent?: AsSent }): void;
}

/** `defaults` are by model; without them nothing gets a default, plain ones included. */
export function createNormaliser(schema: SchemaSet, defaults?: ReadonlyMap<string, TypeDefault>): Normaliser {
  const structs = new Map<string, Convert>();

  const structOf = (type: TypeSchema): Convert => {
    // Written when a value is first met: types refer to each other in circles.
    let write: ((value: Struct, asSent: AsSent) => Struct) | undefined;
    return (value, asSent) => {
      if (typeof value !== 'object' || Array.isArray(value)) return value;
      write ??= writeNormaliser(type, { schema, defaults, converterOf });
      return write((value ?? {}) as Struct, asSent);
    };
  };

  function converterOf(type: TypeRef): Convert {
    switch (type.kind) {
      case 'list':
        return isScalar(type.item) ? scalarsOf(type.item) : listOf(converterOf(type.item));
      case 'map':
        return mapOf(converterOf(type.value));
      case 'struct': {
        const found = structs.get(type.model);
        if (found) return found;
        const resolved = schema.type(type.model);
        const convert = resolved.special ? specialOf(resolved) : structOf(resolved);
        structs.set(type.model, convert);
        return convert;
      }
      default: {
        const zero = zeroOfScalar(type.kind) ?? null; // nil bytes
        return (value) => (value === null ? zero : value);
      }
    }
  }

  function specialOf(type: TypeSchema): Convert {
    const form = schemaForm(type.model);
    if (!form) {
      const zero = zeroOfSpecial(type);
      return (value) => (value === null ? zero : canonicalSpecial(value, type));
    }
    const inner: TypeRef = { kind: 'struct', model: schemaModel(type.model) };
    return (value, asSent) =>
      value === null ? null : form(value as Json, (one) => converterOf(inner)(one, asSent) as Json);
  }

  // Types made at run time have no model to be known by.
  const roots = new WeakMap<TypeSchema, Convert>();
  return {
    normalise(object, type, { asSent } = {}) {
      let convert = roots.get(type);
      if (!convert) {
        convert = structOf(type);
        roots.set(type, convert);
      }
      replaceFields(object, convert(object, asSent) as Struct);
    },
  };
}

const plain = new WeakMap<SchemaSet, Normaliser>();

/** The one without defaults, which is one for all who ask. */
export function plainNormaliser(schema: SchemaSet): Normaliser {
  let found = plain.get(schema);
  if (!found) {
    found = createNormaliser(schema);
    plain.set(schema, found);
  }
  return found;
}

/** Gives `object` the fields of `other`, in their order. */
function replaceFields(object: Struct, other: Struct): void {
  const names = Object.keys(other);
  // Taking fields away makes an object slow to read for good.
  if (!Object.keys(object).every((name, i) => name === names[i])) for (const name in object) delete object[name];
  for (const name of names) object[name] = other[name];
}

const isScalar = ({ kind }: TypeRef): boolean => kind !== 'list' && kind !== 'map' && kind !== 'struct';

function listOf(convert: Convert): Convert {
  return (items, asSent) => {
    if (items === null || !Array.isArray(items)) return items;
    return items.map((item) => convert(item, asSent));
  };
}

function scalarsOf(type: TypeRef): Convert {
  const zero = zeroOfScalar(type.kind) ?? null; // nil bytes
  return (items) => (Array.isArray(items) && items.includes(null) ? items.map((item) => item ?? zero) : items);
}

function mapOf(convert: Convert): Convert {
  return (map, asSent) => {
    if (typeof map !== 'object' || map === null || Array.isArray(map)) return map;
    let result: Struct | undefined;
    for (const key in map) {
      const before = (map as Struct)[key];
      const after = convert(before, asSent);
      if (after === before) continue;
      result ??= { ...map };
      setField(result, key, after);
    }
    return result ?? map;
  };
}

/** Whether a list, a map or bytes in a value are said to be empty. */
export function saysEmpty(value: unknown, type: TypeRef, schema: SchemaSet): boolean {
  if (value === undefined || value === null) return false;
  if (type.kind === 'bytes') return value === '';
  if (type.kind === 'list') {
    return Array.isArray(value) && (value.length === 0 || value.some((item) => saysEmpty(item, type.item, schema)));
  }
  if (!isStruct(value)) return false;
  const parts = Object.entries(value);
  if (type.kind === 'map') return parts.length === 0 || parts.some(([, part]) => saysEmpty(part, type.value, schema));
  if (type.kind !== 'struct') return false;
  const { fields } = schema.type(type.model);
  return parts.some(([name, part]) => {
    const field = fields.get(name);
    return field !== undefined && saysEmpty(part, field.type, schema);
  });
}

const isStruct = (value: unknown): value is Struct =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
