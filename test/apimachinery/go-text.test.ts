import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindText, plainText, syntaxText } from '../../src/apimachinery/go-text.ts';

const value = { b: [1, 'x y', null], a: { c: true }, d: 1e21 };

test('values as %v prints them', () => {
  assert.equal(plainText(value), 'map[a:map[c:true] b:[1 x y <nil>] d:1e+21]');
  assert.equal(plainText(1e-7), '1e-07');
  assert.equal(plainText(9007199254740993n), '9007199254740993');
});

test('values as %#v prints them', () => {
  const inner = 'map[string]interface {}{"c":true}';
  const list = '[]interface {}{1, "x y", interface {}(nil)}';
  assert.equal(syntaxText(value), `map[string]interface {}{"a":${inner}, "b":${list}, "d":1e+21}`);
});

test('a kind with its version, as far as they are said', () => {
  assert.equal(kindText({ apiVersion: 'v1', kind: 'Pod' }), '/v1, Kind=Pod');
  assert.equal(kindText({ apiVersion: 'apps/v1', kind: 'Deployment' }), 'apps/v1, Kind=Deployment');
  assert.equal(kindText({ kind: 5 }), '/, Kind=');
});
