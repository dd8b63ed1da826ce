import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lazily } from '../src/lazily.ts';

test('a module is loaded by the first call, once, and is the one that others import', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lazily-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const loads = globalThis as { lazilyLoaded?: number };
  const text = 'globalThis.lazilyLoaded = (globalThis.lazilyLoaded ?? 0) + 1; export const it = {};';
  writeFileSync(path.join(folder, 'one.ts'), text);
  const one = lazily<{ it: object }>(pathToFileURL(path.join(folder, 'user.ts')).href, './one.ts');
  assert.equal(loads.lazilyLoaded, undefined);
  assert.equal(one().it, one().it);
  const imported = (await import(path.join(folder, 'one.ts'))) as { it: object };
  assert.equal(imported.it, one().it);
  assert.equal(loads.lazilyLoaded, 1);
  delete loads.lazilyLoaded;
});

test('in the package the same name is that of the built file', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lazily-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(path.join(folder, 'one.js'), 'export const it = "built";');
  const one = lazily<{ it: string }>(pathToFileURL(path.join(folder, 'user.js')).href, './one.ts');
  assert.equal(one().it, 'built');
});

test('a start does not load what compiles and runs expressions', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    await import('./src/daemon/server.ts');
    await import('./src/daemon/control-plane.ts');
    console.log(loaded.filter((url) => /src.cel.(parser|checker|program)[.]ts$/.test(url)).length, loaded.length > 300);`;
  const root = path.join(import.meta.dirname, '..');
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(stdout.trim(), '0 true', stderr);
});
