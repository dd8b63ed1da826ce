// Text → tree, with Kubernetes' dialect of the grammar: optional syntax is on, `a`-quoted names are not
// (cel-go parser/parser.go, parser/gen/CEL.g4). Macros are expanded while parsing.
import type { Problem } from './compile-error.ts';
import { type Token, tokenize } from './lexer.ts';
import { literalOf } from './literal.ts';
import { expandMacro, MacroError, type MacroOptions } from './macros.ts';
import { createNodes, DepthError, type Nodes } from './nodes.ts';
import type { Expr, MapEntry, StructField } from './syntax.ts';

/** Code points. */
const MAX_SIZE = 100_000;
const MAX_DEPTH = 250;
const RESERVED = new Set([
  ...['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop'],
  ...['package', 'namespace', 'return', 'var', 'void', 'while'],
]);
const RELATIONS: Readonly<Record<string, string>> = {
  '<': '_<_',
  '<=': '_<=_',
  '>=': '_>=_',
  '>': '_>_',
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
};
const SUMS: Readonly<Record<string, string>> = { '+': '_+_', '-': '_-_' };
const PRODUCTS: Readonly<Record<string, string>> = { '*': '_*_', '/': '_/_', '%': '_%_' };
const OPERANDS = "'-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const OPERAND = `{'[', '{', '(', '.', ${OPERANDS}`;

/** Thrown where reading on makes no sense. */
class SyntaxStop extends Error {}

/** The tree, or undefined when `problems` were found. */
export function parse(source: string, problems: Problem[], options: MacroOptions): Expr | undefined {
  const size = source.length > MAX_SIZE ? [...source].length : source.length;
  if (size > MAX_SIZE) {
    problems.push({
      at: -1,
      message: `expression code point size exceeds limit: size: ${size}, limit ${MAX_SIZE}`,
    });
    return undefined;
  }
  const tokens = tokenize(source, problems);
  try {
    const expr = createParser(tokens, { problems, options }).whole();
    return problems.length > 0 ? undefined : expr;
  } catch (error) {
    if (error instanceof DepthError) problems.push({ at: -1, message: error.message });
    else if (!(error instanceof SyntaxStop)) throw error;
    return undefined;
  }
}

function createParser(tokens: readonly Token[], { problems, options }: { problems: Problem[]; options: MacroOptions }) {
  const nodes: Nodes = createNodes();
  let next = 0;
  let depth = 0;

  const peek = (): Token => tokens[next] as Token;
  const isAt = (text: string): boolean => peek().kind === 'symbol' && peek().text === text;
  const report = (at: number, message: string): void => void problems.push({ at, message });
  const take = (): Token => tokens[next === tokens.length - 1 ? next : next++] as Token;
  const accept = (text: string): Token | undefined => (isAt(text) ? take() : undefined);
  const stop = (message: string, { at } = peek()): never => {
    report(at, `Syntax error: ${message}`);
    throw new SyntaxStop();
  };
  const mismatch = (expected: string): never => stop(`mismatched input '${peek().text}' expecting ${expected}`);
  const expect = (text: string, expected = `'${text}'`): Token => {
    if (isAt(text)) return take();
    const after = tokens[next + 1];
    if (after?.kind === 'symbol' && after.text === text) {
      report(peek().at, `Syntax error: extraneous input '${peek().text}' expecting ${expected}`);
      next += 2;
      return after;
    }
    const closes = expected === `'${text}'` && ')]'.includes(text) && peek().kind === 'end';
    return closes ? stop(`missing ${expected} at '<EOF>'`) : mismatch(expected);
  };
  const tooDeep = (): never => {
    throw new DepthError(`expression recursion limit exceeded: ${MAX_DEPTH}`);
  };

  function whole(): Expr {
    const expr = expression();
    const rest = peek();
    if (rest.kind !== 'end') {
      const isLast = tokens[next + 1]?.kind === 'end' && rest.text !== '{';
      report(rest.at, `Syntax error: ${isLast ? 'extraneous' : 'mismatched'} input '${rest.text}' expecting <EOF>`);
    }
    return expr;
  }

  function expression(): Expr {
    if (++depth > MAX_DEPTH) tooDeep();
    const condition = or();
    const question = accept('?');
    let expr = condition;
    if (question) {
      const yes = or();
      expect(':');
      expr = nodes.call(question.at, '_?_:_', [condition, yes, expression()]);
    }
    depth--;
    return expr;
  }

  /** Long chains become flat trees. */
  function logic(operator: string, fn: string, term: () => Expr): Expr {
    const terms = [term()];
    const places: number[] = [];
    for (let token = accept(operator); token; token = accept(operator)) {
      places.push(token.at);
      terms.push(term());
    }
    const balance = (from: number, to: number): Expr => {
      const middle = (from + to + 1) >> 1;
      const left = middle === from ? (terms[middle] as Expr) : balance(from, middle - 1);
      const right = middle === to ? (terms[middle + 1] as Expr) : balance(middle + 1, to);
      return nodes.call(places[middle] as number, fn, [left, right]);
    };
    return places.length === 0 ? (terms[0] as Expr) : balance(0, places.length - 1);
  }

  const or = (): Expr => logic('||', '_||_', and);
  const and = (): Expr => logic('&&', '_&&_', relation);

  function binary(operators: Readonly<Record<string, string>>, operand: () => Expr): Expr {
    let left = operand();
    for (;;) {
      const token = peek();
      const fn = token.kind === 'symbol' && Object.hasOwn(operators, token.text) ? operators[token.text] : undefined;
      if (!fn) return left;
      take();
      left = nodes.call(token.at, fn, [left, operand()]);
    }
  }

  const relation = (): Expr => binary(RELATIONS, sum);
  const sum = (): Expr => binary(SUMS, product);
  const product = (): Expr => binary(PRODUCTS, unary);

  function unary(): Expr {
    const token = peek();
    const isLiteral = ['int', 'float'].includes(tokens[next + 1]?.kind ?? '');
    if (isAt('-') && isLiteral) return member();
    for (const [text, fn] of [
      ['!', '!_'],
      ['-', '-_'],
    ] as const) {
      let count = 0;
      while (accept(text)) count++;
      if (count > 0) {
        const operand = member();
        return count % 2 === 0 ? operand : nodes.call(token.at, fn, [operand]);
      }
    }
    return member();
  }

  function member(): Expr {
    let expr = primary();
    for (;;) {
      const dot = accept('.');
      const bracket = dot ? undefined : accept('[');
      if (dot) expr = afterDot(expr, dot);
      else if (bracket) {
        const optional = accept('?');
        if (peek().kind === 'end' && !optional)
          mismatch(`{'[', '{', '(', '.', ${OPERANDS.replace("'!',", "'!', '?',")}`);
        const index = expression();
        expect(']');
        expr = nodes.call(bracket.at, optional ? '_[?_]' : '_[_]', [expr, index]);
      } else if (isAt('{') && nodes.messageName(expr)) {
        expr = message(nodes.messageName(expr) as string);
      } else return expr;
    }
  }

  function afterDot(operand: Expr, dot: Token): Expr {
    const optional = accept('?');
    const name = peek();
    if (name.kind === 'escaped') report(name.at, "unsupported syntax: '`'");
    else if (name.kind !== 'ident') {
      if (['true', 'false', 'null'].includes(name.text)) stop(`mismatched input '${name.text}' expecting IDENTIFIER`);
      stop(`no viable alternative at input '.${name.kind === 'end' ? '' : name.text}'`);
    }
    take();
    if (optional) {
      return nodes.call(dot.at, '_?._', [operand, nodes.literal(name.at, name.text)]);
    }
    const open = accept('(');
    if (!open) return nodes.select(dot.at, operand, name.text);
    return call(open.at, name.text, operand);
  }

  function call(at: number, fn: string, target: Expr | undefined): Expr {
    const args = isAt(')') ? [] : list(expression, ')');
    expect(')');
    try {
      return expandMacro({ at, fn, target, args }, { nodes, options }) ?? nodes.call(at, fn, args, target);
    } catch (error) {
      if (!(error instanceof MacroError)) throw error;
      report(error.at, error.message);
      return nodes.literal(at, null);
    }
  }

  function list<T>(item: () => T, end: string): T[] {
    if (end === ')' && peek().kind === 'end') mismatch(`{'[', '{', '(', ')', '.', ${OPERANDS}`);
    const items = [item()];
    while (accept(',')) {
      if (end !== ')' && isAt(end)) break;
      items.push(item());
    }
    return items;
  }

  function primary(): Expr {
    const token = peek();
    if (token.kind === 'symbol') {
      if (accept('(')) {
        const expr = expression();
        expect(')');
        return expr;
      }
      if (accept('[')) return listLiteral(token.at);
      if (accept('{')) return mapLiteral(token.at);
      if (accept('.')) {
        const name = peek();
        if (name.kind !== 'ident') stop(`no viable alternative at input '.${name.kind === 'end' ? '' : name.text}'`);
        return named(take());
      }
    }
    if (token.kind === 'ident') return named(take());
    const minus = isAt('-') ? take() : undefined;
    const word = peek();
    const value = literalOf(word, minus !== undefined);
    if (value !== undefined) {
      take();
      if (value.problem) report(token.at, value.problem);
      return nodes.literal(token.at, value.value);
    }
    return missingOperand();
  }

  /** One word too many is passed over. */
  function missingOperand(): Expr {
    const [token, after] = [peek(), tokens[next + 1]];
    const starts =
      after && (after.kind !== 'symbol' || '[{(.-!truefalsenull'.includes(after.text)) && after.kind !== 'end';
    if (token.kind === 'end' || !starts) return mismatch(OPERAND);
    report(token.at, `Syntax error: extraneous input '${token.text}' expecting ${OPERAND}`);
    take();
    return primary();
  }

  function named(name: Token): Expr {
    if (RESERVED.has(name.text)) report(name.at, `reserved identifier: ${name.text}`);
    const open = accept('(');
    return open ? call(open.at, name.text, undefined) : nodes.ident(name.at, name.text);
  }

  function listLiteral(at: number): Expr {
    const optional = new Set<number>();
    let index = 0;
    if (peek().kind === 'end') mismatch(`{'[', ']', '{', '(', '.', ',', ${OPERANDS.replace("'!',", "'!', '?',")}`);
    const item = () => {
      if (accept('?')) optional.add(index);
      index++;
      return expression();
    };
    const items = isAt(']') || isAt(',') ? [] : list(item, ']');
    if (items.length === 0) accept(',');
    expect(']', items.length > 0 ? "{']', ','}" : "']'");
    return nodes.list(at, items, optional);
  }

  function mapLiteral(at: number): Expr {
    if (peek().kind === 'end') mismatch(`{'[', '{', '}', '(', '.', ',', ${OPERANDS.replace("'!',", "'!', '?',")}`);
    const entry = (): MapEntry => {
      const optional = accept('?') !== undefined;
      const key = expression();
      expect(':');
      return { key, value: expression(), optional };
    };
    const entries = isAt('}') || isAt(',') ? [] : list(entry, '}');
    if (entries.length === 0) accept(',');
    expect('}', entries.length > 0 ? "{'}', ','}" : "'}'");
    return nodes.map(at, entries);
  }

  function message(name: string): Expr {
    const { at } = expect('{');
    const field = (): StructField => {
      const optional = accept('?') !== undefined;
      const token = peek();
      if (token.kind === 'escaped') report(token.at, "unsupported syntax: '`'");
      else if (token.kind !== 'ident') mismatch("{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
      take();
      const colon = expect(':');
      return { name: token.text, at: colon.at, value: expression(), optional };
    };
    const fields = isAt('}') || isAt(',') ? [] : list(field, '}');
    if (fields.length === 0) accept(',');
    expect('}', fields.length > 0 ? "{'}', ','}" : "'}'");
    return nodes.struct(at, name, fields);
  }

  return { whole };
}
