// What a reader of JSON or YAML hands on: the value, and what JavaScript's values can't carry.
import type { Json } from '../meta.ts';
import type { TypeRef } from '../schema.ts';

export interface Decoded {
  value: Json;
  /** Paths (`spec.containers[0].name`) of fields given more than once, in the order found; the last one is in `value`. */
  duplicates: readonly string[];
  /** By path, numbers whose literal matters: an integer written as 5.0 or 3e1, or one too long to be exact. */
  literals: ReadonlyMap<string, string>;
  /** Problems of the text itself that only strict reading reports, in upstream's words. */
  problems: readonly string[];
  /** Integers too large for 32 bits lose those beyond them, as where Go sets fields by reflection. */
  wrapsIntegers?: boolean;
  /** Nulls are for validation to judge, even where they are as good as nothing in a body. */
  keepsNulls?: boolean;
}

/** A body that cannot be read, or does not fit its type. The message is that of Go's decoder. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** A value that has another JSON type than the field wants. */
export class MismatchError extends DecodeError {
  readonly value: Json;
  readonly type: TypeRef;

  constructor(message: string, { value, type }: { value: Json; type: TypeRef }) {
    super(message);
    this.value = value;
    this.type = type;
  }
}

export const fieldPath = (parent: string, key: string): string => (parent === '' ? key : `${parent}.${key}`);
export const indexPath = (parent: string, index: number): string => `${parent}[${index}]`;

/** Sets a field even if it is called __proto__, which plain assignment would not. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else object[key] = value;
}
