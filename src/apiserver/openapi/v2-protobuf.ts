// The OpenAPI 2.0 document as protobuf, the only form that kubectl asks version 2 in. One walk over the JSON, led by
// the table of messages.
import { WireWriter } from '../../apimachinery/codec/wire-writer.ts';
import { MESSAGES, type Message, type TypeName } from './v2-messages.ts';

/** Fields with these values are left out (proto3). */
const ZEROS: ReadonlyMap<TypeName, unknown> = new Map<TypeName, unknown>([
  ['string', ''],
  ['bool', false],
  ['int64', 0],
  ['double', 0],
]);

/** The bytes of openapi.v2.Document. Throws for a field that the messages do not have. */
export function openapiV2Protobuf(document: object): Uint8Array {
  const writer = new WireWriter();
  writeMessage(writer, 'Document', document);
  return writer.finish();
}

function messageOf(name: TypeName): Message {
  const message = MESSAGES[name];
  if (!message) throw new Error(`OpenAPI 2.0 in protobuf has no message ${name}: add it to v2-messages.ts`);
  return message;
}

function writeMessage(writer: WireWriter, name: TypeName, value: unknown): void {
  const message = messageOf(name);
  if ('wraps' in message) writeList(writer, value, { number: 1, type: message.wraps });
  else if ('oneOf' in message) {
    const [number, type] = message.oneOf(value as object | boolean);
    writeValue(writer, value, { number, type });
  } else if ('named' in message) {
    const [number, type] = message.named;
    for (const [key, one] of Object.entries(value as object)) {
      if (message.extensions !== undefined && key.startsWith('x-')) {
        writeNamed(writer, key, { value: one, number: message.extensions, type: 'any' });
      } else writeNamed(writer, key, { value: one, number, type });
    }
  } else writeFields(writer, value as object, { name, message });
}

function writeFields(
  writer: WireWriter,
  value: object,
  { name, message }: { name: TypeName; message: Extract<Message, { fields: unknown }> },
): void {
  const given = value as Record<string, unknown>;
  let number = 0;
  for (const [key, type] of Object.entries(message.fields)) {
    number++;
    const one = given[key];
    if (one === undefined || (ZEROS.has(type) && one === ZEROS.get(type))) continue;
    if (Array.isArray(one) && type !== 'any' && !isWrapper(type)) writeList(writer, one, { number, type });
    else writeValue(writer, one, { number, type });
  }
  for (const [key, one] of Object.entries(given)) {
    if (Object.hasOwn(message.fields, key)) continue;
    if (!message.extensions || !key.startsWith('x-')) {
      throw new Error(`OpenAPI 2.0 in protobuf has no field ${key} in ${name}: add it to v2-messages.ts`);
    }
    writeNamed(writer, key, { value: one, number: number + 1, type: 'any' });
  }
}

interface Target {
  number: number;
  type: TypeName;
}

function writeNamed(writer: WireWriter, name: string, { value, ...target }: Target & { value: unknown }): void {
  writer.message(target.number, () => {
    writer.text(1, name);
    writeValue(writer, value, { number: 2, type: target.type });
  });
}

function writeList(writer: WireWriter, value: unknown, target: Target): void {
  for (const one of Array.isArray(value) ? value : [value]) writeValue(writer, one, target);
}

function writeValue(writer: WireWriter, value: unknown, { number, type }: Target): void {
  switch (type) {
    case 'string':
      writer.text(number, value as string);
      break;
    case 'bool':
      writer.varint(number, value ? 1 : 0);
      break;
    case 'int64':
      writer.varint(number, value as number);
      break;
    case 'double':
      writer.float64(number, value as number);
      break;
    case 'any':
    case 'eachAny':
      // The message Any; JSON is YAML.
      writer.message(number, () => writer.text(2, `${JSON.stringify(value)}\n`));
      break;
    default:
      writer.message(number, () => writeMessage(writer, type, value));
  }
}

/** Messages that hold a list themselves. */
const isWrapper = (type: TypeName): boolean => 'wraps' in (MESSAGES[type] ?? {});
