// has(), all() and the others: calls that become folds (cel-go parser/macro.go, cel/library.go, ext/comprehensions.go,
// ext/lists.go, ext/bindings.go).
import type { Nodes } from './nodes.ts';
import { ACCUMULATOR, type Expr } from './syntax.ts';

export class MacroError extends Error {
  readonly at: number;

  constructor({ at }: Expr, message: string) {
    super(message);
    this.at = at;
  }
}

interface MacroCall {
  at: number;
  fn: string;
  target: Expr | undefined;
  args: readonly Expr[];
}

export interface MacroOptions {
  /** Whether cel.bind() is one. */
  hasBind: boolean;
}

/** What stands for the call; undefined when it is none of a macro. */
export function expandMacro(
  call: MacroCall,
  { nodes, options }: { nodes: Nodes; options: MacroOptions },
): Expr | undefined {
  const { fn, target, args } = call;
  if (!target) return fn === 'has' && args.length === 1 ? presence(call.at, args[0] as Expr, nodes) : undefined;
  // The new spelling is known with two variables only.
  const name = fn === 'existsOne' && args.length === 3 ? 'exists_one' : fn;
  const member = { at: call.at, target, args, nodes };
  switch (`${name}/${args.length}`) {
    case 'all/2':
    case 'exists/2':
    case 'exists_one/2':
      return quantifier(name, member, [variable(args[0], 'argument must be a simple name')]);
    case 'all/3':
    case 'exists/3':
    case 'exists_one/3':
      return quantifier(name, member, twoVariables(args));
    case 'map/2':
    case 'map/3':
      return collect(member, [variable(args[0], 'argument is not an identifier')], args.slice(1));
    case 'filter/2':
      return collect(member, [variable(args[0], 'argument is not an identifier')], [args[1], args[0]] as Expr[]);
    case 'transformList/3':
    case 'transformList/4':
      return collect(member, twoVariables(args), args.slice(2));
    case 'transformMap/3':
    case 'transformMap/4':
    case 'transformMapEntry/3':
    case 'transformMapEntry/4':
      return insert(member, twoVariables(args), name === 'transformMap');
    case 'optMap/2':
    case 'optFlatMap/2':
      return optional(member, name);
    case 'sortBy/2':
      return sortBy(member);
    case 'bind/3':
      return options.hasBind && target.kind === 'ident' && target.name === 'cel' ? named(member) : undefined;
    default:
      return undefined;
  }
}

interface MemberCall {
  at: number;
  target: Expr;
  args: readonly Expr[];
  nodes: Nodes;
}

/** One name, or the names of key and value. */
type Variables = readonly [string] | readonly [string, string];

function presence(at: number, arg: Expr, nodes: Nodes): Expr {
  if (arg.kind !== 'select') throw new MacroError(arg, 'invalid argument to has() macro');
  return nodes.select(at, arg.operand, arg.field, true);
}

function variable(arg: Expr | undefined, otherwise: string): string {
  if (arg?.kind === 'ident') {
    if (arg.name === '__result__') throw new MacroError(arg, 'iteration variable overwrites accumulator variable');
    return arg.name;
  }
  throw new MacroError(arg as Expr, otherwise);
}

function twoVariables(args: readonly Expr[]): Variables {
  const first = variable(args[0], 'argument must be a simple name');
  const second = variable(args[1], 'argument must be a simple name');
  if (first === second) throw new MacroError(args[1] as Expr, `duplicate variable name: ${first}`);
  return [first, second];
}

interface Fold {
  start: Expr;
  condition: Expr;
  step: Expr;
  result: Expr;
}

function fold({ at, target, nodes }: MemberCall, [first, second]: Variables, parts: Fold): Expr {
  const common = { range: target, accumulator: ACCUMULATOR };
  return nodes.comprehension(at, { ...common, variable: first, variable2: second, ...parts });
}

function quantifier(name: string, call: MemberCall, variables: Variables): Expr {
  const { at, nodes } = call;
  const predicate = call.args.at(-1) as Expr;
  const result = () => nodes.accumulator(at);
  if (name === 'exists_one') {
    const one = nodes.literal(at, 1n);
    const more = nodes.call(at, '_+_', [result(), one]);
    return fold(call, variables, {
      start: nodes.literal(at, 0n),
      condition: nodes.literal(at, true),
      step: nodes.call(at, '_?_:_', [predicate, more, result()]),
      result: nodes.call(at, '_==_', [result(), nodes.literal(at, 1n)]),
    });
  }
  const isAll = name === 'all';
  const goesOn = isAll ? result() : nodes.call(at, '!_', [result()]);
  return fold(call, variables, {
    start: nodes.literal(at, isAll),
    condition: nodes.call(at, '@not_strictly_false', [goesOn]),
    step: nodes.call(at, isAll ? '_&&_' : '_||_', [result(), predicate]),
    result: result(),
  });
}

/** A list of what an expression gives, of those that a filter before it lets through. */
function collect(call: MemberCall, variables: Variables, rest: readonly Expr[]): Expr {
  const { at, nodes } = call;
  const [filter, each] = rest.length === 2 ? rest : [undefined, rest[0]];
  const longer = nodes.call(at, '_+_', [nodes.accumulator(at), nodes.list(at, [each as Expr])]);
  return fold(call, variables, {
    start: nodes.list(at, []),
    condition: nodes.literal(at, true),
    step: filter ? nodes.call(at, '_?_:_', [filter, longer, nodes.accumulator(at)]) : longer,
    result: nodes.accumulator(at),
  });
}

function insert(call: MemberCall, variables: Variables, keepsKey: boolean): Expr {
  const { at, nodes, args } = call;
  const [filter, each] = args.length === 4 ? [args[2], args[3]] : [undefined, args[2]];
  const key = keepsKey ? [nodes.ident(at, variables[0])] : [];
  const larger = nodes.call(at, 'cel.@mapInsert', [nodes.accumulator(at), ...key, each as Expr]);
  return fold(call, variables, {
    start: nodes.map(at, []),
    condition: nodes.literal(at, true),
    step: filter ? nodes.call(at, '_?_:_', [filter, larger, nodes.accumulator(at)]) : larger,
    result: nodes.accumulator(at),
  });
}

/** A name for a value: a fold over nothing. */
function bind(name: string, value: Expr, { at, body, nodes }: { at: number; body: Expr; nodes: Nodes }): Expr {
  return nodes.comprehension(at, {
    range: nodes.list(at, []),
    variable: '#unused',
    variable2: undefined,
    accumulator: name,
    start: value,
    condition: nodes.literal(at, false),
    step: nodes.ident(at, name),
    result: body,
  });
}

function named({ at, args, nodes }: MemberCall): Expr {
  const [name, value, body] = args as [Expr, Expr, Expr];
  if (name.kind !== 'ident') throw new MacroError(name, 'cel.bind() variable names must be simple identifiers');
  return bind(name.name, value, { at, body, nodes });
}

function optional({ at, target, args, nodes }: MemberCall, fn: string): Expr {
  const [name, body] = args as [Expr, Expr];
  if (name.kind !== 'ident') throw new MacroError(name, `${fn}() variable name must be a simple identifier`);
  const mapped = bind(name.name, nodes.call(at, 'value', [], target), { at, body, nodes });
  return nodes.call(at, '_?_:_', [
    nodes.call(at, 'hasValue', [], target),
    fn === 'optMap' ? nodes.call(at, 'optional.of', [mapped]) : mapped,
    nodes.call(at, 'optional.none', []),
  ]);
}

const SORT_INPUT = '@__sortBy_input__';

function sortBy({ at, target, args, nodes }: MemberCall): Expr {
  if (['literal', 'map', 'struct'].includes(target.kind)) {
    const text = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression';
    throw new MacroError(target, text);
  }
  const input = () => nodes.ident(at, SORT_INPUT);
  const keys = collect(
    { at, target: input(), args, nodes },
    [variable(args[0], 'argument is not an identifier')],
    [args[1] as Expr],
  );
  const sorted = nodes.call(at, '@sortByAssociatedKeys', [keys], input());
  return bind(SORT_INPUT, target, { at, body: sorted, nodes });
}
