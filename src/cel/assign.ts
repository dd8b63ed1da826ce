// Which types can stand for which, and what that makes of type parameters (cel-go checker/types.go).
import { DYN, formatType, isDyn, isDynOrError, sameType, type Type } from './types.ts';

/** Name of a type parameter → what it turned out to be. */
export type Mapping = ReadonlyMap<string, Type>;

/** What was found, with what was there before each change: a long expression has thousands of parameters. */
interface Found {
  readonly mapping: Map<string, Type>;
  readonly before: [name: string, type: Type | undefined][];
}

/** Whether the types can stand for those of `to`; what that says of parameters goes into the mapping. */
export function assignAll(mapping: Map<string, Type>, from: readonly Type[], to: readonly Type[]): boolean {
  const found: Found = { mapping, before: [] };
  if (allAssignable(found, from, to)) return true;
  for (const [name, type] of found.before.reverse()) {
    if (type) mapping.set(name, type);
    else mapping.delete(name);
  }
  return false;
}

function learn({ mapping, before }: Found, { name }: Type, type: Type): void {
  before.push([name, mapping.get(name)]);
  mapping.set(name, type);
}

function allAssignable(found: Found, a: readonly Type[], b: readonly Type[]): boolean {
  return a.length === b.length && a.every((type, i) => assignable(found, type, b[i] as Type));
}

function assignable(found: Found, a: Type, b: Type): boolean {
  if (b.kind === 'param') {
    const { valid, known } = substitutable(found, a, b);
    if (valid || known) return valid;
  }
  if (a.kind === 'param') return substitutable(found, b, a).valid;
  if (isDynOrError(a) || isDynOrError(b)) return true;
  if (a.kind === 'null') return isNullable(b);
  if (b.kind === 'null') return isNullable(a);
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'type':
      return true;
    case 'opaque':
    case 'list':
    case 'map':
      return a.name === b.name && allAssignable(found, a.params, b.params);
    default:
      return a.name === b.name;
  }
}

const isNullable = ({ kind }: Type): boolean => ['null', 'opaque', 'struct', 'duration', 'timestamp'].includes(kind);

function substitutable(found: Found, type: Type, param: Type): { valid: boolean; known: boolean } {
  if (sameType(type, param)) return { valid: true, known: true };
  const known = found.mapping.get(param.name);
  if (known) {
    if (sameType(type, known)) return { valid: true, known: true };
    if (!assignable(found, type, known)) return { valid: false, known: true };
    const general = mostGeneral(type, known);
    if (isFreeOf(found.mapping, param, general)) learn(found, param, general);
    return { valid: true, known: true };
  }
  if (!isFreeOf(found.mapping, param, type)) return { valid: false, known: false };
  learn(found, param, type);
  return { valid: true, known: false };
}

function isFreeOf(mapping: Mapping, param: Type, within: Type): boolean {
  if (sameType(param, within)) return false;
  if (within.kind === 'param') {
    const known = mapping.get(within.name);
    return !known || isFreeOf(mapping, param, known);
  }
  return within.params.every((part) => isFreeOf(mapping, param, part));
}

export const mostGeneral = (a: Type, b: Type): Type => (isLessSpecific(a, b) ? a : b);

function isLessSpecific(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.name === b.name &&
        a.params.length === b.params.length &&
        a.params.every((param, i) => isLessSpecific(param, b.params[i] as Type))
      );
    case 'type':
      return true;
    default:
      return sameType(a, b);
  }
}

/** The type with what is known of its parameters; the others stay, or are dyn at the end. */
export function substitute(mapping: Mapping, type: Type, isEnd = false): Type {
  if (type.kind === 'param') {
    const known = mapping.get(type.name);
    if (known) return substitute(mapping, known, isEnd);
    return isEnd ? DYN : type;
  }
  if (type.params.length === 0) return type;
  const params = type.params.map((param) => substitute(mapping, param, isEnd));
  return { ...type, params };
}

/** As two types are compared where all items must be alike. */
export const sameShape = (a: Type, b: Type): boolean => formatType(a) === formatType(b);
