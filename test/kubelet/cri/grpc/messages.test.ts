// Every message of the CRI that the driver has a constant of, field by field against upstream's file: bytes are made as
// upstream's numbers and types say, and must be read as what the field is. scripts/cri-facts.ts makes the facts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { WireWriter } from '../../../../src/apimachinery/codec/wire-writer.ts';
import type { Message } from '../../../../src/grpc/message.ts';
import * as container from '../../../../src/kubelet/cri/grpc/messages/container.ts';
import * as image from '../../../../src/kubelet/cri/grpc/messages/image.ts';
import * as sandbox from '../../../../src/kubelet/cri/grpc/messages/sandbox.ts';
import * as stats from '../../../../src/kubelet/cri/grpc/messages/stats.ts';
import * as services from '../../../../src/kubelet/cri/grpc/services.ts';

type AnyMessage = Message<Readonly<Record<string, never>>>;

interface Facts {
  messages: Record<string, Record<string, { number: number; type: string }>>;
  enums: Record<string, Record<string, number>>;
}

const facts = JSON.parse(readFileSync(path.join(import.meta.dirname, 'testdata/cri-api.json'), 'utf8')) as Facts;
const isMessage = (value: unknown): value is AnyMessage =>
  typeof value === 'object' && value !== null && 'decode' in value;
const ours = new Map(
  Object.entries({ ...container, ...image, ...sandbox, ...stats }).filter((entry): entry is [string, AnyMessage] =>
    isMessage(entry[1]),
  ),
);

/** Writes a value of the type that upstream names, and returns what is to be read. */
function sample(writer: WireWriter, { number, type }: { number: number; type: string }): unknown {
  if (type.startsWith('repeated ')) return [sample(writer, { number, type: type.slice('repeated '.length) })];
  if (/^u?int(32|64)$/.test(type)) return writer.varint(number, 5) ?? 5;
  if (type === 'bool') return writer.varint(number, 1) ?? true;
  if (type === 'string') return writer.text(number, 'x') ?? 'x';
  if (type === 'bytes') return writer.bytes(number, Buffer.from('x')) ?? Buffer.from('x');
  if (type === 'map<string,string>') {
    writer.message(number, () => {
      writer.text(1, 'k');
      writer.text(2, 'v');
    });
    return { k: 'v' };
  }
  const names = facts.enums[type];
  if (names) {
    writer.varint(number, 1);
    return Object.entries(names).find(([, value]) => value === 1)?.[0];
  }
  writer.message(number, () => undefined);
  return ours.get(type)?.decode(new Uint8Array());
}

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe('messages of the CRI', () => {
  for (const [name, own] of ours) {
    test(name, () => {
      const upstream = facts.messages[name];
      assert.ok(upstream, 'upstream has no such message');
      for (const field of Object.keys(own.fields)) {
        const fact = upstream[snake(field)] ?? upstream[field];
        assert.ok(fact, `${field} is no field of it`);
        const writer = new WireWriter();
        const expected = sample(writer, fact);
        const read = own.decode(writer.finish()) as Record<string, unknown>;
        const value = read[field];
        assert.deepEqual(value instanceof Uint8Array ? Buffer.from(value) : value, expected, field);
      }
    });
  }

  test('signals have upstream’s names by number', () => {
    assert.deepEqual(container.SIGNALS, Object.keys(facts.enums.Signal ?? {}));
  });

  test('calls have the names of their messages', () => {
    const nameOf = (value: unknown) => [...ours].find(([, own]) => own === value)?.[0];
    for (const { path: call, request, response } of Object.values(services)) {
      const name = call.slice(call.indexOf('/') + 1).replace(/^GetContainerEvents$/, 'GetEvents');
      assert.equal(nameOf(request), `${name}Request`);
      assert.equal(nameOf(response), name === 'GetEvents' ? 'ContainerEventResponse' : `${name}Response`);
    }
  });
});
