// OpenAPI documents as protobuf, in the messages of github.com/google/gnostic-models: the only form that kubectl asks
// version 2 in. One walk over the JSON, led by a table of messages.
import { WireWriter } from '../../apimachinery/codec/wire-writer.ts';
import type { Message, Messages, TypeName } from './messages.ts';
import { V2_MESSAGES } from './v2-messages.ts';
import { V3_MESSAGES } from './v3-messages.ts';

/** Fields with these values are left out (proto3). */
const ZEROS: ReadonlyMap<TypeName, unknown> = new Map<TypeName, unknown>([
  ['string', ''],
  ['bool', false],
  ['int64', 0],
  ['double', 0],
]);

/** The bytes of openapi.v2.Document. Throws for a field that the messages do not have. */
export const openapiV2Protobuf = (document: object): Uint8Array => encode(document, V2_MESSAGES);

/** The same of openapi.v3.Document. */
export const openapiV3Protobuf = (document: object): Uint8Array => encode(document, V3_MESSAGES);

function encode(document: object, messages: Messages): Uint8Array {
  const writer = new Writer(messages);
  writer.message('Document', document);
  return writer.finish();
}

/** Where a message is written to, and the table that leads. */
class Writer {
  readonly #wire = new WireWriter();
  readonly #messages: Messages;

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  finish(): Uint8Array {
    return this.#wire.finish();
  }

  message(name: TypeName, value: unknown): void {
    const message = this.#messageOf(name);
    if ('wraps' in message) this.#list(value, { number: 1, type: message.wraps });
    else if ('oneOf' in message) {
      const member = message.oneOf(value as object | boolean);
      // None of them: the message is empty, as gnostic's compiler leaves it.
      if (member) this.#value(value, { number: member[0], type: member[1] });
    } else if ('named' in message) {
      const [number, type] = message.named;
      for (const [key, one] of Object.entries(value as object)) {
        if (message.extensions !== undefined && key.startsWith('x-')) {
          this.#named(key, { value: one, number: message.extensions, type: 'any' });
        } else this.#named(key, { value: one, number, type });
      }
    } else this.#fields(value as object, { name, message });
  }

  #messageOf(name: TypeName): Message {
    const message = this.#messages[name];
    if (!message) throw new Error(`OpenAPI in protobuf has no message ${name}: add it to the table`);
    return message;
  }

  #fields(value: object, { name, message }: { name: TypeName; message: Extract<Message, { fields: unknown }> }): void {
    const given = value as Record<string, unknown>;
    let number = 0;
    for (const [key, type] of Object.entries(message.fields)) {
      number++;
      const one = given[key];
      if (one === undefined || (ZEROS.has(type) && one === ZEROS.get(type))) continue;
      if (Array.isArray(one) && type !== 'any' && !this.#isWrapper(type)) this.#list(one, { number, type });
      else this.#value(one, { number, type });
    }
    for (const [key, one] of Object.entries(given)) {
      if (Object.hasOwn(message.fields, key)) continue;
      if (!message.extensions || !key.startsWith('x-')) {
        throw new Error(`OpenAPI in protobuf has no field ${key} in ${name}: add it to the table`);
      }
      this.#named(key, { value: one, number: number + 1, type: 'any' });
    }
  }

  #named(name: string, { value, ...target }: Target & { value: unknown }): void {
    this.#wire.message(target.number, () => {
      this.#wire.text(1, name);
      this.#value(value, { number: 2, type: target.type });
    });
  }

  #list(value: unknown, target: Target): void {
    for (const one of Array.isArray(value) ? value : [value]) this.#value(one, target);
  }

  #value(value: unknown, { number, type }: Target): void {
    switch (type) {
      case 'string':
        this.#wire.text(number, value as string);
        break;
      case 'bool':
        this.#wire.varint(number, value ? 1 : 0);
        break;
      case 'int64':
        this.#wire.varint(number, value as number);
        break;
      case 'double':
        this.#wire.float64(number, value as number);
        break;
      case 'any':
      case 'eachAny':
        // The message Any; JSON is YAML.
        this.#wire.message(number, () => this.#wire.text(2, `${JSON.stringify(value)}\n`));
        break;
      default:
        this.#wire.message(number, () => this.message(type, value));
    }
  }

  /** Messages that hold a list themselves. */
  #isWrapper(type: TypeName): boolean {
    return 'wraps' in (this.#messages[type] ?? {});
  }
}

interface Target {
  number: number;
  type: TypeName;
}
