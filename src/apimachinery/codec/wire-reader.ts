// The protobuf wire format: tags, variable-length integers, length-delimited bytes.
import { DecodeError } from './decoded.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const truncated = (): DecodeError => new DecodeError('unexpected EOF: the protobuf message is cut short');

/** Reads forward; everything throws DecodeError at the end of the bytes. */
export class WireReader {
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  get done(): boolean {
    return this.at >= this.data.length;
  }

  /** Unsigned, 64 bits at most. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.data[this.at++];
      if (byte === undefined) throw truncated();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asUintN(64, value);
    }
    throw new DecodeError('an integer of the protobuf message has more than 64 bits');
  }

  tag(): { number: number; wireType: number } {
    const tag = this.varint();
    return { number: Number(tag >> 3n), wireType: Number(tag & 7n) };
  }

  bytes(): Uint8Array {
    const length = Number(this.varint());
    const end = this.at + length;
    if (end > this.data.length) throw truncated();
    const value = this.data.subarray(this.at, end);
    this.at = end;
    return value;
  }

  text(): string {
    return Buffer.from(this.bytes()).toString();
  }

  float64(): number {
    return Buffer.from(this.fixed(8)).readDoubleLE();
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === BYTES) this.bytes();
    else if (wireType === FIXED64) this.fixed(8);
    else if (wireType === FIXED32) this.fixed(4);
    else throw new DecodeError(`the protobuf message has a field of wire type ${wireType}`);
  }

  private fixed(length: number): Uint8Array {
    if (this.at + length > this.data.length) throw truncated();
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}
