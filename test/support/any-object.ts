// Objects of built-in types at random, for properties: every field may be there, with a value that its type can have and
// that is written as the API writes it. They need not be valid.
import fc, { type Arbitrary } from 'fast-check';
import type { ResourceDefinition } from '../../src/api/definition.ts';
import { builtinSchema } from '../../src/api/facts.ts';
import type { Json, KubeObject } from '../../src/apimachinery/meta.ts';
import type { FieldSchema, TypeRef, TypeSchema } from '../../src/apimachinery/schema.ts';

/** Levels below an object; deeper, lists and maps are empty and structs too. */
const DEPTH = 4;

export const anyObject = ({ group, version, kind, schema }: ResourceDefinition): Arbitrary<KubeObject> =>
  struct(schema, DEPTH).map((fields) => ({
    apiVersion: group ? `${group}/${version}` : version,
    kind,
    ...(fields as object),
    metadata: (fields as { metadata?: object }).metadata ?? {},
  }));

const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ maxLength: 4, unit: 'binary' }).map(wellFormed));
const time = fc
  .integer({ min: 0, max: 4_000_000_000 })
  .map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 19));
const json = fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 2 });

function wellFormed(value: string): string {
  return value.toWellFormed();
}

const SPECIAL: Readonly<Record<string, Arbitrary<unknown>>> = {
  Quantity: fc.integer({ min: 1, max: 999 }).map((n) => `${n}m`),
  Time: time.map((t) => `${t}Z`),
  MicroTime: fc
    .tuple(time, fc.integer({ min: 0, max: 999_999 }))
    .map(([t, n]) => `${t}.${String(n).padStart(6, '0')}Z`),
  Duration: fc.integer({ min: 0, max: 59 }).map((n) => `${n}s`),
  IntOrString: fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), text),
  RawExtension: json,
  FieldsV1: json,
  JSON: json,
  ExtraValue: fc.array(text, { minLength: 1, maxLength: 2 }),
  Verbs: fc.array(text, { minLength: 1, maxLength: 2 }),
  JSONSchemaPropsOrBool: fc.boolean(),
  JSONSchemaPropsOrArray: fc.constant([{ type: 'string' }]),
  JSONSchemaPropsOrStringArray: fc.array(text, { minLength: 1, maxLength: 2 }),
};

function struct(schema: TypeSchema, depth: number): Arbitrary<unknown> {
  if (depth === 0) return fc.constant({});
  const fields = [...schema.fields.values()].filter(({ protobuf }) => protobuf !== undefined);
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, value(field, depth)])), {
    requiredKeys: [],
    noNullPrototype: true,
  });
}

const value = ({ type }: FieldSchema, depth: number): Arbitrary<Json> => some(type, depth) as Arbitrary<Json>;

function some(type: TypeRef, depth: number): Arbitrary<unknown> {
  switch (type.kind) {
    case 'list':
      return fc.array(some(type.item, depth - 1), { minLength: 1, maxLength: 2 });
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 4 }), some(type.value, depth - 1), { minKeys: 1, maxKeys: 2 });
    case 'struct': {
      const schema = builtinSchema.type(type.model);
      if (!schema.special) return struct(schema, Math.max(0, depth - 1));
      const arbitrary = SPECIAL[type.model.slice(type.model.lastIndexOf('.') + 1)];
      if (!arbitrary) throw new Error(`test/support/any-object.ts makes no ${type.model}`);
      return arbitrary;
    }
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case 'int64':
      return fc.maxSafeInteger();
    case 'float64':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'bytes':
      return fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    default:
      return text;
  }
}
