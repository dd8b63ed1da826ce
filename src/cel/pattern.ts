// Regular expressions in linear time, as RE2 reads them. What was compiled lately is kept.
import { RE2JS, RE2JSSyntaxException } from 're2js';

const KEPT = 256;
const compiled = new Map<string, RE2JS>();

/** Throws what isPatternError knows. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  const fresh = RE2JS.compile(pattern);
  const [oldest] = compiled.size >= KEPT ? compiled.keys() : [];
  if (oldest !== undefined) compiled.delete(oldest);
  compiled.set(pattern, fresh);
  return fresh;
}

export const isPatternError = (error: unknown): error is RE2JSSyntaxException => error instanceof RE2JSSyntaxException;
