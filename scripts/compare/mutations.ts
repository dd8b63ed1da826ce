// Values that a place may be given, right and wrong: what every value of its kind may get wrong, and what other
// objects had in the same slot.
import { builtinSchema } from '../../src/api/facts.ts';
import type { TypeRef } from '../../src/api/schema.ts';
import { type Fields, isFields, type Place, slotOf, structOf } from './places.ts';
import type { Chance } from './random.ts';
import type { Vocabulary } from './seeds.ts';

const TEXTS = [
  '',
  ' ',
  'a',
  'A',
  'a_b',
  'a.b',
  'a..b',
  '-a',
  'a-',
  'a/b',
  '/a',
  'a/b/c',
  'x.io/a',
  'a b',
  'ü',
  '..',
  '1',
  '-1',
  '0',
  '*',
  '*.a',
  'a:b',
  '10.0.0.1',
  '010.0.0.1',
  '::1',
  '10.0.0.0/8',
  '10.0.0.1/8',
  '$' + '{x63}',
  '$' + '{x64}',
  '$' + '{x253}',
  '$' + '{x254}',
  '$' + '{x1025}',
  'None',
  'http://a.b/c',
];
const KEYS = ['', 'A b', '-a', 'x.io/y', 'x.io/', '/y', 'a/b/c', '$' + '{x64}', '..', 'kubernetes.io/x'];
const INTEGERS = [-1, 0, 1, 2, 100, 101, 65535, 65536, 2147483647, 2147483648];
const QUANTITIES: readonly unknown[] = [
  '',
  '0',
  '-1',
  '1',
  '1.5',
  '100m',
  '1Gi',
  '1e3',
  '1x',
  ' 1',
  1,
  0.5,
  '1n',
  '9e99',
];
const TIMES = ['', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00.5+01:00', '2020-01-01', 'now'];
const OTHERWISE: Readonly<Record<string, readonly unknown[]>> = {
  Quantity: QUANTITIES,
  IntOrString: [
    -1,
    0,
    1,
    65536,
    101,
    '',
    'a',
    'A',
    '50%',
    '101%',
    '-1%',
    '0%',
    '1.5%',
    '%',
    'a-long-port-name',
    'a--b',
  ],
  Time: TIMES,
  MicroTime: [...TIMES, '2020-01-01T00:00:00.123456Z'],
  Duration: ['', '0s', '-1s', '1h', '1.5s', '1d', 5],
};

/** What a value of this type may be instead. `undefined` takes it away. */
export function standardValues({ type, value, field }: Place): unknown[] {
  switch (type.kind) {
    case 'string':
      return [undefined, null, 5, ...(field?.enum ?? []), ...TEXTS];
    case 'int32':
    case 'int64':
      return [undefined, null, 'a', 1.5, ...INTEGERS];
    case 'float64':
      return [undefined, null, 'a', -1, 0, 0.5];
    case 'bool':
      return [undefined, null, 'true', true, false];
    case 'bytes':
      return [undefined, null, '', 'YQ==', '!', 5];
    case 'list':
      return [undefined, null, [], {}, 'a', [null], ...listsFrom(value, type.item)];
    case 'map':
      return [undefined, null, {}, [], 'a', ...mapsFrom(value)];
    case 'struct':
      return structValues(type.model, value);
    default:
      return [undefined, null, 'a', 5, {}, []];
  }
}

function structValues(model: string, value: unknown): unknown[] {
  const others = OTHERWISE[model.slice(model.lastIndexOf('.') + 1)];
  if (others) return [undefined, null, ...others, {}];
  return [undefined, null, {}, 'a', [], ...(isFields(value) ? [{ ...value, unknownField: 1 }] : [])];
}

function listsFrom(value: unknown, item: TypeRef): unknown[] {
  if (!Array.isArray(value) || value.length === 0) return [];
  const empty = item.kind === 'struct' && !builtinSchema.type(item.model).special ? [[...value, {}]] : [];
  return [[...value, value[0]], value.slice(1), value.toReversed(), ...empty];
}

function mapsFrom(value: unknown): unknown[] {
  if (!isFields(value)) return [];
  const some = Object.values(value)[0] ?? 'a';
  return KEYS.map((key) => ({ ...value, [key]: some }));
}

/** Values that other objects had here. */
export const knownValues = (vocabulary: Vocabulary, slot: string): unknown[] =>
  [...(vocabulary.get(slot) ?? [])].map((text) => JSON.parse(text) as unknown);

/** Fields that a struct lacks, each with what some object had there or, if none had, with what its type may have. */
export function missingFields(
  place: Place,
  { vocabulary, chance }: Choosing,
): { name: string; values: readonly unknown[] }[] {
  const schema = isFields(place.value) ? structOf(place.type) : undefined;
  if (!schema) return [];
  return [...schema.fields.values()]
    .filter(({ name }) => !Object.hasOwn(place.value as Fields, name))
    .map((field) => {
      const known = knownValues(vocabulary, slotOf(schema, field.name));
      const invented = () => Array.from({ length: INVENTED }, () => invent(field.type, { vocabulary, chance }));
      return { name: field.name, values: known.length > 0 ? known : invented() };
    });
}

export interface Choosing {
  vocabulary: Vocabulary;
  chance: Chance;
}

const INVENTED = 8;
const DEEPEST = 4;

/** Some value of the type; not many of them are good. */
function invent(type: TypeRef, choosing: Choosing, depth = 0): unknown {
  const { vocabulary, chance } = choosing;
  const few = () => Array.from({ length: chance.below(3) }, (_, i) => i);
  if (type.kind === 'list') return few().map(() => invent(type.item, choosing, depth + 1));
  if (type.kind === 'map') {
    return Object.fromEntries(few().map((i) => [chance.one(KEYS) || `k${i}`, invent(type.value, choosing, depth + 1)]));
  }
  const schema = structOf(type);
  if (!schema) {
    const values = standardValues({ type, steps: [], slot: '', value: undefined });
    return chance.one(values.filter((value) => value !== undefined && value !== null));
  }
  const chosen = [...schema.fields.values()].filter(() => depth < DEEPEST && chance.below(2) === 0);
  return Object.fromEntries(
    chosen.map((field) => {
      const known = knownValues(vocabulary, slotOf(schema, field.name));
      return [field.name, known.length > 0 ? chance.one(known) : invent(field.type, choosing, depth + 1)];
    }),
  );
}

/** A few of what a place may be given: standard values and known ones. */
export function someValues(place: Place, count: number, { vocabulary, chance }: Choosing): unknown[] {
  const known = knownValues(vocabulary, place.slot);
  const values = new Map([...standardValues(place), ...known].map((value) => [JSON.stringify(value), value]));
  values.delete(JSON.stringify(place.value));
  return chance.some([...values.values()], count);
}
