// Words of an expression. What is none is reported as ANTLR's lexer reports it, and skipped
// (cel-go parser/gen/CEL.g4).
import type { Problem } from './compile-error.ts';

export type TokenKind = 'symbol' | 'ident' | 'escaped' | 'int' | 'uint' | 'float' | 'string' | 'bytes' | 'end';

export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
}

const STRINGS = [
  `"""(?:ESC|[^\\\\])*?"""`,
  `'''(?:ESC|[^\\\\])*?'''`,
  `"(?:ESC|[^\\\\"\\n\\r])*"`,
  `'(?:ESC|[^\\\\'\\n\\r])*'`,
  `[rR]"""[^]*?"""`,
  `[rR]'''[^]*?'''`,
  `[rR]"[^"\\n\\r]*"`,
  `[rR]'[^'\\n\\r]*'`,
]
  .join('|')
  .replaceAll(
    'ESC',
    '\\\\[abfnrtv"\'\\\\?`]|\\\\[0-3][0-7][0-7]|\\\\[xX][0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\U[0-9a-fA-F]{8}',
  );

/** Of several that match, the longest wins, then the first. */
const TOKENS: readonly (readonly [TokenKind, RegExp])[] = [
  ['bytes', new RegExp(`[bB](?:${STRINGS})`, 'y')],
  ['string', new RegExp(STRINGS, 'y')],
  ['float', /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y],
  ['uint', /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ['int', /0x[0-9a-fA-F]+|\d+/y],
  ['symbol', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]|(?:in|true|false|null)(?![A-Za-z0-9_])/y],
  ['ident', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['escaped', /`[A-Za-z0-9_.\-/ ]+`/y],
];
const SPACE = /(?:[\t \r\n\f]|\/\/[^\n]*)+/y;

export function tokenize(source: string, problems: Problem[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    SPACE.lastIndex = at;
    const space = SPACE.exec(source);
    if (space) {
      at += space[0].length;
      continue;
    }
    let best: Token | undefined;
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at;
      const text = pattern.exec(source)?.[0];
      if (text && text.length > (best?.text.length ?? 0)) best = { kind, text, at };
    }
    if (best) {
      tokens.push(best);
      at += best.text.length;
    } else {
      const text = unreadable(source, at);
      problems.push({ at, message: `Syntax error: token recognition error at: '${text}'` });
      at += text.length;
    }
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length });
  return tokens;
}

/** As far as a lexer comes that hopes for a word, and the character that ends its hope. */
const HOPES = [
  /"(?:\\["'\\abfnrtv?`]|[^\\"\n\r])*(?:\\.|[\n\r])?/sy,
  /'(?:\\["'\\abfnrtv?`]|[^\\'\n\r])*(?:\\.|[\n\r])?/sy,
];

function unreadable(source: string, at: number): string {
  for (const pattern of HOPES) {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text) return text;
  }
  const char = String.fromCodePoint(source.codePointAt(at) as number);
  if (char === '`') return /^`[A-Za-z0-9_.\-/ ]*.?/s.exec(source.slice(at))?.[0] ?? char;
  return '=|&'.includes(char) ? source.slice(at, at + 2) : char;
}
