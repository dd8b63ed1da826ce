// Protobuf (proto3) messages as values: a message is its fields, each with its number, and the types of what is written
// and read follow from them. No generated code, nothing to load before the first call. Writing leaves out what is
// undefined or a scalar's zero; reading gives scalars their zero, and skips fields that are not named.
// https://protobuf.dev/programming-guides/encoding/
import { WireReader } from '../apimachinery/codec/wire-reader.ts';
import { WireWriter } from '../apimachinery/codec/wire-writer.ts';

export interface Field<In, Out> {
  readonly number: number;
  write(writer: WireWriter, value: In): void;
  /** What the field is after one more occurrence of it. */
  read(reader: WireReader, wireType: number, before: Out): Out;
  /** What it is without any. */
  none(): Out;
}

type Fields = Readonly<Record<string, Field<never, unknown>>>;
export type Input<F> = { readonly [K in keyof F]?: F[K] extends Field<infer In, infer _> ? In : never };
export type Output<F> = { [K in keyof F]: F[K] extends Field<infer _, infer Out> ? Out : never };

export interface Message<F> {
  readonly fields: F;
  encode(value: Input<F>): Uint8Array;
  /** Throws DecodeError. */
  decode(bytes: Uint8Array): Output<F>;
}

/** What a message is to whoever reads it. */
export type Read<M> = M extends Message<infer F> ? Output<F> : never;
/** What a message is to whoever writes it. */
export type Written<M> = M extends Message<infer F> ? Input<F> : never;

export function message<F extends Fields>(fields: F): Message<F> {
  const names = new Map(Object.entries(fields).map(([name, field]) => [field.number, { name, field }]));
  return {
    fields,
    encode(value) {
      const writer = new WireWriter();
      writeFields(writer, fields, value);
      return writer.finish();
    },
    decode(bytes) {
      const value: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(fields)) value[name] = field.none();
      for (const reader = new WireReader(bytes); !reader.done; ) {
        const { number, wireType } = reader.tag();
        const known = names.get(number);
        if (known) value[known.name] = known.field.read(reader, wireType, value[known.name]);
        else reader.skip(wireType);
      }
      return value as Output<F>;
    },
  };
}

function writeFields(writer: WireWriter, fields: Fields, value: object): void {
  for (const [name, field] of Object.entries(fields)) {
    const given = (value as Record<string, unknown>)[name];
    if (given !== undefined) field.write(writer, given as never);
  }
}

const PACKED = 2;

export const text = (number: number): Field<string, string> => ({
  number,
  write: (writer, value) => void (value === '' || writer.text(number, value)),
  read: (reader) => reader.text(),
  none: () => '',
});

export const bytes = (number: number): Field<Uint8Array, Uint8Array> => ({
  number,
  write: (writer, value) => void (value.length === 0 || writer.bytes(number, value)),
  read: (reader) => reader.bytes(),
  none: () => new Uint8Array(),
});

export const flag = (number: number): Field<boolean, boolean> => ({
  number,
  write: (writer, value) => void (value && writer.varint(number, 1)),
  read: (reader) => reader.varint() !== 0n,
  none: () => false,
});

const signed = (reader: WireReader): number => Number(BigInt.asIntN(64, reader.varint()));

/** int32, int64, uint32; uint64 below 2^63. Above 2^53 the last digits are lost, which for times are nanoseconds. */
export const integer = (number: number): Field<number, number> => ({
  number,
  write: (writer, value) =>
    void (value === 0 || writer.varint(number, Number.isSafeInteger(value) ? value : BigInt(value))),
  read: signed,
  none: () => 0,
});

/** An enumeration by the names of its values from 0 on. A value of a later version is read as undefined. */
export const choice = <const Names extends readonly string[]>(
  number: number,
  names: Names,
): Field<Names[number], Names[number] | undefined> => ({
  number,
  write(writer, value) {
    const index = names.indexOf(value);
    if (index < 0) throw new TypeError(`${value} is none of ${names.join(', ')}`);
    if (index > 0) writer.varint(number, index);
  },
  read: (reader) => names[signed(reader)],
  none: () => names[0],
});

export const one = <F>(number: number, of: Message<F>): Field<Input<F>, Output<F> | undefined> => ({
  number,
  write: (writer, value) => writer.message(number, () => writeFields(writer, of.fields as Fields, value)),
  read: (reader) => of.decode(reader.bytes()),
  none: () => undefined,
});

export const many = <F>(number: number, of: Message<F>): Field<readonly Input<F>[], Output<F>[]> => ({
  number,
  write(writer, values) {
    for (const value of values) writer.message(number, () => writeFields(writer, of.fields as Fields, value));
  },
  read: (reader, _, before) => [...before, of.decode(reader.bytes())],
  none: () => [],
});

export const texts = (number: number): Field<readonly string[], string[]> => ({
  number,
  write(writer, values) {
    for (const value of values) writer.text(number, value);
  },
  read: (reader, _, before) => [...before, reader.text()],
  none: () => [],
});

export const integers = (number: number): Field<readonly number[], number[]> => ({
  number,
  write(writer, values) {
    for (const value of values) writer.varint(number, value); // readers take a repeated scalar packed or not
  },
  read(reader, wireType, before) {
    if (wireType !== PACKED) return [...before, signed(reader)];
    const values = [...before];
    for (const packed = new WireReader(reader.bytes()); !packed.done; ) values.push(signed(packed));
    return values;
  },
  none: () => [],
});

const Entry = message({ key: text(1), value: text(2) });

/** map<string, string> */
export const map = (number: number): Field<Readonly<Record<string, string>>, Record<string, string>> => ({
  number,
  write(writer, values) {
    for (const [key, value] of Object.entries(values)) {
      writer.message(number, () => writeFields(writer, Entry.fields, { key, value }));
    }
  },
  read(reader, _, before) {
    const { key, value } = Entry.decode(reader.bytes());
    return { ...before, [key]: value };
  },
  none: () => ({}),
});
