// The part of DER that certificates are made of: values to bytes, and a reader of one level of tag, length, value.

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const OCTET_STRING = 0x04;
export const UTF8_STRING = 0x0c;

/** Tag of a context-specific element; `constructed` when it holds others. */
export const context = (number: number, constructed: boolean): number => 0x80 | (constructed ? 0x20 : 0) | number;

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(body.length)]), body]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** `bytes` big-endian, positive: without leading zero bytes and with the first bit clear. */
export const integer = (bytes: Uint8Array): Buffer => element(0x02, bytes);
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
export const nothing = (): Buffer => element(0x05);
export const text = (tag: number, value: string): Buffer => element(tag, Buffer.from(value));

export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer => element(0x03, Buffer.from([unusedBits]), bytes);

/** '1.2.840.10045.4.3.2' */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 4.1.2.5 has it. */
export function time(milliseconds: number): Buffer {
  const date = new Date(milliseconds);
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? text(0x17, digits.slice(2)) : text(0x18, digits);
}

/** The elements inside of `der`, itself one constructed element; each with its own tag and length. */
export function children(der: Uint8Array): { der: Uint8Array; content: Uint8Array }[] {
  const found: { der: Uint8Array; content: Uint8Array }[] = [];
  const outer = header(der, 0);
  for (let at = outer.start; at < outer.end; ) {
    const { start, end } = header(der, at);
    found.push({ der: der.subarray(at, end), content: der.subarray(start, end) });
    at = end;
  }
  return found;
}

function header(der: Uint8Array, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  let length = 0;
  for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (der[at + 2 + i] ?? 0);
  const start = at + 2 + (first & 0x7f);
  return { start, end: start + length };
}
