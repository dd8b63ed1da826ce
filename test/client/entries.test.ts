// What is published for browsers needs nothing but a browser: no module of Node's, no package, no global of Node's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/exec.ts';

const root = path.join(import.meta.dirname, '../..');
const SPECIFIER =
  /^(?:import|export)\s(?!type\s)[^'"]*?from\s+'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm;

/** Everything but files that is imported at run time from `entry` on: what a bundler would have to find. */
function outside(entry: string): string[] {
  const seen = new Set<string>();
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { groups } of readFileSync(file, 'utf8').matchAll(SPECIFIER)) {
      const to = (groups?.from ?? groups?.bare ?? groups?.dynamic) as string;
      if (to.startsWith('.')) visit(path.join(path.dirname(file), to));
      else found.add(to);
    }
  };
  visit(path.join(root, entry));
  assert.ok(seen.size > 1, `${entry} imports no file`);
  return [...found].sort();
}

test('the entry for browsers imports files of its own and nothing else', () => {
  assert.deepEqual(outside('src/client/index.ts'), []);
});

test('the entry for Node is where its modules are', () => {
  assert.deepEqual(outside('src/client/node.ts'), [
    'execa',
    'node:child_process',
    'node:fs',
    'node:os',
    'node:path',
    'undici',
    'yaml',
  ]);
});

test("the entry for browsers compiles without Node's types, so it uses none of its globals", async () => {
  const tsc = path.join(root, 'node_modules/.bin/tsc');
  await run([tsc, '--project', 'test/client/tsconfig.browser.json'], { cwd: root });
});
