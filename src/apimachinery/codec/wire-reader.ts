// The protobuf wire format: tags, variable-length integers, length-delimited bytes.
import { DecodeError } from './decoded.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const truncated = (): DecodeError => new DecodeError('unexpected EOF: the protobuf message is cut short');

/** Reads forward; everything throws DecodeError at the end of the bytes. */
export class WireReader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#at >= this.#data.length;
  }

  /** Unsigned, 64 bits at most. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asUintN(64, value);
    }
    throw new DecodeError('an integer of the protobuf message has more than 64 bits');
  }

  /** Tags and lengths. One that is no 32-bit number is of no use, whatever it says. */
  #small(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new DecodeError('a tag or a length of the protobuf message is out of range');
  }

  #byte(): number {
    const byte = this.#data[this.#at++];
    if (byte === undefined) throw truncated();
    return byte;
  }

  tag(): { number: number; wireType: number } {
    const tag = this.#small();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (number === 0) throw new DecodeError('the protobuf message has a field 0');
    return { number, wireType };
  }

  bytes(): Uint8Array {
    const length = this.#small();
    const end = this.#at + length;
    if (end > this.#data.length) throw truncated();
    const value = this.#data.subarray(this.#at, end);
    this.#at = end;
    return value;
  }

  text(): string {
    const { buffer, byteOffset, length } = this.bytes();
    return Buffer.from(buffer, byteOffset, length).toString();
  }

  float64(): number {
    return Buffer.from(this.#fixed(8)).readDoubleLE();
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === BYTES) this.bytes();
    else if (wireType === FIXED64) this.#fixed(8);
    else if (wireType === FIXED32) this.#fixed(4);
    else throw new DecodeError(`the protobuf message has a field of wire type ${wireType}`);
  }

  #fixed(length: number): Uint8Array {
    if (this.#at + length > this.#data.length) throw truncated();
    this.#at += length;
    return this.#data.subarray(this.#at - length, this.#at);
  }
}
