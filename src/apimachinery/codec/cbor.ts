// CBOR (RFC 8949) as k8s.io/apimachinery's pkg/runtime/serializer/cbor reads it: text may be text or bytes, maps have
// text for keys and no key twice, there is neither NaN nor a number that JSON could not hold, tags other than those for
// bytes that are shown as text are passed over. cbor-writer.ts is the other way round.
import type { Json, JsonObject } from '../meta.ts';
import { type Decoded, DecodeError, setField } from './decoded.ts';
import { exactInteger } from './exact.ts';

/** Upstream's limit is ten times that, which would need more stack than Node has. */
const MAX_DEPTH = 1_000;
const INDEFINITE = 31;
const BREAK = 0xff;

/** Major types. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;

/** How bytes below a tag are shown (RFC 8949, 3.4.5.2), and the tags for numbers that JSON does not have. */
const ENCODINGS: ReadonlyMap<number, BufferEncoding> = new Map([
  [21, 'base64url'],
  [22, 'base64'],
  [23, 'hex'],
]);
const BIGNUMS: ReadonlySet<number> = new Set([2, 3]);

/** Reads one data item and nothing after it. Throws DecodeError. */
export function decodeCbor(body: Uint8Array): Decoded {
  const reader = new Reader(body);
  const value = reader.item(0);
  if (!reader.done) throw new DecodeError(`cbor: ${body.length - reader.at} bytes of extraneous data`);
  return { value, duplicates: [], literals: new Map(), problems: [] };
}

/** A position in bytes; one per call of decodeCbor. */
class Reader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.length);
  }

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#data.length;
  }

  item(depth: number, encoding: BufferEncoding = 'utf8'): Json {
    if (depth > MAX_DEPTH) throw new DecodeError('cbor: exceeded max depth');
    const { major, info } = this.#head();
    switch (major) {
      case UNSIGNED:
        return exactInteger(String(this.#integer(info))) as number | bigint;
      case NEGATIVE:
        return exactInteger(String(-1n - this.#integer(info))) as number | bigint;
      case BYTES:
      case TEXT:
        return this.#string(major, info, encoding);
      case ARRAY:
        return this.#array(info, depth);
      case MAP:
        return this.#map(info, depth);
      case TAG: {
        const tag = this.#count(info);
        if (BIGNUMS.has(tag)) throw new DecodeError('cbor: bignums are not supported');
        return this.item(depth + 1, ENCODINGS.get(tag) ?? 'utf8');
      }
      default:
        return this.#simple(info);
    }
  }

  #head(): { major: number; info: number } {
    const byte = this.#take(1).readUInt8();
    return { major: byte >> 5, info: byte & 0x1f };
  }

  /** The next bytes, without copying. */
  #take(length: number): Buffer {
    if (length > this.#data.length - this.#at) throw new DecodeError('cbor: unexpected EOF');
    this.#at += length;
    return this.#data.subarray(this.#at - length, this.#at);
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info === 24) return BigInt(this.#take(1).readUInt8());
    if (info === 25) return BigInt(this.#take(2).readUInt16BE());
    if (info === 26) return BigInt(this.#take(4).readUInt32BE());
    if (info === 27) return this.#take(8).readBigUInt64BE();
    throw new DecodeError(`cbor: invalid additional information ${info}`);
  }

  /** Of elements, or the number of a tag. */
  #count(info: number): number {
    return Number(this.#argument(info));
  }

  #integer(info: number): bigint {
    const value = this.#argument(info);
    if (value > 0x7fff_ffff_ffff_ffffn) throw new DecodeError(`cbor: ${value} overflows Go's int64`);
    return value;
  }

  #string(major: number, info: number, encoding: BufferEncoding): string {
    if (info !== INDEFINITE) return text(this.#take(this.#count(info)), major, encoding);
    const pieces: Buffer[] = [];
    while (!this.#takeBreak()) {
      const head = this.#head();
      if (head.major !== major || head.info === INDEFINITE) {
        throw new DecodeError('cbor: a piece of a string of indefinite length is of another type');
      }
      pieces.push(this.#take(this.#count(head.info)));
    }
    return text(Buffer.concat(pieces), major, encoding);
  }

  #array(info: number, depth: number): Json[] {
    const items: Json[] = [];
    for (const _ of this.#elements(info)) items.push(this.item(depth + 1));
    return items;
  }

  #map(info: number, depth: number): JsonObject {
    const map: JsonObject = {};
    for (const _ of this.#elements(info)) {
      const key = this.item(depth + 1);
      if (typeof key !== 'string') throw new DecodeError('cbor: a key of a map is no string');
      if (Object.hasOwn(map, key)) throw new DecodeError(`cbor: found duplicate map key ${JSON.stringify(key)}`);
      setField(map, key, this.item(depth + 1));
    }
    return map;
  }

  /** Once for each element; a count that lies ends at the end of the bytes. */
  *#elements(info: number): Generator<undefined> {
    if (info === INDEFINITE) while (!this.#takeBreak()) yield undefined;
    else for (let left = this.#count(info); left > 0; left--) yield undefined;
  }

  #takeBreak(): boolean {
    if (this.done) throw new DecodeError('cbor: unexpected EOF');
    if (this.#data[this.#at] !== BREAK) return false;
    this.#at++;
    return true;
  }

  #simple(info: number): Json {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return finite(half(this.#take(2).readUInt16BE()));
      case 26:
        return finite(this.#take(4).readFloatBE());
      case 27:
        return finite(this.#take(8).readDoubleBE());
      default:
        throw new DecodeError(`cbor: simple value ${info} is not recognized`);
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text must be UTF-8; bytes are taken as they are. */
function text(bytes: Buffer, major: number, encoding: BufferEncoding): string {
  if (major !== TEXT) return bytes.toString(encoding);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new DecodeError('cbor: invalid UTF-8 string');
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new DecodeError('cbor: NaN and infinities are not supported');
  return value;
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}
