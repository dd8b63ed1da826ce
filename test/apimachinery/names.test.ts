import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as names from '../../src/apimachinery/names.ts';

describe('rules for names', () => {
  const cases: [rule: (value: string) => readonly string[], good: string[], bad: string[]][] = [
    [names.isDNS1123Label, ['a', 'a-1', '0', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', 'a'.repeat(64)]],
    [names.isDNS1123Subdomain, ['a', 'a.b-c.d', 'a'.repeat(253)], ['', 'a..b', '.a', 'A', 'a'.repeat(254)]],
    [names.isDNS1035Label, ['a', 'a-1'], ['', '1a', 'A', 'a-']],
    [names.isWildcardDNS1123Subdomain, ['*.a.b'], ['*', 'a.b', '*.*.a']],
    [names.isQualifiedName, ['a', 'A_b.c', 'a.b/c'], ['', '/a', 'a/', 'a/b/c', 'A.b/c', '-a', 'a'.repeat(64)]],
    [names.isValidLabelValue, ['', 'a', 'A_b.c'], ['-a', 'a b', 'ä', 'a'.repeat(64)]],
    [names.isCIdentifier, ['_a1'], ['1a', 'a-b', '']],
    [names.isEnvVarName, ['A.b-c'], ['1a', 'a b', '..', '']],
    [names.isRelaxedEnvVarName, ['1 a-b'], ['', 'a=b', 'ä']],
    [names.isConfigMapKey, ['a.b', '_'], ['', '.', '..', '..a', 'a/b']],
    [names.isHTTPHeaderName, ['X-A'], ['X A', '']],
    [names.isValidPercent, ['5%'], ['5', '-5%', '%']],
    [names.isValidPortName, ['http', 'a-1'], ['', 'Http', '80', 'a--b', '-a', 'a'.repeat(16)]],
    [names.isPathSegmentName, ['a:b', ''], ['.', '..', 'a/b', 'a%b']],
  ];
  for (const [rule, good, bad] of cases) {
    it(`${rule.name} tells good from bad`, () => {
      for (const value of good) assert.deepEqual(rule(value), [], JSON.stringify(value));
      for (const value of bad) assert.notDeepEqual(rule(value), [], JSON.stringify(value));
    });
  }

  it("speaks upstream's words", () => {
    assert.deepEqual(names.isDNS1123Label('a.b'), ['must not contain dots']);
    assert.deepEqual(names.isDNS1123Label('A'), [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    assert.deepEqual(names.isQualifiedName('a/'), [
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
    assert.deepEqual(names.isValidPortNum(0), ['must be between 1 and 65535, inclusive']);
  });

  it('lets a generateName end in a dash', () => {
    assert.deepEqual(names.nameIsDNSLabel('web-', true), []);
    assert.notDeepEqual(names.nameIsDNSLabel('web-', false), []);
  });
});
