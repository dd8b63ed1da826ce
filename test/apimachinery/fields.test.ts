import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatFieldSelector,
  matchesFieldTerms,
  parseFieldSelector,
  requiredFieldValue,
} from '../../src/apimachinery/fields.ts';

describe('a field selector', () => {
  const cases: [text: string, terms: [field: string, op: string, value: string][]][] = [
    ['', []],
    ['a.b=c', [['a.b', '=', 'c']]],
    ['a==b', [['a', '=', 'b']]],
    [
      'z=1,a!=2',
      [
        ['a', '!=', '2'],
        ['z', '=', '1'],
      ],
    ],
    ['a=b\\,c\\=d\\\\', [['a', '=', 'b,c=d\\']]],
    [
      'a=,,b=',
      [
        ['a', '=', ''],
        ['b', '=', ''],
      ],
    ],
  ];
  for (const [text, terms] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const read = parseFieldSelector(text).map(({ field, op, value }) => [field, op, value]);
      assert.deepEqual(read, terms);
    });
  }

  const wrong: [text: string, words: string][] = [
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ];
  for (const [text, words] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseFieldSelector(text), { message: words }));
  }

  it('matches when every term agrees', () => {
    const terms = parseFieldSelector('status.phase!=Failed,spec.nodeName=n');
    const pod = (nodeName: string, phase: string) => (field: string) => (field === 'spec.nodeName' ? nodeName : phase);
    assert(matchesFieldTerms(terms, pod('n', 'Running')));
    assert(!matchesFieldTerms(terms, pod('n', 'Failed')));
    assert(!matchesFieldTerms(terms, pod('m', 'Running')));
    assert.equal(requiredFieldValue(terms, 'spec.nodeName'), 'n');
    assert.equal(requiredFieldValue(terms, 'status.phase'), undefined);
  });

  it('reads any value it wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const text = formatFieldSelector([{ field: 'a', op: '=', value }]);
        assert.deepEqual(parseFieldSelector(text), [{ field: 'a', op: '=', value }]);
      }),
    );
  });
});
