// Declarations as text: `fn overload_id (string, list(A)) -> int`, members as `fn overload_id string.(int) -> string`.
// Capital letters alone are type parameters. The names are upstream's: costs go by them.
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  opaque,
  paramType,
  STRING,
  structType,
  TIMESTAMP,
  type Type,
  UINT,
} from '../types.ts';

export interface Overload {
  readonly id: string;
  readonly isMember: boolean;
  /** The target of members comes first. */
  readonly args: readonly Type[];
  readonly result: Type;
  readonly typeParams: readonly string[];
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

const NAMED: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  dyn: DYN,
  int: INT,
  string: STRING,
  timestamp: TIMESTAMP,
  uint: UINT,
  ip: opaque('net.IP'),
  cidr: opaque('net.CIDR'),
  quantity: structType('kubernetes.Quantity'),
  semver: structType('kubernetes.Semver'),
  url: structType('kubernetes.URL'),
  namedFormat: structType('kubernetes.NamedFormat'),
  authorizer: structType('kubernetes.authorization.Authorizer'),
  pathCheck: structType('kubernetes.authorization.PathCheck'),
  groupCheck: structType('kubernetes.authorization.GroupCheck'),
  resourceCheck: structType('kubernetes.authorization.ResourceCheck'),
  decision: structType('kubernetes.authorization.Decision'),
};
const GENERIC: Readonly<Record<string, Pick<Type, 'kind' | 'name'>>> = {
  list: { kind: 'list', name: 'list' },
  map: { kind: 'map', name: 'map' },
  optional: { kind: 'opaque', name: 'optional_type' },
  type: { kind: 'type', name: 'type' },
};

/** The type that a word of declarations names. */
export const namedType = (name: string): Type => {
  const type = NAMED[name] ?? (/^[A-Z]$/.test(name) ? paramType(name) : undefined);
  if (!type) throw new Error(`no such type in a declaration: ${name}`);
  return type;
};

/** Reads `a, list(b), c` up to the bracket that ends it. */
function readTypes(text: string): { types: Type[]; rest: string } {
  const types: Type[] = [];
  let rest = text;
  while (!rest.startsWith(')')) {
    const read = readType(rest);
    types.push(read.type);
    rest = read.rest.replace(/^,\s*/, '');
  }
  return { types, rest: rest.slice(1) };
}

function readType(text: string): { type: Type; rest: string } {
  const name = /^\w+/.exec(text)?.[0] ?? '';
  const rest = text.slice(name.length);
  const generic = Object.hasOwn(GENERIC, name) && rest.startsWith('(') ? GENERIC[name] : undefined;
  if (!generic) return { type: namedType(name), rest };
  const { types, rest: after } = readTypes(rest.slice(1));
  return { type: { ...generic, params: types }, rest: after };
}

function parametersOf(types: readonly Type[]): string[] {
  return types.flatMap((type) => (type.kind === 'param' ? [type.name] : parametersOf(type.params)));
}

function readOverload(text: string): [name: string, overload: Overload] {
  const [, name, id, signature] = /^(\S+)\s+(\S+)\s+(.*)$/.exec(text) as unknown as [string, string, string, string];
  const isMember = !signature.startsWith('(');
  const target = isMember ? readType(signature) : undefined;
  const list = target ? target.rest.replace(/^\.\(/, '') : signature.slice(1);
  const { types, rest } = readTypes(list);
  const args = target ? [target.type, ...types] : types;
  const result = readType(rest.replace(/^\s*->\s*/, '')).type;
  const typeParams = [...new Set(parametersOf([...args, result]))];
  return [name, { id, isMember, args, result, typeParams }];
}

export function readDeclarations(lines: readonly string[]): Map<string, FunctionDeclaration> {
  const found = new Map<string, Overload[]>();
  for (const line of lines) {
    const [name, overload] = readOverload(line);
    const others = found.get(name);
    if (others) others.push(overload);
    else found.set(name, [overload]);
  }
  return new Map([...found].map(([name, overloads]) => [name, { name, overloads }]));
}
