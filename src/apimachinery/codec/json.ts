// JSON as sigs.k8s.io/json reads it: repeated fields are reported instead of lost, numbers keep their literal where
// it matters, and errors carry Go's words (encoding/json's scanner), since clients print them.
import type { Json, JsonObject } from '../meta.ts';
import { type Decoded, DecodeError, fieldPath, indexPath, setField } from './decoded.ts';
import { exactInteger } from './exact.ts';
import { parsePlain } from './plain-json.ts';

/** Upstream's limit is ten times that, which would need more stack than Node has. */
const MAX_DEPTH = 1_000;
/** No more repeated fields than that are told. */
const MAX_REPORTED = 100;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const NO_LITERALS: ReadonlyMap<string, string> = new Map();

/** Reads one JSON value and nothing after it. Throws DecodeError. */
export function decodeJson(body: Uint8Array | string): Decoded {
  const text = typeof body === 'string' ? body : UTF8.decode(body);
  const plain = parsePlain(text, MAX_DEPTH);
  if (plain) return { value: plain.value, duplicates: [], literals: NO_LITERALS, problems: [] };
  const reader = new Reader(text);
  const value = reader.document();
  return { value, duplicates: reader.duplicates, literals: reader.literals, problems: [] };
}

/** A position in a text; one per call of decodeJson. */
class Reader {
  readonly duplicates: string[] = [];
  readonly literals = new Map<string, string>();
  readonly #text: string;
  /** Keys and indices on the way to the value being read; a path is only spelled out when something is to be told. */
  readonly #way: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
    return value;
  }

  #path(): string {
    return this.#way.reduce<string>(
      (path, step) => (typeof step === 'number' ? indexPath(path, step) : fieldPath(path, step)),
      '',
    );
  }

  #value(): Json {
    this.#space();
    if (this.#way.length > MAX_DEPTH) throw this.#unexpected('exceeded max depth');
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#at++;
    this.#space();
    if (this.#take('}')) return object;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (!this.#take(':')) throw this.#unexpected('after object key');
      this.#way.push(key);
      const value = this.#value();
      if (Object.hasOwn(object, key)) this.#repeated();
      this.#way.pop();
      setField(object, key, value);
      this.#space();
      if (this.#take('}')) return object;
      if (!this.#take(',')) throw this.#unexpected('after object key:value pair');
    }
  }

  #array(): Json[] {
    const items: Json[] = [];
    this.#at++;
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      this.#way.push(items.length);
      items.push(this.#value());
      this.#way.pop();
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) throw this.#unexpected('after array element');
    }
  }

  #repeated(): void {
    if (this.duplicates.length >= MAX_REPORTED) return;
    const path = this.#path();
    if (!this.duplicates.includes(path)) this.duplicates.push(path);
  }

  #string(): string {
    let value = '';
    let start = ++this.#at;
    let escaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) {
        value += this.#text.slice(start, this.#at++);
        // Half a surrogate pair is no character: Go puts the replacement character in its place.
        return escaped ? value.toWellFormed() : value;
      }
      if (Number.isNaN(code) || code < 0x20) throw this.#unexpected('in string literal');
      if (code === 0x5c) {
        value += this.#text.slice(start, this.#at++);
        value += this.#escape();
        escaped = true;
        start = this.#at;
      } else this.#at++;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? '';
    if (letter === 'u') {
      this.#at++;
      for (let i = 0; i < 4; i++, this.#at++) {
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) {
          throw this.#unexpected('in \\u hexadecimal character escape');
        }
      }
      return String.fromCharCode(Number.parseInt(this.#text.slice(this.#at - 4, this.#at), 16));
    }
    const value = ESCAPES[letter];
    if (value === undefined) throw this.#unexpected('in string escape code');
    this.#at++;
    return value;
  }

  #number(): number | bigint {
    const start = this.#at;
    const negative = this.#take('-');
    if (!this.#take('0') && !this.#digits()) {
      throw this.#unexpected(negative ? 'in numeric literal' : 'looking for beginning of value');
    }
    if (this.#take('.') && !this.#digits()) throw this.#unexpected('after decimal point in numeric literal');
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      if (!this.#digits()) throw this.#unexpected('in exponent of numeric literal');
    }
    const literal = this.#text.slice(start, this.#at);
    const value = Number(literal);
    if (!Number.isFinite(value)) {
      throw new DecodeError(`json: cannot unmarshal number ${literal} into Go value of type float64`);
    }
    if (Number.isInteger(value) && (/[.eE]/.test(literal) || !Number.isSafeInteger(value))) {
      this.literals.set(this.#path(), literal);
      if (!/[.eE]/.test(literal)) return exactInteger(literal) ?? value;
    }
    return value === 0 ? 0 : value;
  }

  #digits(): boolean {
    const start = this.#at;
    for (let code = this.#text.charCodeAt(this.#at); code >= 0x30 && code <= 0x39; ) {
      code = this.#text.charCodeAt(++this.#at);
    }
    return this.#at > start;
  }

  #word<T>(word: string, value: T): T {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#text[this.#at] !== word[i]) throw this.#unexpected(`in literal ${word} (expecting '${word[i]}')`);
    }
    this.#at++;
    return value;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(where: string): DecodeError {
    if (this.#at >= this.#text.length) return new DecodeError('unexpected end of JSON input');
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    return new DecodeError(`invalid character ${quoted(char)} ${where}`);
  }
}

/** A character as Go's scanner quotes it, which sees its first byte. */
function quoted(char: string): string {
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const [byte = 0] = Buffer.from(char);
  if (byte >= 0x20 && byte < 0x7f) return `'${JSON.stringify(char).slice(1, -1)}'`;
  const short = Object.entries(ESCAPES).find(([, meant]) => meant === char)?.[0];
  const code = byte.toString(16).padStart(2, '0');
  return `'${short ? `\\${short}` : byte < 0x80 ? `\\x${code}` : byte < 0xa1 ? `\\u00${code}` : String.fromCharCode(byte)}'`;
}
