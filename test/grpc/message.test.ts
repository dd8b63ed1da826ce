// Protobuf messages as values, against bytes from protobuf's own documentation and what proto3 says of defaults.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createUnframer, frame } from '../../src/grpc/frames.ts';
import {
  bytes,
  choice,
  flag,
  integer,
  integers,
  many,
  map,
  message,
  one,
  text,
  texts,
} from '../../src/grpc/message.ts';

const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');
const Inner = message({ a: integer(1) });
const All = message({
  number: integer(1),
  word: text(2),
  inner: one(3, Inner),
  numbers: integers(4),
  raw: bytes(5),
  is: flag(6),
  state: choice(7, ['UNKNOWN', 'READY']),
  inners: many(8, Inner),
  words: texts(9),
  labels: map(10),
});

describe('a message on the wire', () => {
  // https://protobuf.dev/programming-guides/encoding/ has the first three
  const cases: [string, Parameters<typeof All.encode>[0], string][] = [
    ['an integer', { number: 150 }, '089601'],
    ['a text', { word: 'testing' }, '120774657374696e67'],
    ['a message in it', { inner: { a: 150 } }, '1a03089601'],
    ['a negative integer has 64 bits', { number: -2 }, '08feffffffffffffffff01'],
    ['a large one, too', { number: 2 ** 53 - 1 }, '08ffffffffffffff0f'],
    ['scalars of zero are left out', { number: 0, word: '', is: false, state: 'UNKNOWN', raw: new Uint8Array() }, ''],
    ['a message of zeros is there', { inner: { a: 0 } }, '1a00'],
    [
      'lists and maps',
      { inners: [{}, { a: 1 }], words: ['', 'x'], labels: { k: 'v' } },
      '4200420208014a004a017852060a016b120176',
    ],
  ];
  for (const [name, value, expected] of cases) {
    test(name, () => assert.equal(hex(All.encode(value)), expected));
  }

  test('what is not there is read as zero, empty or undefined', () => {
    assert.deepEqual(All.decode(new Uint8Array()), {
      number: 0,
      word: '',
      inner: undefined,
      numbers: [],
      raw: new Uint8Array(),
      is: false,
      state: 'UNKNOWN',
      inners: [],
      words: [],
      labels: {},
    });
  });

  test('a list of numbers is read packed, too', () => {
    assert.deepEqual(All.decode(Buffer.from('2206038e029ea705', 'hex')).numbers, [3, 270, 86942]);
    assert.deepEqual(All.decode(Buffer.from('2003208e02', 'hex')).numbers, [3, 270]);
  });

  test('fields and values of a later version are skipped', () => {
    const later = message({ word: text(2), news: text(99), state: integer(7) });
    const value = All.decode(later.encode({ word: 'w', news: 'n', state: 5 }));
    assert.deepEqual([value.word, value.state], ['w', undefined]);
  });

  test('a name that is none of the choices is refused', () => {
    assert.throws(() => All.encode({ state: 'GONE' as 'READY' }), /GONE is none of UNKNOWN, READY/);
  });

  test('a message that is cut short is an error', () => {
    assert.throws(() => All.decode(Buffer.from('1207746573', 'hex')), { name: 'DecodeError' });
  });

  test('what is written is read', () => {
    const values = fc.record({
      number: fc.maxSafeInteger(),
      word: fc.string({ unit: 'grapheme' }),
      numbers: fc.array(fc.maxSafeInteger()),
      is: fc.boolean(),
      state: fc.constantFrom('UNKNOWN' as const, 'READY' as const),
      inner: fc.record({ a: fc.integer() }),
      inners: fc.array(fc.record({ a: fc.integer() })),
      words: fc.array(fc.string()),
      labels: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string(), { noNullPrototype: true }),
      raw: fc.uint8Array(),
    });
    fc.assert(
      fc.property(values, (value) => {
        const read = All.decode(All.encode(value));
        const plain = (one: typeof value) => JSON.parse(JSON.stringify({ ...one, raw: [...one.raw] }));
        assert.deepEqual(plain(read as typeof value), plain(value));
      }),
    );
  });
});

describe('messages in a stream of bytes', () => {
  test('come out whole however the bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 50 }), (wanted, size) => {
        const stream = Buffer.concat(wanted.map(frame));
        const unframe = createUnframer();
        const got: Buffer[] = [];
        for (let at = 0; at < stream.length; at += size) got.push(...unframe(stream.subarray(at, at + size)));
        assert.deepEqual(got.map(hex), wanted.map(hex));
      }),
    );
  });

  test('one that is compressed or too long is refused before it is taken', () => {
    const compressed = frame(new Uint8Array(1));
    compressed[0] = 1;
    assert.throws(() => createUnframer()(compressed), { code: 'INTERNAL' });
    assert.throws(() => createUnframer()(Buffer.from('0001000001', 'hex')), { code: 'RESOURCE_EXHAUSTED' });
  });
});
