// The documents name what is there: links, paths, folders, decisions, commands.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })];
const names = (folder: string, kind: 'isFile' | 'isDirectory'): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry[kind]())
    .map(({ name }) => name);

for (const document of documents) {
  test(`${document}: its links and paths lead somewhere`, () => {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) =>
      path.join(path.dirname(document), link as string),
    );
    // `src/...` and the like in backticks, without placeholders and brace lists
    const paths = [...text.matchAll(/`((?:src|test|scripts|docs|examples|migrations|bin)\/[\w./-]*)`/g)].map(
      ([, name]) => name as string,
    );
    const absent = [...links, ...paths].filter((name) => !existsSync(path.join(root, name)));
    assert.deepEqual(absent, []);
  });
}

test('docs/architecture.md has a row for each folder of src and no other', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| `(\w+)\/` \|/gm)].map(([, name]) => name);
  assert.deepEqual(rows.toSorted(), names('src', 'isDirectory').toSorted());
});

test('docs/decisions/README.md lists every decision once', () => {
  const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map(([, name]) => name);
  const pages = names('docs/decisions', 'isFile').filter((name) => name !== 'README.md');
  assert.deepEqual(listed.toSorted(), pages.toSorted());
  const numbers = pages.map((name) => name.slice(0, 4));
  assert.equal(new Set(numbers).size, numbers.length, 'two decisions have the same number');
});

test('README.md names every command', () => {
  const text = read('README.md');
  const commands = names('src/commands', 'isFile').filter((name) => {
    return !['index.ts', 'plain-command.ts', 'settings.ts'].includes(name);
  });
  for (const name of commands) assert.match(text, new RegExp(`tsukube ${name.replace('.ts', '')}\\b`), name);
});
