// docs/support.md says something of every API group and version, and of every admission plugin that is on by default.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import bootstrapFacts from '../../src/api/facts/bootstrap.json' with { type: 'json' };
import { builtinDefinitions } from '../../src/api/index.ts';
import { formatGroupVersion } from '../../src/apimachinery/meta.ts';
import { admissionPlugins } from '../../src/apiserver/admission/chain.ts';
import { createCatalogue } from '../../src/apiserver/catalogue.ts';
import { silentLogger } from '../../src/log.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryReader } from '../support/memory-reader.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/support.md'), 'utf8');

/** Rows of the table under a heading: what is named, and its state. */
function rows(heading: string): { names: string[]; state: string }[] {
  const section = page.split(/^#+ /m).find((one) => one.startsWith(`${heading}\n`));
  assert.ok(section, `a section "${heading}"`);
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, names = '', state = '']) => ({ names: names.split(', '), state }));
}

test('every API group and version that is served is named, and no other as served', () => {
  const served = new Set(builtinDefinitions().map(formatGroupVersion));
  const paragraph = /^Served, as upstream.*?\n\n/ms.exec(page)?.[0].split('; and, where a kubelet runs')[0] ?? '';
  assert.deepEqual([...paragraph.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort(), [...served].sort());
});

test('every admission plugin that is on by default is named once, and works exactly when it is in the chain', () => {
  const authorizer = { name: 'none', authorize: () => ({ result: 'noOpinion' as const }) };
  const chain = admissionPlugins({
    reader: memoryReader(),
    catalogue: createCatalogue([]),
    types: { type: () => assert.fail('no type is looked at') },
    log: silentLogger,
    clock: fakeClock(),
    authorizer,
    client: () => assert.fail('nothing is written'),
  });
  const there = new Set(chain.map(({ name }) => name));
  const named = rows('Admission plugins').flatMap(({ names, state }) => names.map((name) => ({ name, state })));
  assert.deepEqual(named.map(({ name }) => name).sort(), [...bootstrapFacts.admission.on, 'NodeRestriction'].sort());
  for (const { name, state } of named) assert.equal(state, there.has(name) ? 'works' : 'missing', name);
});

test('states are one of three, in every table', () => {
  const states = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| [^|]*\| state \|/.test(line))
    .map((line) => line.split('|')[2]?.trim() ?? '');
  assert.deepEqual([...new Set(states)].sort(), ['differs', 'missing', 'works']);
});
