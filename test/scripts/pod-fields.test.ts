// docs/support.md says of every field of a Pod's spec, by a row of its own or by one above it, whether it works.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');

/** Of the generated facts: a field without a name is a struct whose fields are its parent's own. */
interface Facts {
  types: Record<string, { f?: { n?: string; t: string }[] }>;
}

const { types } = JSON.parse(readFileSync(path.join(root, 'src/api/facts/schema.json'), 'utf8')) as Facts;

/** Every path below a type, `[]` for the items of a list. What is no pod's own type (a quantity, a selector) has no parts. */
function pathsOf(type: string, prefix: string): string[] {
  return (types[type]?.f ?? []).flatMap(({ n, t }) => {
    const inner = /#(io\.k8s\.api\.core\.v1\.\w+)/.exec(t)?.[1];
    const below = (place: string) => (inner && !t.startsWith('{') ? pathsOf(inner, place) : []);
    if (n === undefined) return below(prefix);
    const place = prefix === '' ? n : `${prefix}.${n}`;
    return [place, ...below(t.startsWith('[') ? `${place}[]` : place)];
  });
}

const fields = pathsOf('io.k8s.api.core.v1.PodSpec', 'spec');

const section = /^## Pod fields\n(.*?)^## /ms.exec(readFileSync(path.join(root, 'docs/support.md'), 'utf8'))?.[1] ?? '';
const rows = [...section.matchAll(/^\| (`spec[^|]*) \| ([^|]*) \| ([^|]*) ?\|$/gm)].map(
  ([, names = '', state, note = '']) => ({
    names: [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string),
    state,
    note: note.trim(),
  }),
);
const named = rows.flatMap(({ names }) => names);

const isAtOrBelow = (field: string, row: string): boolean =>
  field === row || field.startsWith(`${row}.`) || field.startsWith(`${row}[]`) || `${field}[]` === row;

test('every field of the spec has a row or is below one', () => {
  assert.ok(fields.length > 500, `${fields.length} fields`);
  const parents = (field: string) => named.some((row) => row.startsWith(`${field}.`) || row.startsWith(`${field}[]`));
  const bare = fields.filter((field) => !named.some((row) => isAtOrBelow(field, row)) && !parents(field));
  assert.deepEqual(bare, []);
});

test('every row names fields that there are, once', () => {
  assert.deepEqual(
    named.filter((row) => !fields.some((field) => isAtOrBelow(field, row))),
    [],
  );
  assert.equal(new Set(named).size, named.length);
});

test('what does not simply work has a note', () => {
  for (const { names, state, note } of rows) {
    assert.match(state ?? '', /^(works|differs|missing)$/, names[0]);
    if (state !== 'works') assert.notEqual(note, '', names[0]);
  }
});
