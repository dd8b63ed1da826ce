// The lists of known faults are complete: each has a test that names it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Rows of shared/storage.md 2.2. */
const KINE = [...'abcdefghijklmnop'];
/** etcd-io/etcd tests/robustness/README.md, without what is about authentication or several members. */
const ETCD = '13766 14370 14685 15220 15271 17247 17529 17780 18089 18667 19179 20221'.split(' ');

const titles = globSync('**/*.test.ts', { cwd: import.meta.dirname }).flatMap((file) => {
  const text = readFileSync(path.join(import.meta.dirname, file), 'utf8');
  return [...text.matchAll(/\bit\(\s*'(.*)'/g)].map(([, title]) => title as string);
});

const without = (ids: readonly string[], pattern: (id: string) => RegExp) =>
  ids.filter((id) => !titles.some((title) => pattern(id).test(title)));

test('every fault of kine has a test', () => {
  assert.deepEqual(
    without(KINE, (row) => new RegExp(`\\(2\\.2 ${row}[):]`)),
    [],
  );
});

test('every fault of etcd has a test', () => {
  assert.deepEqual(
    without(ETCD, (number) => new RegExp(`\\(.*etcd#${number}\\b.*\\)`)),
    [],
  );
});
