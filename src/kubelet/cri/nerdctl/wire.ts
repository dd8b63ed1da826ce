// The part of protobuf's wire format that a few small messages need: varint and length-delimited fields.
// https://protobuf.dev/programming-guides/encoding/

/** Field number → its value; 0, '' , false and undefined are left out, as proto3 does. A list repeats the field. */
export type Fields = Readonly<Record<number, Value | readonly Value[] | undefined>>;
type Value = string | number | boolean | Uint8Array;

const VARINT = 0;
const BYTES = 2;

export function encode(fields: Fields): Buffer {
  const parts = Object.entries(fields).flatMap(([number, value]) =>
    (Array.isArray(value) ? (value as readonly Value[]) : [value as Value | undefined]).flatMap((one) =>
      encodeField(Number(number), one),
    ),
  );
  return Buffer.concat(parts);
}

function encodeField(number: number, value: Value | undefined): Buffer[] {
  if (value === undefined || value === '' || value === 0 || value === false) return [];
  if (typeof value === 'number' || typeof value === 'boolean') {
    return [varint((number << 3) | VARINT), varint(Number(value))];
  }
  const bytes = Buffer.from(value as Uint8Array);
  return [varint((number << 3) | BYTES), varint(bytes.length), bytes];
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The length-delimited fields of a message, in their order. */
export const decode = (message: Uint8Array): { number: number; bytes: Buffer }[] =>
  fieldsOf(message).flatMap(({ number, bytes }) => (bytes ? [{ number, bytes }] : []));

/** The numbers of a message by field; one that is not there is 0, as proto3 does. */
export function decodeNumbers(message: Uint8Array): (field: number) => number {
  const numbers = new Map(
    fieldsOf(message).flatMap(({ number, value }) => (value === undefined ? [] : [[number, value] as const])),
  );
  return (field) => numbers.get(field) ?? 0;
}

interface Field {
  number: number;
  value?: number;
  bytes?: Buffer;
}

function fieldsOf(message: Uint8Array): Field[] {
  const data = Buffer.from(message);
  const fields: Field[] = [];
  let at = 0;
  const readVarint = () => {
    for (let value = 0, scale = 1; ; scale *= 0x80) {
      const byte = data[at++];
      if (byte === undefined) throw new Error('a protobuf message ends too early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < data.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    const kind = tag % 8;
    if (kind === VARINT) fields.push({ number, value: readVarint() });
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = readVarint();
      fields.push({ number, bytes: data.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}
