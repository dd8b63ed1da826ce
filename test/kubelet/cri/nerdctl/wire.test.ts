import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, decodeNumbers, encode } from '../../../../src/kubelet/cri/nerdctl/wire.ts';

describe('protobuf messages', () => {
  const cases: Record<string, [fields: Parameters<typeof encode>[0], hex: string]> = {
    'a string': [{ 1: 'id' }, '0a026964'],
    'numbers and a flag': [{ 3: 300, 4: 24, 7: true }, '18ac0220183801'],
    'a list of messages': [{ 3: [Buffer.from('a'), Buffer.from('b')] }, '1a01611a0162'],
    'a field beyond one byte of tag': [{ 16: 'x' }, '82010178'],
    'what is empty is left out': [{ 1: '', 2: 0, 3: false, 4: undefined, 5: [] }, ''],
  };
  for (const [name, [fields, hex]] of Object.entries(cases)) {
    test(name, () => assert.equal(encode(fields).toString('hex'), hex));
  }

  test('numbers are read by their field; one that is left out is 0', () => {
    const numbers = decodeNumbers(encode({ 1: 123_456_789_012, 2: 'text', 3: 7 }));
    assert.deepEqual([1, 2, 3, 4].map(numbers), [123_456_789_012, 0, 7, 0]);
  });

  test('length-delimited fields are read, others skipped', () => {
    const message = Buffer.concat([
      encode({ 1: 'one', 2: 70_000, 20: 'x'.repeat(300) }),
      Buffer.from('1d00000000', 'hex'),
      Buffer.from('210000000000000000', 'hex'),
      encode({ 6: 'six' }),
    ]);
    assert.deepEqual(
      decode(message).map(({ number, bytes }) => [number, bytes.toString()]),
      [
        [1, 'one'],
        [20, 'x'.repeat(300)],
        [6, 'six'],
      ],
    );
    assert.throws(() => decode(Buffer.from('80', 'hex')), /ends too early/);
  });
});
