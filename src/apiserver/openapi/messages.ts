// How the protobuf messages of OpenAPI documents are told as data (v2-messages.ts, v3-messages.ts).

export type Scalar = 'string' | 'bool' | 'int64' | 'double';

/**
 * A scalar, 'any' (the message Any, whose second field holds the value as YAML), 'eachAny' (one for each item), or a
 * message below. All but 'any' may be repeated, which an array in JSON says.
 */
export type TypeName = Scalar | 'any' | 'eachAny' | (string & {});

/** Field number and type. */
export type Member = readonly [number: number, type: TypeName];

export type Message =
  /** By name in JSON; a field's number is its place. Vendor extensions (x-…) come after the last, as NamedAny. */
  | { fields: Readonly<Record<string, TypeName>>; extensions?: true }
  /** All names but x-… go into messages of a name (1) and a value (2). */
  | { named: Member; extensions?: number }
  /** A message around one value or several. */
  | { wraps: TypeName }
  /** One of several members, or none. */
  | { oneOf(value: object | boolean): Member | undefined };

/** By name. */
export type Messages = Readonly<Record<string, Message>>;

/** A reference, or else the member given. */
export const refOr =
  (number: number, type: TypeName, reference: Member) =>
  (value: object | boolean): Member =>
    Object.hasOwn(value as object, '$ref') ? reference : [number, type];

/** What bounds a value, in the order in which every message that bounds one numbers it. */
export const BOUNDS = {
  maximum: 'double',
  exclusiveMaximum: 'bool',
  minimum: 'double',
  exclusiveMinimum: 'bool',
  maxLength: 'int64',
  minLength: 'int64',
  pattern: 'string',
  maxItems: 'int64',
  minItems: 'int64',
  uniqueItems: 'bool',
} satisfies Record<string, TypeName>;
