// Writes the protobuf wire format that wire-reader.ts reads, into one buffer that grows. A field of an empty scalar
// is written like any other: whether it is left out (proto3) is up to the caller.
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

export class WireWriter {
  #data = Buffer.allocUnsafe(1024);
  #at = 0;

  /** Negative integers as 64 bits in two's complement. */
  varint(number: number, value: number | bigint): void {
    this.#integer(number * 8 + VARINT);
    this.#integer(value);
  }

  float64(number: number, value: number): void {
    this.#integer(number * 8 + FIXED64);
    this.#reserve(8);
    this.#at = this.#data.writeDoubleLE(value, this.#at);
  }

  text(number: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.lengthOf(number, length);
    this.#reserve(length);
    this.#at += this.#data.write(value, this.#at);
  }

  bytes(number: number, value: Uint8Array): void {
    this.lengthOf(number, value.length);
    this.#reserve(value.length);
    this.#data.set(value, this.#at);
    this.#at += value.length;
  }

  /** What stands before `length` bytes that the caller puts there himself. */
  lengthOf(number: number, length: number): void {
    this.#integer(number * 8 + BYTES);
    this.#integer(length);
  }

  /** A message inside this one, whose fields `write` adds. */
  message(number: number, write: () => void): void {
    this.#integer(number * 8 + BYTES);
    const start = this.#at;
    write();
    // The length stands before what it counts, so that the content moves over.
    const length = this.#at - start;
    const size = sizeOf(length);
    this.#reserve(size);
    this.#data.copyWithin(start + size, start, this.#at);
    this.#at = start;
    this.#integer(length);
    this.#at += length;
  }

  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#data, 0, this.#at);
  }

  #integer(value: number | bigint): void {
    this.#reserve(10);
    let rest = typeof value === 'number' ? value : 0;
    if (typeof value === 'bigint' || rest < 0 || rest > 0x7fff_ffff) {
      let wide = BigInt.asUintN(64, BigInt(value));
      for (; wide > 0x7fff_ffffn; wide >>= 7n) this.#data[this.#at++] = Number(wide & 0x7fn) | 0x80;
      rest = Number(wide);
    }
    for (; rest > 0x7f; rest >>>= 7) this.#data[this.#at++] = (rest & 0x7f) | 0x80;
    this.#data[this.#at++] = rest;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#data.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#data.length * 2, this.#at + length));
    this.#data.copy(larger, 0, 0, this.#at);
    this.#data = larger;
  }
}

/** Bytes of a length as varint. */
const sizeOf = (length: number): number => Math.max(1, Math.ceil((32 - Math.clz32(length)) / 7));
