// Literals of one word (cel-go parser/parser.go VisitInt and its neighbours).
import type { Token } from './lexer.ts';
import { unescapeBytes, unescapeString } from './unescape.ts';
import { uint, type Value } from './values.ts';

export interface ReadLiteral {
  value: Value;
  problem?: string;
}

/** Undefined when the word is no literal, or none that can be negative. */
export function literalOf({ kind, text }: Token, negative: boolean): ReadLiteral | undefined {
  if (kind === 'int') {
    const size = BigInt(text);
    const value = negative ? -size : size;
    return BigInt.asIntN(64, value) === value ? { value } : { value: 0n, problem: 'invalid int literal' };
  }
  if (kind === 'float') {
    const value = Number(text);
    if (!Number.isFinite(value)) return { value: 0, problem: 'invalid double literal' };
    return { value: negative ? -value : value };
  }
  if (negative) return undefined;
  switch (kind) {
    case 'uint': {
      const value = BigInt(text.slice(0, -1));
      return BigInt.asUintN(64, value) === value
        ? { value: uint(value) }
        : { value: uint(0n), problem: 'invalid uint literal' };
    }
    case 'string': {
      const value = unescapeString(text);
      return value === undefined ? { value: '', problem: 'invalid unicode code point' } : { value };
    }
    case 'bytes': {
      const value = unescapeBytes(text.slice(1));
      return value ? { value } : { value: new Uint8Array(), problem: 'unable to unescape string' };
    }
    case 'symbol':
      if (text === 'true' || text === 'false') return { value: text === 'true' };
      return text === 'null' ? { value: null } : undefined;
    default:
      return undefined;
  }
}
