// Values that only functions of their own look into.
import { structType, type Type } from '../types.ts';
import type { Opaque } from '../values.ts';
import { namedType } from './signatures.ts';

/** A kind of such values: makes them, and knows when two are the same. */
export interface OpaqueKind<T> {
  of(value: T): Opaque;
  read(value: Opaque): T;
}

export function opaqueKind<T>(
  name: string,
  { same, sizeOf }: { same: (a: T, b: T) => boolean; sizeOf?: (value: T) => number },
): OpaqueKind<T> {
  const type: Type = /[.]/.test(name) ? structType(name) : namedType(name);
  return {
    of: (value) => ({
      tag: 'opaque',
      type,
      value,
      ...(sizeOf ? { size: sizeOf(value) } : {}),
      same: (other) => same(value, other.value as T),
    }),
    read: ({ value }) => value as T,
  };
}
