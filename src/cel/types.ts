// Types of expressions, and how upstream prints them (github.com/google/cel-go v0.26 common/types/types.go,
// checker/format.go).

export type Kind =
  | 'dyn'
  | 'any'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'struct'
  | 'opaque'
  | 'type'
  | 'param';

export interface Type {
  readonly kind: Kind;
  /** The name at run time, which `type(x)` compares. */
  readonly name: string;
  readonly params: readonly Type[];
}

const simple = (kind: Kind, name: string = kind): Type => ({ kind, name, params: [] });

export const DYN = simple('dyn');
/** Of device attributes: as good as dyn, by another name. */
export const ANY = simple('any');
export const ERROR = simple('error', '*error*');
export const NULL = simple('null', 'null_type');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const DURATION = simple('duration', 'google.protobuf.Duration');

export const listOf = (item: Type): Type => ({ kind: 'list', name: 'list', params: [item] });
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', name: 'map', params: [key, value] });
export const structType = (name: string): Type => simple('struct', name);
export const paramType = (name: string): Type => simple('param', name);
export const typeOf = (of?: Type): Type => ({ kind: 'type', name: 'type', params: of ? [of] : [] });
export const opaque = (name: string, ...params: Type[]): Type => ({ kind: 'opaque', name, params });
export const optionalOf = (of: Type): Type => opaque('optional_type', of);

export const isOptional = (type: Type): boolean => type.kind === 'opaque' && type.name === 'optional_type';
export const isDyn = ({ kind }: Type): boolean => kind === 'dyn' || kind === 'any';
export const isDynOrError = (type: Type): boolean => isDyn(type) || type.kind === 'error';

/** The first parameter of lists, optionals and types; what a list or map holds. */
export const firstParam = (type: Type): Type => type.params[0] ?? DYN;
export const secondParam = (type: Type): Type => type.params[1] ?? DYN;

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((param, i) => sameType(param, b.params[i] as Type))
  );
}

const SHOWN: Partial<Record<Kind, string>> = {
  error: '!error!',
  null: 'null',
  timestamp: 'timestamp',
  duration: 'duration',
};

export function formatType(type: Type): string {
  const name = SHOWN[type.kind] ?? type.name;
  return type.params.length > 0 ? `${name}(${type.params.map(formatType).join(', ')})` : name;
}

/** `string.(int, int)` of a member, `(string, int)` of a function. */
export function formatArguments(types: readonly Type[], isMember: boolean): string {
  const shown = types.map(formatType);
  return isMember ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
}
