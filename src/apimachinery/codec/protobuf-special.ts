// Types that are one JSON value and a message of their own in protobuf: times, quantities, numbers or names, JSON inside.
// Field numbers are upstream's (generated.proto of the type's package).
import { formatDuration, parseDuration } from '../duration.ts';
import type { Json } from '../meta.ts';
import { isObject } from '../value.ts';
import { DecodeError } from './decoded.ts';
import { decodeJson } from './json.ts';
import { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

export interface SpecialForm {
  /** `message` reads a message of a plain type. */
  read(bytes: Uint8Array, message: (bytes: Uint8Array, model: string) => Json, model: string): Json;
  /** Writes the fields; null and undefined are Go's zero value. `message` writes those of a plain type. */
  write(
    writer: WireWriter,
    value: Json | undefined,
    { model, message }: { model: string; message: (value: Json, model: string) => void },
  ): void;
  /** A slice in Go: where it is missing, nothing is written. */
  isList?: true;
}

/** By the last part of the model's name. */
const FORMS: Readonly<Record<string, SpecialForm>> = {
  Quantity: {
    read: (bytes) => fieldsOf(bytes).text(1) || '0',
    write: (writer, value) => writer.text(1, value === undefined || value === null ? '0' : String(value)),
  },
  Time: timeForm(0),
  MicroTime: timeForm(6),
  Duration: {
    read: (bytes) => formatDuration(BigInt.asIntN(64, fieldsOf(bytes).number(1) ?? 0n)),
    write: (writer, value) => writer.varint(1, typeof value === 'string' ? parseDuration(value) : 0),
  },
  IntOrString: {
    read(bytes) {
      const fields = fieldsOf(bytes);
      return (fields.number(1) ?? 0n) === 0n
        ? Number(BigInt.asIntN(32, fields.number(2) ?? 0n))
        : (fields.text(3) ?? '');
    },
    write(writer, value) {
      writer.varint(1, typeof value === 'string' ? 1 : 0);
      writer.varint(2, typeof value === 'number' ? value : 0);
      writer.text(3, typeof value === 'string' ? value : '');
    },
  },
  RawExtension: jsonForm(),
  FieldsV1: jsonForm(),
  JSON: jsonForm(),
  ExtraValue: textsForm(),
  Verbs: textsForm(),
  JSONSchemaPropsOrArray: {
    read(bytes, message, model) {
      const fields = fieldsOf(bytes);
      const [schema] = fields.all(1);
      const item = schemaModel(model);
      return schema ? message(schema, item) : fields.all(2).map((one) => message(one, item));
    },
    write(writer, value, { message, model }) {
      const item = schemaModel(model);
      if (Array.isArray(value)) for (const one of value) writer.message(2, () => message(one, item));
      else if (isObject(value)) writer.message(1, () => message(value as Json, item));
    },
  },
  JSONSchemaPropsOrBool: {
    read(bytes, message, model) {
      const fields = fieldsOf(bytes);
      const [schema] = fields.all(2);
      return schema ? message(schema, schemaModel(model)) : fields.number(1) === 1n;
    },
    write(writer, value, { message, model }) {
      writer.varint(1, value === true || isObject(value) ? 1 : 0);
      if (isObject(value)) writer.message(2, () => message(value as Json, schemaModel(model)));
    },
  },
  JSONSchemaPropsOrStringArray: {
    read(bytes, message, model) {
      const fields = fieldsOf(bytes);
      const [schema] = fields.all(1);
      return schema ? message(schema, schemaModel(model)) : fields.all(2).map(textOf);
    },
    write(writer, value, { message, model }) {
      if (Array.isArray(value)) for (const one of value) writer.text(2, String(one));
      else if (isObject(value)) writer.message(1, () => message(value as Json, schemaModel(model)));
    },
  },
};

/** Throws DecodeError for a model that has no protobuf form. */
export function specialForm(model: string): SpecialForm {
  const form = FORMS[model.slice(model.lastIndexOf('.') + 1)];
  if (!form) throw new DecodeError(`the type ${model} has no protobuf form`);
  return form;
}

const schemaModel = (model: string): string => model.replace(/Or(?:Array|Bool|StringArray)$/, '');

/** Seconds and nanoseconds of which JSON shows `digits`; the zero time is an empty message, and null in JSON. */
function timeForm(digits: number): SpecialForm {
  return {
    read(bytes) {
      const fields = fieldsOf(bytes);
      const [seconds, nanos] = [fields.number(1), fields.number(2)];
      if (seconds === undefined && nanos === undefined) return null;
      const date = new Date(Number(BigInt.asIntN(64, seconds ?? 0n)) * 1000);
      if (Number.isNaN(date.getTime())) throw new DecodeError('a time is out of range');
      const fraction = String(nanos ?? 0n)
        .padStart(9, '0')
        .slice(0, digits);
      return `${date.toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`;
    },
    write(writer, value) {
      if (typeof value !== 'string') return;
      const fraction = digits > 0 ? (/\.(\d+)/.exec(value)?.[1] ?? '') : '';
      writer.varint(1, Math.floor(Date.parse(value) / 1000));
      writer.varint(2, Number(fraction.slice(0, digits).padEnd(9, '0')));
    },
  };
}

/** Bytes that are JSON. */
function jsonForm(): SpecialForm {
  return {
    read(bytes) {
      const [raw] = fieldsOf(bytes).all(1);
      return raw ? decodeJson(raw).value : null;
    },
    write(writer, value) {
      if (value !== null && value !== undefined) writer.text(1, JSON.stringify(value));
    },
  };
}

function textsForm(): SpecialForm {
  return {
    isList: true,
    read: (bytes) => fieldsOf(bytes).all(1).map(textOf),
    write(writer, value) {
      if (Array.isArray(value)) for (const one of value) writer.text(1, String(one));
    },
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The fields of a small message: numbers, the last of each counts, and everything that has a length. */
function fieldsOf(bytes: Uint8Array) {
  const numbers = new Map<number, bigint>();
  const pieces = new Map<number, Uint8Array[]>();
  for (const reader = new WireReader(bytes); !reader.done; ) {
    const { number, wireType } = reader.tag();
    if (wireType === 0) numbers.set(number, reader.varint());
    else if (wireType === 2) pieces.set(number, [...(pieces.get(number) ?? []), reader.bytes()]);
    else reader.skip(wireType);
  }
  const all = (number: number): readonly Uint8Array[] => pieces.get(number) ?? [];
  return {
    number: (number: number) => numbers.get(number),
    all,
    text: (number: number): string | undefined => {
      const last = all(number).at(-1);
      return last && textOf(last);
    },
  };
}
