// Schemas of CustomResourceDefinitions at random, most of them accepted, and values for them, some of which are refused.
import { isFields, type Schema } from '../../src/api/apiextensions/schema.ts';
import type { Chance } from './random.ts';

const DEEPEST = 3;
const NAMES = ['k', 'x', 'y'];
const TEXTS = [
  '',
  'a',
  'ab',
  'abc',
  'A',
  '5',
  '10.0.0.1',
  'a@b.c',
  '2020-01-01T00:00:00Z',
  '2020-01-01',
  '1h30m',
  'YQ==',
];
const NUMBERS = [0, 1, -1, 2, 3, 5, 7, 100, 0.5, 1.5, 2.25, 2147483648];
const FORMATS = ['date-time', 'date', 'duration', 'byte', 'email', 'ipv4', 'ipv6', 'cidr', 'uri', 'uuid', 'hostname'];

export function randomSchema(chance: Chance, depth = 0): Schema {
  const maybe = <T>(odds: number, make: () => T): T | undefined => (chance.below(odds) === 0 ? make() : undefined);
  const kinds = depth < DEEPEST ? 9 : 4;
  const schema: Schema = (() => {
    switch (chance.below(kinds)) {
      case 0:
        return {
          type: 'string',
          minLength: maybe(4, () => chance.below(3)),
          maxLength: maybe(3, () => 1 + chance.below(4)),
          pattern: maybe(4, () => chance.one(['^a', '^[a-z]+$', 'b$', '^\\d*$'])),
          format: maybe(5, () => chance.one(FORMATS)),
          enum: maybe(5, () => chance.some(TEXTS, 3)),
          'x-kubernetes-validations': maybe(4, () => [
            { rule: chance.one(["self != 'a'", 'self.size() < 3', "self.startsWith('a')", 'self == oldSelf']) },
          ]),
        };
      case 1:
        return {
          type: 'integer',
          format: maybe(4, () => chance.one(['int32', 'int64'])),
          minimum: maybe(3, () => chance.below(3)),
          maximum: maybe(3, () => 3 + chance.below(5)),
          exclusiveMaximum: maybe(6, () => true),
          multipleOf: maybe(5, () => 1 + chance.below(3)),
          enum: maybe(6, () => [1, 2, 3]),
          'x-kubernetes-validations': maybe(4, () => [
            { rule: chance.one(['self > 1', 'self >= oldSelf', 'self % 2 == 0']) },
          ]),
        };
      case 2:
        return {
          type: 'number',
          format: maybe(4, () => chance.one(['float', 'double'])),
          minimum: maybe(3, () => 0.5),
          maximum: maybe(3, () => 2.5),
          exclusiveMinimum: maybe(6, () => true),
          multipleOf: maybe(5, () => chance.one([0.5, 0.25, 2])),
        };
      case 3:
        return chance.one<Schema>([{ type: 'boolean' }, { 'x-kubernetes-int-or-string': true }]);
      case 4:
      case 5:
        return {
          type: 'object',
          properties: Object.fromEntries(NAMES.map((name) => [name, randomSchema(chance, depth + 1)])),
          required: maybe(4, () => [chance.one(NAMES)]),
          minProperties: maybe(6, () => 1),
          maxProperties: maybe(6, () => 2),
          oneOf: maybe(8, () => [{ required: ['x'] }, { required: ['y'] }]),
          not: maybe(10, () => ({ required: ['k', 'x'] })),
          'x-kubernetes-map-type': maybe(6, () => chance.one(['atomic', 'granular'])),
          'x-kubernetes-preserve-unknown-fields': maybe(6, () => true),
          'x-kubernetes-validations': maybe(5, () => [
            {
              rule: chance.one(['has(self.x) || has(self.y)', '!has(self.k)', 'has(oldSelf.x) == has(self.x)']),
              message: maybe(2, () => 'not so'),
              reason: maybe(3, () => chance.one(['FieldValueForbidden', 'FieldValueRequired'])),
              fieldPath: maybe(3, () => '.x'),
            },
          ]),
        };
      case 6:
        return {
          type: 'object',
          additionalProperties: randomSchema(chance, depth + 1),
          maxProperties: maybe(3, () => 2),
        };
      case 7: {
        const listType = chance.one(['atomic', 'set', undefined]);
        const items = listType === 'set' ? randomSchema(chance, DEEPEST) : randomSchema(chance, depth + 1);
        return {
          type: 'array',
          items,
          minItems: maybe(6, () => 1),
          maxItems: maybe(4, () => 2),
          'x-kubernetes-list-type': listType,
        };
      }
      default:
        return {
          type: 'array',
          items: {
            type: 'object',
            required: ['k'],
            properties: {
              k: { type: 'string' },
              x: randomSchema(chance, depth + 1),
              y: randomSchema(chance, depth + 1),
            },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        };
    }
  })();
  if (chance.below(6) === 0) schema.nullable = true;
  if (chance.below(8) === 0 && isUnrestricted(schema)) schema.default = randomValue(schema, chance, 0);
  return schema;
}

/** Of these any value of the type is a good default. */
const isUnrestricted = ({ type, properties, items, additionalProperties, ...rest }: Schema): boolean =>
  type !== undefined &&
  !properties &&
  !items &&
  !additionalProperties &&
  Object.values(rest).every((value) => value === undefined || value === true);

/** Of ten values about one is wrong somewhere; `wrong` 0 gives none of another type. */
export function randomValue(schema: Schema, chance: Chance, wrong = 1): unknown {
  if (chance.below(40) < wrong) return chance.one<unknown>([null, 'abc', 5, true, {}, [], [null], { extra: 1 }, 1.5]);
  const inner = (one: Schema) => randomValue(one, chance, wrong);
  if (schema.enum && chance.below(4) > 0) return chance.one(schema.enum);
  switch (schema.type) {
    case 'string':
      return chance.one(TEXTS);
    case 'integer':
      return chance.one(NUMBERS.filter(Number.isInteger));
    case 'number':
      return chance.one(NUMBERS);
    case 'boolean':
      return chance.below(2) === 0;
    case 'array': {
      const items = Array.isArray(schema.items) ? undefined : schema.items;
      return items ? Array.from({ length: chance.below(3) }, () => inner(items)) : [];
    }
    case 'object': {
      const { additionalProperties: values, properties = {} } = schema;
      if (isFields(values)) {
        return Object.fromEntries(chance.some(NAMES, chance.below(4)).map((name) => [name, inner(values as Schema)]));
      }
      const members = Object.entries(properties).filter(
        ([name]) => schema.required?.includes(name) || chance.below(3) > 0,
      );
      const extra = wrong > 0 && chance.below(12) === 0 ? { extra: 1 } : {};
      return { ...Object.fromEntries(members.map(([name, one]) => [name, inner(one)])), ...extra };
    }
    default:
      return chance.one<unknown>([1, 'abc', '50%']);
  }
}
