import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeYaml } from '../../../src/apimachinery/codec/yaml.ts';

describe('reading YAML', () => {
  const cases: [text: string, value: unknown][] = [
    ['yes', true],
    ['Off', false],
    ['y', true],
    ['N', false],
    ['yEs', 'yEs'],
    ['"yes"', 'yes'],
    ['0777', 511],
    ['0o17', 15],
    ['0x1f', 31],
    ['0b11', 3],
    ['-0b11', -3],
    ['1_000', 1000],
    ['08', 8],
    ['1.5', 1.5],
    ['5.0', 5],
    ['3e1', 30],
    ['~', null],
    ['', null],
    ['null', null],
    ['1:30', '1:30'],
    ['8080:80', '8080:80'],
    ['2020-01-01', '2020-01-01'],
    ['1.2.3', '1.2.3'],
    ['=', '='],
  ];
  for (const [text, value] of cases) {
    it(`takes ${JSON.stringify(text)} for ${JSON.stringify(value)}`, () =>
      assert.deepEqual(decodeYaml(`a: ${text}`).value, { a: value }));
  }

  it('reads JSON too', () => assert.deepEqual(decodeYaml('{"a": [1, "b"]}').value, { a: [1, 'b'] }));

  it('takes the first of several documents', () => assert.deepEqual(decodeYaml('a: 1\n---\na: 2\n').value, { a: 1 }));

  it('follows aliases and merge keys', () =>
    assert.deepEqual(decodeYaml('x: &x {a: 1}\nz:\n  <<: *x\n  b: 2').value, { x: { a: 1 }, z: { a: 1, b: 2 } }));

  it('reports repeated keys with their lines and keeps the last', () => {
    const { value, problems } = decodeYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3');
    assert.deepEqual(value, { a: 3, b: { c: 2 } });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^yaml: unmarshal errors:\n/);
    assert.match(problems[0] ?? '', /line 4: key "c" already set in map/);
    assert.match(problems[0] ?? '', /line 5: key "a" already set in map/);
  });

  it('refuses keys that are null, a list or a map', () => {
    for (const key of ['~', '? [a] ', '? {a: b} ']) {
      assert.throws(() => decodeYaml(`a: {${key}: b}`), { name: 'DecodeError', message: /unsupported map key/ });
    }
  });

  it('says where broken YAML is', () => {
    assert.throws(() => decodeYaml('a: b: c'), {
      name: 'DecodeError',
      message: /^yaml: line 1: /,
    });
  });

  it('refuses aliases that multiply', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${Array(9).fill(i === 1 ? '*a' : `*a${i - 1}`)}]`);
    assert.throws(() => decodeYaml(bomb.join('\n')), { name: 'DecodeError' });
  });
});

it('JSON is read as such, and told about as YAML', () => {
  assert.deepEqual(decodeYaml('{"a":{"b":[1,5.0,3e1,"yes",null]}}').value, { a: { b: [1, 5, 30, 'yes', null] } });
  assert.equal(decodeYaml('{"a":5.0}').literals.size, 0);
  assert.match(decodeYaml('{"a":1,"a":2}').problems.join(), /line 1: key "a" already set in map/);
  assert.deepEqual(decodeYaml('{a: yes}').value, { a: true });
});
