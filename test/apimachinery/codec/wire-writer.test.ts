import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireReader } from '../../../src/apimachinery/codec/wire-reader.ts';
import { WireWriter } from '../../../src/apimachinery/codec/wire-writer.ts';

const written = (write: (writer: WireWriter) => void): Uint8Array => {
  const writer = new WireWriter();
  write(writer);
  return writer.finish();
};

test('the bytes are those of the protobuf documentation', () => {
  // protobuf.dev/programming-guides/encoding: Test1{a: 150}, Test2{b: "testing"}, Test3{c: Test1{a: 150}}
  assert.deepEqual([...written((w) => w.varint(1, 150))], [0x08, 0x96, 0x01]);
  assert.deepEqual([...written((w) => w.text(2, 'testing'))], [0x12, 0x07, ...Buffer.from('testing')]);
  assert.deepEqual([...written((w) => w.message(3, () => w.varint(1, 150)))], [0x1a, 0x03, 0x08, 0x96, 0x01]);
});

test('integers come back from the reader', () => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, -1, -(2 ** 40)]) {
    const reader = new WireReader(written((w) => w.varint(20, value)));
    assert.deepEqual(reader.tag(), { number: 20, wireType: 0 });
    assert.equal(BigInt.asIntN(64, reader.varint()), BigInt(value));
    assert.ok(reader.done);
  }
});

test('floats come back from the reader', () => {
  const reader = new WireReader(written((w) => w.float64(3, -0.5)));
  assert.deepEqual(reader.tag(), { number: 3, wireType: 1 });
  assert.equal(reader.float64(), -0.5);
});

test('messages of every length of length keep what is around them', () => {
  for (const length of [0, 127, 128, 16_383, 16_384, 2_100_000]) {
    const text = 'é'.repeat(length / 2).padEnd(length / 2, 'x');
    const bytes = written((w) => {
      w.message(1, () => w.message(2, () => w.text(3, text)));
      w.text(4, 'after');
    });
    const outer = new WireReader(bytes);
    assert.equal(outer.tag().number, 1);
    const middle = new WireReader(outer.bytes());
    assert.equal(middle.tag().number, 2);
    const inner = new WireReader(middle.bytes());
    assert.equal(inner.tag().number, 3);
    assert.equal(inner.text(), text);
    assert.equal(outer.tag().number, 4);
    assert.equal(outer.text(), 'after');
    assert.ok(outer.done);
  }
});
