// The function that brings values of one type to their canonical form, as JavaScript's source: a statement for each field,
// in the order in which Go writes them. Over tables of fields the same takes several times as long, since the engine can
// remember where a field lies only at a place in the source that always asks for that field.
import { deepCopy } from '../apimachinery/value.ts';
import { zeroOfScalar, zeroOfSpecial } from '../apimachinery/zero.ts';
import {
  type AsSent,
  type Convert,
  type FieldPlan,
  planFields,
  type Struct,
  shortName,
  type TypeDefault,
} from './field-plan.ts';
import type { SchemaSet, TypeRef, TypeSchema } from './schema.ts';

export interface WriteOptions {
  schema: SchemaSet;
  /** By model. Without it nothing gets a default. */
  defaults: ReadonlyMap<string, TypeDefault> | undefined;
  converterOf(type: TypeRef): Convert;
}

export function writeNormaliser(type: TypeSchema, options: WriteOptions): (value: Struct, asSent: AsSent) => Struct {
  const parts: unknown[] = [];
  const part = (value: unknown): string => `part${parts.push(value) - 1}`;
  const plans = planFields(type);
  const setDefaults = options.defaults?.get(type.model);
  const source = [
    'let value;',
    'const result = {};',
    ...(type.typeMeta
      ? ['kind', 'apiVersion'].map((name) => `if (given.${name}) result.${name} = given.${name};`)
      : []),
    ...(setDefaults ? [...given(plans), `${part(setDefaults)}(given);`] : []),
    ...plans.flatMap((plan) => fieldSource(plan, { ...options, part })),
    'return result;',
  ];
  const name = `normal${shortName(type.model).replace(/\W/g, '')}`;
  const body = `'use strict'; return function ${name}(given, asSent) {\n${source.join('\n')}\n};`;
  return new Function(...parts.keys().map((i) => `part${i}`), body)(...parts);
}

/** A copy with nothing that counts as missing, so that defaults see what Go's see. */
const given = (plans: readonly FieldPlan[]): string[] => [
  'const known = {};',
  ...plans.map((plan) => `value = ${read(plan)}; if (${isPresent(plan)}) known${member(plan)} = value;`),
  'given = known;',
];

const member = ({ name }: FieldPlan): string => `[${JSON.stringify(name)}]`;
const read = (plan: FieldPlan): string => `given${member(plan)}`;

/** Whether `value` is something that Go could tell from a field that was not given. */
function isPresent({ type, pointer, keepsEmpty, omitEmpty }: FieldPlan): string {
  if (pointer || keepsEmpty) return 'value !== undefined && value !== null';
  // In Go nil is something else than empty, for lists, maps and bytes.
  switch (type.kind) {
    case 'list':
      return `value && !(Array.isArray(value) && value.length === 0 && asSent ${omitEmpty ? "!== 'empties'" : '=== undefined'})`;
    case 'bytes':
      return "(value || (value === '' && asSent === 'empties'))";
    case 'any':
    case 'struct':
      return `value && !(Array.isArray(value) && value.length === 0${omitEmpty ? '' : " && asSent !== 'lists'"})`;
    default:
      return 'value';
  }
}

type Writing = WriteOptions & { part(value: unknown): string };

function fieldSource(plan: FieldPlan, writing: Writing): string[] {
  const target = `result${member(plan)}`;
  const missing = missingSource(plan, writing);
  return [
    `value = ${read(plan)};`,
    `if (${isPresent(plan)}) ${presentSource(plan, writing)}`,
    ...(missing === undefined ? [] : [`else ${target} = ${missing};`]),
  ];
}

function presentSource(plan: FieldPlan, { part, converterOf }: Writing): string {
  const { type, pointer, omitEmpty } = plan;
  const target = `result${member(plan)}`;
  const isPlain = type.kind !== 'list' && type.kind !== 'map' && type.kind !== 'struct';
  if (isPlain) return `${target} = value;`;
  const converted = `${part(converterOf(type))}(value, asSent)`;
  if (type.kind !== 'map' || pointer || !omitEmpty) return `${target} = ${converted};`;
  return `{ value = ${converted}; if (asSent === 'empties' || Object.keys(value).length > 0) ${target} = value; }`;
}

/** What is written of a field that is missing, as an expression; undefined: nothing. */
function missingSource(plan: FieldPlan, { schema, defaults, converterOf, part }: Writing): string | undefined {
  const { type, pointer, omitEmpty, omitZero, ifMissing } = plan;
  if (defaults && ifMissing !== undefined) {
    if (!pointer && omitEmpty && isEmpty(ifMissing)) return undefined;
    if (typeof ifMissing !== 'object') return JSON.stringify(ifMissing);
    const convert = converterOf(type);
    return `${part((asSent: AsSent) => convert(deepCopy(ifMissing), asSent))}(asSent)`;
  }
  if (!plan.isWrittenUnset) return undefined;
  if (pointer) return 'null';
  if (omitZero) return undefined;
  if (type.kind !== 'struct') return JSON.stringify(zeroOfScalar(type.kind) ?? null);
  const resolved = schema.type(type.model);
  // omitempty leaves no struct out, so an unset time is null; special types that are lists are left out.
  if (!resolved.special) return `${part(converterOf(type))}({}, asSent)`;
  if (omitEmpty && resolved.special.json.startsWith('[')) return undefined;
  return JSON.stringify(zeroOfSpecial(resolved));
}

const isEmpty = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
