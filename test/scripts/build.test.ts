// The built package, packed by npm and unpacked elsewhere: it starts, finds its worker and its facts, and names every
// package it imports. Dependencies come from this clone, so that no registry is asked.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { get } from 'node:https';
import { builtinModules } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';

const root = path.join(import.meta.dirname, '../..');
let folder: string;
let installed: string;
let program: string;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'build-'));
  const built = path.join(folder, 'built');
  await run([process.execPath, 'scripts/build.ts', built], { cwd: root });
  const { stdout } = await run(['npm', 'pack', '--json', '--pack-destination', folder], { cwd: built });
  const [packed] = JSON.parse(stdout) as [{ filename: string }];
  await run(['tar', '-xzf', path.join(folder, packed.filename), '-C', folder]);
  installed = path.join(folder, 'package');
  symlinkSync(path.join(root, 'node_modules'), path.join(installed, 'node_modules'));
  program = path.join(installed, 'bin/run.js');
});
after(() => rmSync(folder, { recursive: true }));

test('it tells its version', async () => {
  const { stdout } = await run([process.execPath, program, 'version']);
  assert.match(stdout, /^tsukube \d+\.\d+\.\d+\nkubernetes v1\.36\.\d+\n/);
});

test('it holds the text files and no TypeScript', () => {
  const files = globSync('**/*', { cwd: installed, exclude: ['node_modules/**'] });
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'npm-shrinkwrap.json', 'examples/guestbook/web.yaml']) {
    assert.ok(files.includes(name), `${name} is missing`);
  }
  assert.deepEqual(
    files.filter((file) => file.endsWith('.ts')),
    [],
  );
});

test('every package it imports is a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const missing = new Set<string>();
  for (const file of globSync(['src/**/*.js', 'migrations/**/*.js', 'bin/*.js'], { cwd: installed })) {
    const text = readFileSync(path.join(installed, file), 'utf8');
    for (const match of text.matchAll(
      /^(?:import|export) [^'"]*?from '([^'.][^']*)'|^import '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
    )) {
      const specifier = match[1] ?? match[2] ?? match[3] ?? '';
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (!name.startsWith('node:') && !builtinModules.includes(name) && !(name in dependencies))
        missing.add(`${name} (${file})`);
    }
  }
  assert.deepEqual([...missing], []);
});

test('its server answers, with the store on disk', { timeout: 60_000 }, async () => {
  const port = await freePort();
  const place = path.join(folder, 'server');
  const server = spawn([
    process.execPath,
    program,
    'server',
    '--components=apiserver',
    `--data-dir=${place}/data`,
    `--run-dir=${place}/run`,
    `--write-kubeconfig=${place}/kubeconfig`,
    `--port=${port}`,
  ]);
  let printed = '';
  server.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  server.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => {
    server.once('exit', resolve);
  });
  try {
    await eventually('200 of /readyz', () => ready(port), { timeoutMs: 30_000, everyMs: 50 });
    await eventually('the word that it is up', () => printed.includes(' is up: '), { timeoutMs: 30_000 });
  } finally {
    server.kill('SIGTERM');
  }
  assert.equal(await ended, 0, printed);
});

const ready = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    get({ port, path: '/readyz', rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
