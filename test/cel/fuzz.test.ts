// Any text has an outcome: what is wrong with it is told, never thrown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outcomeOf } from './outcome.ts';

const WORDS = (
  "self oldSelf authorizer x y 1 2.5 -3 0x1F 7u true false null 'a' \"b\" b'c' r'd\\' '''e''' ( ) [ ] { } , . ? : ! - + * / % " +
  '== != < <= > >= && || in has( .all(x, .exists(x, .map(x, .filter(x, .exists_one(x, .all(i,v, .transformMap(k,v, .size() ' +
  ".matches('a+') .startsWith('a') .optMap(x, .orValue(1) .a .?b [?0] string( int( double( duration('1s') " +
  "timestamp('2024-01-01T00:00:00Z') quantity('1Gi') ip('10.0.0.1') cidr('10.0.0.0/8') url('https://a.b') semver('1.2.3') " +
  "lists.range(3) .sort() .distinct() .flatten() .join(',') .split('') .format([ type( dyn( optional.of( sets.contains( " +
  'format.dns1123Label() .validate( .value() .sum() .indexOf( Object{ Object.spec{ a: // \\ ` # @ \n \u{1f600}'
).split(' ');

const program = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ maxLength: 4 })), {
  maxLength: 24,
});
const data = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ a: [1, 2.5, 'b', null], b: { c: true } }));

test('random expressions have an outcome', () => {
  fc.assert(
    fc.property(program, data, (words, self) => {
      const { compile, program: unready, cost } = outcomeOf({ expr: words.join(''), self, oldSelf: self });
      assert.ok(compile ?? unready ?? cost);
    }),
    { numRuns: 6_000 },
  );
});

/** Well-formed more often than not. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      'self',
      'self.a',
      "self['b']",
      '1',
      '-1',
      '2.0',
      "'a'",
      "b'a'",
      'true',
      'null',
      '[]',
      '{}',
      "duration('1h')",
    ),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '%', '==', '<', '&&', '||', 'in'),
        tie('expression'),
      )
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter', 'optMap'),
        tie('expression'),
      )
      .map(([a, fn, b]) => `${a}.${fn}(self, ${b})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc
      .tuple(
        fc.constantFrom('dyn', 'string', 'int', 'size', 'type', 'double', 'quantity', 'ip', 'optional.of'),
        tie('expression'),
      )
      .map(([fn, a]) => `${fn}(${a})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `dyn(${a})[${b}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{${a}: ${b}}`),
    fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  ),
}));

test('random expressions that make sense have one, too, twice the same', () => {
  let ran = 0;
  fc.assert(
    fc.property(expression, data, (expr, self) => {
      const outcome = outcomeOf({ expr, self, oldSelf: self });
      if (outcome.cost !== undefined) ran++;
      assert.ok(outcome.compile ?? outcome.program ?? outcome.cost);
      assert.deepEqual(outcomeOf({ expr, self, oldSelf: self }), outcome);
    }),
    { numRuns: 4_000 },
  );
  assert.ok(ran > 500, `only ${ran} ran`);
});
