// JSON values as CBOR in upstream's form: all text as bytes, since Go's strings need not be UTF-8, numbers in the
// shortest form that keeps them. The order of keys is theirs; upstream shuffles it.
import type { JsonObject } from '../meta.ts';

/** Tag 55799, by which CBOR is recognised (RFC 8949, 3.4.6). */
const SELF_DESCRIBED = Buffer.from([0xd9, 0xd9, 0xf7]);

/** One data item, with the tag in front that says what it is. Undefined members are left out. */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.append(SELF_DESCRIBED);
  writer.item(value);
  return writer.finish();
}

class Writer {
  #data = Buffer.allocUnsafe(1024);
  #at = 0;

  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#data, 0, this.#at);
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#data.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  item(value: unknown): void {
    if (value === null) this.#byte(0xf6);
    else if (Array.isArray(value)) {
      this.#head(4, value.length);
      for (const item of value) this.item(item ?? null);
    } else if (typeof value === 'object') this.#map(value as JsonObject);
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'bigint') this.#head(value < 0n ? 1 : 0, value < 0n ? -1n - value : value);
    else if (typeof value === 'boolean') this.#byte(value ? 0xf5 : 0xf4);
    else throw new TypeError(`a ${typeof value} has no CBOR form`);
  }

  #map(object: JsonObject): void {
    const keys = Object.keys(object).filter((key) => object[key] !== undefined);
    this.#head(5, keys.length);
    for (const key of keys) {
      this.#text(key);
      this.item(object[key]);
    }
  }

  #text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(2, length);
    this.#reserve(length);
    this.#at += this.#data.write(value, this.#at);
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
      return;
    }
    this.#reserve(9);
    if (Math.fround(value) === value) {
      this.#data[this.#at++] = 0xfa;
      this.#at = this.#data.writeFloatBE(value, this.#at);
    } else {
      this.#data[this.#at++] = 0xfb;
      this.#at = this.#data.writeDoubleBE(value, this.#at);
    }
  }

  #head(major: number, argument: number | bigint): void {
    this.#reserve(9);
    const type = major << 5;
    if (argument < 24) this.#data[this.#at++] = type | Number(argument);
    else if (argument < 0x100) {
      this.#data[this.#at++] = type | 24;
      this.#data[this.#at++] = Number(argument);
    } else if (argument < 0x1_0000) {
      this.#data[this.#at++] = type | 25;
      this.#at = this.#data.writeUInt16BE(Number(argument), this.#at);
    } else if (argument < 0x1_0000_0000) {
      this.#data[this.#at++] = type | 26;
      this.#at = this.#data.writeUInt32BE(Number(argument), this.#at);
    } else {
      this.#data[this.#at++] = type | 27;
      this.#at = this.#data.writeBigUInt64BE(BigInt(argument), this.#at);
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#data[this.#at++] = value;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#data.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#data.length * 2, this.#at + length));
    this.#data.copy(larger, 0, 0, this.#at);
    this.#data = larger;
  }
}
