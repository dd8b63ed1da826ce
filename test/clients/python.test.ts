// A program written with the official Python client. Needs Python 3 and, the first time, its package index.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { run } from '../../src/exec.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const source = path.join(import.meta.dirname, 'python');
const folder = mkdtempSync(path.join(tmpdir(), 'clients-'));
const python = path.join(folder, 'venv/bin/python');
let api: TestServer;

before(async () => {
  await run(['python3', '-m', 'venv', path.join(folder, 'venv')]);
  await run([python, '-m', 'pip', 'install', '--quiet', '-r', path.join(source, 'requirements.txt')]);
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the Python client: objects, pages, watches, custom resources, server-side apply', async () => {
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, api.ca);
  const { stdout } = await run([python, path.join(source, 'client.py'), api.server.url, ca, TOKEN]);
  assert.deepEqual(stdout.trim().split('\n'), ['objects', 'pages', 'watches', 'custom', 'apply']);
});
