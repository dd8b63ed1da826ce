// What an expression may name: variables, types, functions.
import type { DeclaredType } from './declared-type.ts';
import { type FunctionDeclaration, findFunction } from './library/index.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  opaque,
  paramType,
  STRING,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from './types.ts';

export interface Environment {
  readonly variables: ReadonlyMap<string, Type>;
  /** Objects by the names of their types. */
  readonly objects: { get(name: string): DeclaredType | undefined };
  /** Functions beyond the common ones. */
  readonly functions?: ReadonlyMap<string, FunctionDeclaration>;
  /** Whether cel.bind() names values, which it does for devices only. */
  readonly hasBind?: boolean;
}

const TYPE_NAMES: ReadonlyMap<string, Type> = new Map(
  [
    ['bool', BOOL],
    ['bytes', BYTES],
    ['double', DOUBLE],
    ['google.protobuf.Duration', DURATION],
    ['int', INT],
    ['list', listOf(paramType('A'))],
    ['map', mapOf(paramType('A'), paramType('B'))],
    ['null_type', NULL],
    ['string', STRING],
    ['google.protobuf.Timestamp', TIMESTAMP],
    ['type', typeOf()],
    ['uint', UINT],
    ['optional_type', opaque('optional_type', DYN)],
    ['net.IP', opaque('net.IP')],
    ['net.CIDR', opaque('net.CIDR')],
  ].map(([name, type]) => [name as string, typeOf(type as Type)]),
);

/** The type of a name; that of a type's name is a type. */
export function findName(environment: Environment, name: string): Type | undefined {
  const object = environment.objects.get(name);
  return environment.variables.get(name) ?? TYPE_NAMES.get(name) ?? (object ? typeOf(object.type) : undefined);
}

export const isTypeName = (environment: Environment, name: string): boolean =>
  !environment.variables.has(name) && (TYPE_NAMES.has(name) || environment.objects.get(name) !== undefined);

export const findFunctionIn = (environment: Environment, name: string): FunctionDeclaration | undefined =>
  environment.functions?.get(name) ?? findFunction(name);
