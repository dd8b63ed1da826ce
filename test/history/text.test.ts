// What is written: columns, values, colours; nothing that a terminal obeys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../src/apimachinery/meta.ts';
import { tableLines } from '../../src/history/table.ts';
import { changeLine, colours, columns, plain, printable, short, summary } from '../../src/history/text.ts';

test('columns stand under each other; colours do not count', () => {
  const rows = [
    ['A', 'LONG', 'C'],
    ['1', { text: 'x', style: 'red' as const }, 'last one'],
    ['22', 'yy', ''],
  ];
  assert.deepEqual(columns(rows), ['A    LONG   C', '1    x      last one', '22   yy']);
  assert.equal(columns(rows, colours)[1], '1    \u001b[31mx      \u001b[39mlast one');
});

test('control characters are shown as what they are, and lines of cells are one', () => {
  assert.equal(printable('a\u001b[2Jb\u009bc\td'), 'a\\x1b[2Jb\\x9bc\td');
  assert.deepEqual(columns([['a\nb\u0007', 'x']]), ['a b\\x07   x']);
});

const VALUES: readonly [Json | undefined, string][] = [
  ['nginx:1', 'nginx:1'],
  ['1', '"1"'],
  ['true', '"true"'],
  [1, '1'],
  [null, 'null'],
  ['two words', '"two words"'],
  ['\u001b[31m', '"\\u001b[31m"'],
  [{ a: 1 }, '{"a":1}'],
  [undefined, 'nothing'],
  ['x'.repeat(100), `${'x'.repeat(59)}…`],
];
for (const [value, text] of VALUES) {
  test(`${JSON.stringify(value)?.slice(0, 20)} is ${text.slice(0, 20)}`, () => assert.equal(short(value), text));
}

test('changes in a line each, or a few in one', () => {
  assert.equal(changeLine({ op: 'add', path: '.a', to: 1 }), '+.a: 1');
  assert.equal(changeLine({ op: 'remove', path: '.a', from: 'x' }), '-.a: x');
  assert.equal(changeLine({ op: 'replace', path: '.a', from: 1, to: 2 }), '.a: 1 → 2');
  const many = [1, 2, 3, 4, 5].map((n) => ({ op: 'add' as const, path: `.a${n}`, to: n }));
  assert.equal(summary(many), '+.a1: 1, +.a2: 2, +.a3: 3, and 2 more');
});

test('tables have the columns of their width, and namespaces when asked for', () => {
  const table = {
    columns: [
      { name: 'Name', priority: 0 },
      { name: 'Images', priority: 1 },
    ],
    rows: [{ cells: ['a', 'x'], namespace: 'n' }],
  };
  assert.deepEqual(tableLines(table, { wide: false, namespaces: true, paint: plain }), [
    'NAMESPACE   NAME',
    'n           a',
  ]);
  assert.deepEqual(tableLines(table, { wide: true, namespaces: false, paint: plain }), ['NAME   IMAGES', 'a      x']);
});
