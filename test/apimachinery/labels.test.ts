import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatLabelSelector,
  matchesLabelMap,
  matchesLabelSelector,
  parseLabelSelector,
  printLabelSelector,
  SelectorError,
} from '../../src/apimachinery/labels.ts';

const message = (text: string): string => {
  try {
    parseLabelSelector(text);
  } catch (error) {
    assert(error instanceof SelectorError);
    return error.message;
  }
  assert.fail(`${text} was accepted`);
};

describe('a label selector as text', () => {
  const cases: [
    text: string,
    canonical: string,
    matching: Record<string, string>[],
    other: Record<string, string>[],
  ][] = [
    ['', '', [{}, { a: 'b' }], []],
    ['a=b', 'a=b', [{ a: 'b' }], [{}, { a: 'c' }]],
    ['a == b', 'a==b', [{ a: 'b' }], [{ a: 'c' }]],
    ['a!=b', 'a!=b', [{}, { a: 'c' }], [{ a: 'b' }]],
    ['a in (c,b)', 'a in (b,c)', [{ a: 'b' }, { a: 'c' }], [{}, { a: 'd' }]],
    ['a notin (b)', 'a notin (b)', [{}, { a: 'c' }], [{ a: 'b' }]],
    ['a', 'a', [{ a: '' }], [{}]],
    ['!a', '!a', [{}], [{ a: '' }]],
    ['a=', 'a=', [{ a: '' }], [{}, { a: 'b' }]],
    ['x>3,x<5', 'x>3,x<5', [{ x: '4' }], [{ x: '3' }, { x: '5' }, { x: 'four' }, {}]],
    ['z,a', 'a,z', [{ a: '', z: '' }], [{ a: '' }]],
    ['a in (,b)', 'a in (,b)', [{ a: '' }, { a: 'b' }], [{}]],
    ['in in (notin)', 'in in (notin)', [{ in: 'notin' }], [{}]],
    ['example.com/a=b', 'example.com/a=b', [{ 'example.com/a': 'b' }], [{ a: 'b' }]],
  ];
  for (const [text, canonical, matching, other] of cases) {
    it(`${JSON.stringify(text)} matches what it says and prints as ${JSON.stringify(canonical)}`, () => {
      const selector = parseLabelSelector(text);
      assert.equal(formatLabelSelector(selector), canonical);
      for (const labels of matching) assert(selector.matches(labels), JSON.stringify(labels));
      for (const labels of other) assert(!selector.matches(labels), JSON.stringify(labels));
    });
  }

  const wrong: [text: string, words: string][] = [
    ['a=b,', "found '', expected: identifier after ','"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    [
      'a>b',
      "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ];
  for (const [text, words] of wrong) {
    it(`refuses ${JSON.stringify(text)} in upstream's words`, () => assert.equal(message(text), words));
  }

  it('names a bad key with the rule it breaks', () => {
    assert.match(
      message('-a=b'),
      /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/,
    );
    assert.match(message(`a=${'b'.repeat(64)}`), /values\[0\]\[a\]: Invalid value: .*must be no more than 63 bytes/);
  });

  it('reads what it prints', () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const requirement = fc.oneof(
      fc.tuple(name, fc.constantFrom('=', '!=', '=='), name).map((parts) => parts.join('')),
      fc
        .tuple(name, fc.constantFrom(' in ', ' notin '), fc.array(name, { minLength: 1 }))
        .map(([key, operator, values]) => `${key}${operator}(${values.join(',')})`),
      name,
      name.map((key) => `!${key}`),
    );
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 5 }), (requirements) => {
        const once = formatLabelSelector(parseLabelSelector(requirements.join(',')));
        assert.equal(formatLabelSelector(parseLabelSelector(once)), once);
      }),
    );
  });
});

describe('metav1.LabelSelector', () => {
  it('selects nothing when absent and everything when empty', () => {
    assert.equal(matchesLabelSelector(undefined, { a: 'b' }), false);
    assert.equal(matchesLabelSelector({}, { a: 'b' }), true);
    assert.equal(printLabelSelector(undefined), '<none>');
  });

  it('needs all of its labels and expressions', () => {
    const selector = {
      matchLabels: { app: 'x' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn' as const, values: ['db'] }],
    };
    assert.equal(matchesLabelSelector(selector, { app: 'x' }), true);
    assert.equal(matchesLabelSelector(selector, { app: 'x', tier: 'db' }), false);
    assert.equal(matchesLabelSelector(selector, { tier: 'web' }), false);
    assert.equal(printLabelSelector(selector), 'app=x,tier notin (db)');
  });

  it('refuses an operator it does not know', () => {
    const selector = { matchExpressions: [{ key: 'a', operator: 'Near' as 'In' }] };
    assert.throws(() => matchesLabelSelector(selector, {}), {
      message: '"Near" is not a valid label selector operator',
    });
    assert.equal(printLabelSelector(selector), '<error>');
  });

  it('never takes inherited properties for labels', () => {
    assert.equal(parseLabelSelector('toString').matches({}), false);
    assert.equal(matchesLabelMap({ constructor: 'x' }, {}), false);
  });
});
