// Whether JSON.parse can read a text without losing anything that the careful reader (json.ts) would tell. It can for nearly
// all bodies, is faster, and its keys are the engine's own, which makes every later look at a field cheaper.
import type { Json } from '../meta.ts';
import { isObject } from '../value.ts';

const MAX_DIGITS = 15;

/** Undefined when the text is none, or needs the careful reader: repeated keys, numbers with a literal that matters … */
export function parsePlain(text: string, maxDepth: number): { value: Json } | undefined {
  const keys = countKeys(text, maxDepth);
  if (keys === undefined) return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined; // the careful reader has Go's words for what is wrong
  }
  // Of a repeated key only the last is left.
  return keysIn(value) === keys ? { value } : undefined;
}

/** How many keys stand in a text; undefined when something in it is not plain. The text need not be JSON. */
function countKeys(text: string, maxDepth: number): number | undefined {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        if (end === undefined) return undefined;
        at = end;
        break;
      }
      case 0x3a: // :
        keys++;
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > maxDepth) return undefined;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2d: // - : zero has no sign in Go's numbers
        if (text.charCodeAt(at + 1) === 0x30) return undefined;
        break;
      default: {
        const end = endOfDigits(text, at);
        if (end === at) break;
        const next = text.charCodeAt(end);
        const isPlain = end - at <= MAX_DIGITS && next !== 0x2e && next !== 0x65 && next !== 0x45;
        if (!isPlain) return undefined;
        at = end - 1;
      }
    }
  }
  return keys;
}

/** The place of the closing quote; undefined when it is not there or when halves of surrogate pairs may be in the string. */
function endOfString(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c && text.charCodeAt(++at) === 0x75) return undefined; // \u
  }
  return undefined;
}

function endOfDigits(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); code >= 0x30 && code <= 0x39; code = text.charCodeAt(at)) at++;
  return at;
}

function keysIn(value: Json): number {
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') keys += keysIn(item);
  } else if (isObject(value)) {
    for (const key in value) {
      const inner = value[key] as Json;
      keys += typeof inner === 'object' ? 1 + keysIn(inner) : 1;
    }
  }
  return keys;
}
