// Colours and pager only on a terminal; a question is answered with yes or not at all.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { isAgreed } from '../../../src/commands/terminal/ask.ts';
import { page, pagerFor, paintFor, type Terminal } from '../../../src/commands/terminal/page.ts';

function terminal(parts: Partial<Terminal> = {}): Terminal & { written: string } {
  const one = {
    isTTY: true,
    rows: 3,
    written: '',
    write(text: string) {
      one.written += text;
    },
    ...parts,
  };
  return one;
}

test('colours are for terminals that have them, and for who wants them', () => {
  const coloured = (parts: Partial<Terminal>, env: Record<string, string>) =>
    paintFor(terminal(parts), env)('red', 'x') !== 'x';
  assert.equal(coloured({}, {}), true);
  assert.equal(coloured({ isTTY: undefined }, {}), false);
  assert.equal(coloured({}, { NO_COLOR: '1' }), false);
  assert.equal(coloured({}, { NO_COLOR: '' }), true);
  assert.equal(coloured({}, { TERM: 'dumb' }), false);
});

test('what is longer than the screen is paged on a terminal', () => {
  const lines = ['1', '2', '3'];
  assert.equal(pagerFor(lines, terminal(), {}), 'less -R');
  assert.equal(pagerFor(lines, terminal(), { PAGER: 'more' }), 'more');
  assert.equal(pagerFor(lines, terminal(), { PAGER: '' }), undefined);
  assert.equal(pagerFor(lines, terminal(), { PAGER: 'cat' }), undefined);
  assert.equal(pagerFor(lines, terminal({ rows: 4 }), {}), undefined);
  assert.equal(pagerFor(lines, terminal({ rows: 0 }), {}), undefined);
  assert.equal(pagerFor(lines, terminal({ isTTY: false }), {}), undefined);
});

test('the pager gets the lines; without one they are written', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'paged');
  const lines = ['1', '2', '3'];
  const paged = terminal();
  await page(lines, paged, { PAGER: `cat > ${file}` });
  assert.deepEqual([readFileSync(file, 'utf8'), paged.written], ['1\n2\n3\n', '']);
  for (const env of [{ PAGER: '/no/such/pager 2>/dev/null' }, { PAGER: '' }]) {
    const direct = terminal();
    await page(lines, direct, env);
    assert.equal(direct.written, '1\n2\n3\n');
  }
});

test('who leaves the pager early does no harm', async () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}`);
  const one = terminal();
  await page(lines, one, { PAGER: 'true' });
  assert.equal(one.written, '');
});

for (const [reply, expected] of [
  ['y\n', true],
  ['YES\n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  [undefined, false],
] as const) {
  test(`${JSON.stringify(reply) ?? 'the end of input'} is ${expected ? 'yes' : 'no'}`, async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const agreed = isAgreed('Do it? ', { input, output });
    input.end(reply ?? '');
    assert.equal(await agreed, expected);
    assert.match(String(output.read()), /^Do it\? /);
  });
}
