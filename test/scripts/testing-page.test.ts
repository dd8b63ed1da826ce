// docs/testing.md names tests that there are.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/testing.md'), 'utf8');
const [, , ...rows] = page.split('\n').filter((line) => line.startsWith('|'));

const fileOf = (name: string) => path.join(root, 'test', `${name}.test.ts`);

for (const row of rows) {
  const [, part = row, tests = ''] = /^\| ([^|]+) \| ([^|]+) \|$/.exec(row) ?? [];
  test(`the tests of: ${part}`, () => {
    const files = [...tests.matchAll(/`([\w/-]+)`/g)];
    assert.ok(files.length > 0, 'a row names a test');
    for (const [, file = ''] of files) assert.ok(existsSync(fileOf(file)), file);
    for (const [, file = '', title = ''] of tests.matchAll(/`([\w/-]+)` "([^"]+)"/g)) {
      const source = readFileSync(fileOf(file), 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(title), `${file} has no test "${title}"`);
    }
  });
}
