// Upstream's own fixtures, written by its generated marshalers: k8s.io/api v0.36.3 testdata/HEAD and the like of
// apiextensions-apiserver (Apache-2.0), one {value, protobuf} a line, for every kind that the facts know.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import { decodeProtobuf, encodeProtobuf } from '../../../src/apiserver/protobuf-body.ts';

const file = new URL('golden.jsonl.br', import.meta.url);
const fixtures = brotliDecompressSync(readFileSync(file))
  .toString()
  .split('\n')
  .map((line) => JSON.parse(line) as { value: KubeObject; protobuf: string });

describe("upstream's protobuf fixtures", () => {
  for (const { value, protobuf } of fixtures) {
    const bytes = Buffer.from(protobuf, 'base64');
    test(`${value.apiVersion} ${value.kind}`, () => {
      assert.deepEqual(Buffer.concat(encodeProtobuf(value)), bytes);
      assert.deepEqual(Buffer.concat(encodeProtobuf(decodeProtobuf(bytes).value as unknown as KubeObject)), bytes);
    });
  }
});
