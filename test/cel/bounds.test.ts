// What must not take the server's time or memory: expressions made to be hard to read, to judge or to run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from './outcome.ts';

const repeat = (text: string, times: number): string => text.repeat(times);
const nested = (open: string, inner: string, close: string, depth: number): string =>
  repeat(open, depth) + inner + repeat(close, depth);

const LONG = 100_000;
const filled = (unit: string, end: string): string => repeat(unit, Math.floor((LONG - end.length) / unit.length)) + end;

const HARD: Record<string, string> = {
  'open parentheses': repeat('(', LONG),
  'open brackets': repeat('[', LONG),
  'closed parentheses': nested('(', '1', ')', 49_000),
  negations: filled('!', 'true'),
  minuses: filled('-', '1'),
  'a long sum': filled('1+', '1'),
  'a long and': filled('true&&', 'true'),
  'a long conditional': filled('true?1:', '1'),
  'a long conditional to the left': nested('(', 'true', '?true:true)', 7_000),
  'a long selection': `self${repeat('.a', 40_000)}`,
  'a long index': `self${repeat('[0]', 30_000)}`,
  'deep lists': nested('[', '1', ']', 49_000),
  'deep maps': nested('{1:', '1', '}', 24_000),
  'deep calls': nested('size(', "'a'", ')', 16_000),
  'deep macros': nested('[1].all(x,', 'true', ')', 9_000),
  'macros in macros': nested('[1,2,3,4,5,6,7,8].map(x,', 'x', ')', 40),
  'chained macros': `[1]${repeat('.map(x,x)', 11_000)}`,
  'chained optional macros': `optional.of(1)${repeat('.optMap(x,x)', 8_000)}`,
  'chained flat optional macros': `optional.of(1)${repeat('.optFlatMap(x,optional.of(x))', 3_000)}`,
  'a few optional macros': `optional.of(1)${repeat('.optMap(x,x)', 40)}`,
  'a long string': `'${repeat('a', LONG - 10)}' == ''`,
  'a string that does not end': `'${repeat('a', LONG - 10)}`,
  'many strings that do not end': repeat('\n"', 40_000),
  'a long number': repeat('9', LONG),
  'a long name': repeat('a', LONG),
  'many errors': repeat('#', LONG),
  'many unknown names': `[${repeat('a,', 40_000)}a]`,
  'text that is too long': repeat('a', LONG + 1),
  'strings that grow': `'a'${repeat(".replace('a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", 12)}.size() > 0`,
  'strings that double': `[${repeat('0,', 60)}0].map(x, 'a')${repeat('.map(x, x+x)', 60)}.size() > 0`,
  'lists that grow': `[[0,0,0,0,0,0,0,0]]${repeat('.map(x, x+x+x+x+x+x+x+x)', 20)}.size() > 0`,
  'lists of lists of lists': `[0,0,0,0,0,0,0,0,0,0]${repeat('.map(x,[x,x,x,x,x,x,x,x,x,x]).flatten()', 12)}.size() > 0`,
  'a long range': 'lists.range(9223372036854775807).size() > 0',
  'ranges of ranges': 'lists.range(1000).map(x, lists.range(1000)).map(x, x).size() > 0',
  'nested loops': nested('lists.range(1000).all(x, ', 'true', ')', 8),
  'a comparison of long lists':
    'lists.range(1000).map(x, lists.range(1000)) == lists.range(1000).map(x, lists.range(1000))',
  'a sort': 'lists.range(500000).reverse().sort().size() > 0',
  'sorts in a loop': 'lists.range(1000).map(x, lists.range(1000).reverse().sort()).size() > 0',
  'distinct values': 'lists.range(100000).distinct().size() > 0',
  'a set': 'sets.contains(lists.range(100000), lists.range(100000))',
  'a join': "lists.range(100000).map(x, 'aaaaaaaaaaaaaaaaaaaaaaaa').join('aaaaaaaaaaaaaaaaaaaaa').size() > 0",
  'a pattern with repeats': "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(((a{1,30}){1,30}){1,30})$')",
  'a pattern that backtracks elsewhere': `'${repeat('a', 5_000)}b'.matches('^(a+)+$')`,
  'a long pattern': `'a'.matches('${repeat('(a|b)*', 15_000)}')`,
  'a pattern of many parentheses': `'a'.matches('${nested('(', 'a', ')', 45_000)}')`,
  'patterns in a loop': "lists.range(100000).map(x, string(x)).all(x, x.matches(x + '(a+)+'))",
  'a precision': "'%.1000000000f'.format([1.0]) == ''",
  'a width': "'%1000000000d'.format([1]) == ''",
  'a quantity': "quantity('1e999999999').isGreaterThan(quantity('1'))",
  'a long quantity': `quantity('${repeat('9', 50_000)}').isInteger()`,
  'a duration': `duration('${repeat('9', 50_000)}s') == duration('1s')`,
  'an integer from text': `int('${repeat('9', 50_000)}') == 1`,
  'a split': `'${repeat('a,', 40_000)}'.split(',').map(x, x.split('')).size() > 0`,
  'products of products': `9223372036854775807${repeat('*9223372036854775807', 1_000)} == 1`,
  'timestamps in a loop':
    "lists.range(100000).all(x, timestamp('2024-01-01T00:00:00Z').getFullYear('America/New_York') > 0)",
  'a dozen optional macros': `optional.of(1)${repeat('.optMap(x,x)', 12)}`,
  'time zones in a loop':
    "lists.range(10000).all(x, ['Asia/Tokyo','ASIA/Tokyo','Africa/Cairo','no/zone'].all(z, timestamp(x).getFullYear(z) > 0 || z != ''))",
  'addresses in a loop': "lists.range(100000).all(x, cidr('10.0.0.0/8').containsIP(ip('10.1.2.3')))",
};

const LIMIT_MS = 4_000;
const LIMIT_BYTES = 900 * 1024 * 1024;

for (const [what, expr] of Object.entries(HARD)) {
  test(`${what} ends soon`, () => {
    const began = performance.now();
    const before = process.memoryUsage().rss;
    const outcome = outcomeOf({ expr, self: {} });
    const ms = performance.now() - began;
    const grown = process.memoryUsage().rss - before;
    assert.ok(outcome.compile ?? outcome.program ?? outcome.cost, 'there is an outcome');
    if (process.env.SHOW)
      console.log(what, Math.round(ms), Math.round(grown / 1e6), JSON.stringify(outcome).slice(0, 150));
    assert.ok(ms < LIMIT_MS, `it took ${Math.round(ms)} ms`);
    assert.ok(grown < LIMIT_BYTES, `it took ${Math.round(grown / 1e6)} MB`);
  });
}
