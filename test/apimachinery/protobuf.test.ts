import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builtinSchema } from '../../src/api/facts.ts';
import { decodeMessage, openEnvelope } from '../../src/apimachinery/codec/protobuf.ts';

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const field = (number: number, content: string | number[]): number[] => {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
};
const integer = (number: number, value: number): number[] => [...varint(number << 3), ...varint(value)];
const bytes = (...parts: number[][]) => Uint8Array.from(parts.flat());
const decode = (model: string, ...parts: number[][]) =>
  decodeMessage(bytes(...parts), builtinSchema.type(`io.k8s.${model}`), builtinSchema);

describe('protobuf bodies', () => {
  test('the envelope names the kind and holds the message', () => {
    const envelope = openEnvelope(
      bytes(
        [...Buffer.from('k8s\0')],
        field(1, [...field(1, 'v1'), ...field(2, 'Pod')]),
        field(2, [1, 2]),
        field(4, 'x'),
      ),
    );
    assert.deepEqual([envelope.apiVersion, envelope.kind, [...envelope.raw]], ['v1', 'Pod', [1, 2]]);
  });

  for (const [name, model, parts, expected] of [
    [
      'strings and integers',
      'api.core.v1.ContainerPort',
      [field(1, 'http'), integer(3, 8080)],
      { name: 'http', containerPort: 8080 },
    ],
    ['maps', 'api.core.v1.ConfigMap', [field(2, [...field(1, 'a'), ...field(2, 'b')])], { data: { a: 'b' } }],
    ['a map entry without a value', 'api.core.v1.ConfigMap', [field(2, field(1, 'a'))], { data: { a: '' } }],
    [
      'bytes as base64',
      'api.core.v1.Secret',
      [field(2, [...field(1, 'a'), ...field(2, 'hi')])],
      { data: { a: 'aGk=' } },
    ],
    [
      'quantities',
      'api.core.v1.ResourceQuotaSpec',
      [field(1, [...field(1, 'cpu'), ...field(2, field(1, '500m'))])],
      { hard: { cpu: '500m' } },
    ],
    [
      'what is inlined in JSON',
      'api.core.v1.Volume',
      [field(1, 'v'), field(2, field(2, []))],
      { name: 'v', emptyDir: {} },
    ],
    [
      'numbers or names',
      'api.core.v1.ServicePort',
      [integer(3, 80), field(4, [...integer(1, 1), ...field(3, 'web')])],
      { port: 80, targetPort: 'web' },
    ],
    [
      'negative integers',
      'api.core.v1.TCPSocketAction',
      [field(1, [...integer(1, 0), 16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
      { port: -1 },
    ],
    [
      'times',
      'apimachinery.pkg.apis.meta.v1.ObjectMeta',
      [field(8, integer(1, 1)), field(9, [])],
      { creationTimestamp: '1970-01-01T00:00:01Z', deletionTimestamp: null },
    ],
    [
      'repeated numbers, one by one',
      'api.core.v1.PodSecurityContext',
      [integer(4, 5), integer(4, 6)],
      { supplementalGroups: [5, 6] },
    ],
    ['repeated numbers, packed', 'api.core.v1.PodSecurityContext', [field(4, [5, 6])], { supplementalGroups: [5, 6] }],
    [
      'fields of a later version are skipped',
      'api.core.v1.ContainerPort',
      [field(900, 'x'), integer(901, 1), field(1, 'n')],
      { name: 'n' },
    ],
  ] as const) {
    test(name, () => assert.deepEqual(decode(model, ...(parts as unknown as number[][])), expected));
  }

  for (const [name, run, told] of [
    ['other bytes', () => openEnvelope(Buffer.from('{"kind":"Pod"}')), /does not appear to be a protobuf message/],
    ['a message cut short', () => decode('api.core.v1.ContainerPort', [10, 200]), /unexpected EOF/],
    ['an endless tag', () => decode('api.core.v1.ContainerPort', new Array(12).fill(255)), /out of range/],
    ['an endless integer', () => decode('api.core.v1.ContainerPort', [24, ...new Array(12).fill(255)]), /64 bits/],
    ['a length beyond the end', () => decode('api.core.v1.Pod', [10, 255, 255, 255, 255, 127]), /out of range|EOF/],
    ['a field 0', () => decode('api.core.v1.ContainerPort', [0, 0]), /field 0/],
    ['an unknown wire type', () => decode('api.core.v1.ContainerPort', [0x9f, 0x38]), /wire type 7/],
  ] as const) {
    test(`${name} is refused`, () => assert.throws(run, told));
  }
});
