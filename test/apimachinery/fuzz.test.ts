// Whatever comes in, decoders, patches and selectors answer with a value or with their own error: nothing else is thrown,
// and nothing takes long. Seeds are printed; PROPERTY_SEED and PROPERTY_RUNS repeat and lengthen a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc, { type Arbitrary } from 'fast-check';
import { builtinDefinitions, builtinSchema } from '../../src/api/index.ts';
import { decodeCbor } from '../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../src/apimachinery/codec/cbor-writer.ts';
import { DecodeError } from '../../src/apimachinery/codec/decoded.ts';
import { decodeJson } from '../../src/apimachinery/codec/json.ts';
import { decodeMessage } from '../../src/apimachinery/codec/protobuf.ts';
import { encodeMessage } from '../../src/apimachinery/codec/protobuf-writer.ts';
import { decodeTyped } from '../../src/apimachinery/codec/strict.ts';
import { decodeYaml } from '../../src/apimachinery/codec/yaml.ts';
import { parseFieldSelector } from '../../src/apimachinery/fields.ts';
import { SelectorError } from '../../src/apimachinery/label-requirement.ts';
import { parseLabelSelector } from '../../src/apimachinery/labels.ts';
import type { Json, JsonObject } from '../../src/apimachinery/meta.ts';
import { applyJsonPatch, readJsonPatch } from '../../src/apimachinery/patch/json-patch.ts';
import { applyMergePatch } from '../../src/apimachinery/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../src/apimachinery/patch/strategic-merge.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { parseAccept } from '../../src/apiserver/accept.ts';
import { decodeProtobuf, encodeProtobuf } from '../../src/apiserver/protobuf-body.ts';
import { anyObject } from '../support/any-object.ts';
import { holds } from '../support/property.ts';

const RUNS = 100;
const pods = builtinDefinitions().find(({ plural, group }) => plural === 'pods' && group === '');
assert.ok(pods);
const podSchema = pods.schema;

/** Runs `work`; what it throws must be one of `own`. */
function only(own: readonly (new (...args: never[]) => Error)[], work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert.ok(
      own.some((one) => error instanceof one),
      error as Error,
    );
  }
}

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }) as Arbitrary<Json>;
const object = fc.dictionary(fc.string(), json) as Arbitrary<JsonObject>;
/** Integers beyond it become bigints, of which exact.test.ts has more. */
const small = json.filter((value) => !/[0-9]{16}/.test(JSON.stringify(value)));
/** Something right, with a few bytes changed, added or taken away. */
const damaged = (whole: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> =>
  fc
    .tuple(whole, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'cut')), { maxLength: 4 }))
    .map(([bytes, changes]) => {
      const data = [...bytes];
      for (const [at, value, how] of changes) {
        const place = data.length === 0 ? 0 : at % data.length;
        if (how === 'set') data[place] = value;
        else if (how === 'insert') data.splice(place, 0, value);
        else data.splice(place);
      }
      return Uint8Array.from(data);
    });
const bytesOf = (text: string) => new TextEncoder().encode(text);
const pod = anyObject(pods);

const cases: [name: string, arbitrary: Arbitrary<unknown>, check: (value: never) => void][] = [
  [
    'JSON that is right is read as JSON.parse reads it',
    small,
    (value: Json) => assert.deepEqual(decodeJson(JSON.stringify(value)).value, JSON.parse(JSON.stringify(value))),
  ],
  [
    'damaged JSON',
    damaged(json.map((value) => bytesOf(JSON.stringify(value)))),
    (bytes: Uint8Array) => only([DecodeError], () => decodeJson(bytes)),
  ],
  [
    'JSON of a Pod with anything in it',
    fc.tuple(pod, json).map(([object, value]) => ({ ...object, spec: value, status: value })),
    (value: object) =>
      only([DecodeError], () => decodeTyped(decodeJson(JSON.stringify(value)), podSchema, builtinSchema)),
  ],
  [
    'any text as YAML',
    fc.string({ unit: 'binary', maxLength: 60 }),
    (text: string) => only([DecodeError], () => decodeYaml(text)),
  ],
  [
    'damaged YAML',
    damaged(pod.map((object) => bytesOf(JSON.stringify(object, null, 1)))),
    (bytes: Uint8Array) => only([DecodeError], () => decodeYaml(bytes)),
  ],
  [
    'damaged protobuf',
    damaged(pod.map((object) => Buffer.concat(encodeProtobuf(object)))),
    (bytes: Uint8Array) => only([DecodeError], () => decodeProtobuf(bytes)),
  ],
  [
    'any bytes as the message of a Pod',
    fc.uint8Array({ maxLength: 200 }),
    (bytes: Uint8Array) => only([DecodeError], () => decodeMessage(bytes, podSchema, builtinSchema)),
  ],
  [
    'protobuf that was read is written as it was',
    pod,
    (object: JsonObject) => {
      const bytes = encodeMessage(object, podSchema, builtinSchema);
      const again = decodeMessage(bytes, podSchema, builtinSchema);
      assert.deepEqual(encodeMessage(again, podSchema, builtinSchema), bytes);
    },
  ],
  ['damaged CBOR', damaged(json.map(encodeCbor)), (bytes: Uint8Array) => only([DecodeError], () => decodeCbor(bytes))],
  [
    'any JSON patch',
    fc.tuple(
      object,
      fc.array(
        fc.record({
          op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'other'),
          path: fc.oneof(fc.constantFrom('', '/', '/a', '/a/0', '/-1', '/__proto__/x', '/constructor'), fc.string()),
          from: fc.constantFrom('', '/a', '/__proto__'),
          value: json,
        }),
        { maxLength: 5 },
      ),
    ),
    ([document, patch]: [Json, Json]) =>
      only([StatusError], () => applyJsonPatch(document, readJsonPatch(patch).operations)),
  ],
  [
    'any merge patch',
    fc.tuple(json, json),
    ([document, patch]: [Json, Json]) => only([StatusError], () => applyMergePatch(document, patch)),
  ],
  [
    'any strategic merge patch',
    fc.tuple(pod, fc.dictionary(fc.constantFrom('spec', 'metadata', '$patch', '$setElementOrder/spec', 'x'), json)),
    ([object, patch]: [JsonObject, JsonObject]) =>
      only([StatusError], () => applyStrategicMergePatch(object, patch, podSchema, builtinSchema)),
  ],
  [
    'any label selector',
    fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .array(fc.constantFrom('a', ' in ', ' notin ', '(', ')', ',', '!', '=', '==', '!=', '>', '1', ' '), {
          maxLength: 30,
        })
        .map((parts) => parts.join('')),
    ),
    (text: string) => only([SelectorError], () => parseLabelSelector(text)),
  ],
  [
    'any field selector',
    fc.string({ maxLength: 60 }),
    (text: string) => only([SelectorError], () => parseFieldSelector(text)),
  ],
  ['any Accept header', fc.string({ maxLength: 80 }), (text: string) => void parseAccept(text)],
];

for (const [name, arbitrary, check] of cases) {
  test(name, (t) => holds(t, { runs: RUNS, arbitrary }, async (value) => check(value as never)));
}

test('what is made to be slow comes to an end', () => {
  only([SelectorError], () => parseLabelSelector(`a in (${'a,'.repeat(50_000)}a)`));
  only([DecodeError], () => decodeJson(`"${'\\u0041'.repeat(100_000)}"`));
  only([DecodeError], () => decodeYaml(`a: ${'*a '.repeat(10_000)}`));
  parseAccept(`${'a/b;q=0.1;'.repeat(2_000)},${'x/y,'.repeat(500)}`);
});
