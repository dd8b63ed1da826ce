// A program written with fabric8's Java client. Needs a JDK from 17 on, Maven and, the first time, its repository.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { run } from '../../src/exec.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const folder = mkdtempSync(path.join(tmpdir(), 'clients-'));
let api: TestServer;

before(async () => {
  cpSync(path.join(import.meta.dirname, 'java'), folder, { recursive: true }); // Maven writes beside the source
  await run(['mvn', '--batch-mode', '--quiet', 'compile'], { cwd: folder });
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('fabric8: objects, watches by WebSocket, informers, custom resources, server-side apply, leader election', async () => {
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, api.ca);
  const argv = ['mvn', '--batch-mode', '--quiet', 'exec:java', `-Dexec.args=${api.server.url} ${ca} ${TOKEN}`];
  const { stdout } = await run(argv, { cwd: folder });
  const parts = stripVTControlCharacters(stdout).trim().split('\n'); // Maven resets the colour
  assert.deepEqual(parts, ['objects', 'watches', 'informers', 'custom', 'apply', 'leader']);
});
