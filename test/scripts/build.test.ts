// The built package, packed by npm and unpacked elsewhere: it starts, finds its worker and its facts, and names every
// package it imports. Dependencies come from this clone, so that no registry is asked.
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('it holds the text files, and no TypeScript but types', () => {
  const files = globSync('**/*', { cwd: installed, exclude: ['node_modules/**'] });
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'npm-shrinkwrap.json', 'examples/guestbook/web.yaml']) {
    assert.ok(files.includes(name), `${name} is missing`);
  }
  assert.deepEqual(
    files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
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

test('its client is imported by name, with types that a strict consumer in a browser or Node compiles', async () => {
  const consumer = path.join(folder, 'consumer');
  mkdirSync(path.join(consumer, 'node_modules'), { recursive: true });
  symlinkSync(installed, path.join(consumer, 'node_modules/tsukube'));
  writeFileSync(path.join(consumer, 'package.json'), '{ "type": "module" }');
  const page = `
    import { createClient, createInformers, fetchTransport, pods, resourceType, type Transport } from 'tsukube/client';
    import type { CronJob } from 'tsukube/client/types/batch/v1';
    const transport: Transport = fetchTransport({ server: 'http://127.0.0.1:1' });
    const cronJobs = resourceType<CronJob>('batch/v1', 'cronjobs', 'CronJob');
    const phase: string | undefined = createInformers({ client: createClient(transport) }).for(pods).lister.list()[0]?.status?.phase;
    export async function schedules(): Promise<(string | undefined)[]> {
      const { items } = await createClient(transport).list(cronJobs, { namespace: 'default' });
      return [phase, ...items.map(({ spec }) => spec.schedule)];
    }`;
  const server = `
    import { connect, httpsTransport } from 'tsukube/client/node';
    export const name: string = (await connect({ file: 'kubeconfig' })).namespace + typeof httpsTransport;`;
  writeFileSync(path.join(consumer, 'page.ts'), page);
  writeFileSync(path.join(consumer, 'server.ts'), server);
  const tsc = [path.join(root, 'node_modules/.bin/tsc'), '--noEmit', '--strict', '--target', 'es2024'];
  const nodenext = ['--module', 'nodenext'];
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler'];
  for (const [file, lib, resolution] of [
    ['page.ts', 'es2024,dom', bundler],
    ['page.ts', 'es2024,dom', nodenext],
    ['server.ts', 'es2024,dom', nodenext],
  ] as const) {
    await run([...tsc, '--types', '', '--lib', lib, ...resolution, file], { cwd: consumer });
  }
  const wrong = page.replace('spec.schedule', 'spec.scheduled');
  writeFileSync(path.join(consumer, 'page.ts'), wrong);
  await assert.rejects(run([...tsc, '--types', '', '--lib', 'es2024,dom', ...nodenext, 'page.ts'], { cwd: consumer }));
  const names = "Object.keys({ ...(await import('tsukube/client')), ...(await import('tsukube/client/node')) }).join()";
  const { stdout } = await run([process.execPath, '--input-type=module', '-e', `console.log(${names})`], {
    cwd: consumer,
  });
  for (const name of ['createClient', 'createInformers', 'fetchTransport', 'webSocketTransport', 'pods', 'connect']) {
    assert.ok(stdout.trim().split(',').includes(name), `${name} is not exported`);
  }
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
