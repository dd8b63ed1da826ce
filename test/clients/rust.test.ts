// A program written with kube-rs. Needs Cargo and, the first time, its registry; compiling takes minutes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { run } from '../../src/exec.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const folder = mkdtempSync(path.join(tmpdir(), 'clients-'));
/** CARGO_TARGET_DIR keeps what was compiled for the next time. */
const target = process.env.CARGO_TARGET_DIR ?? path.join(folder, 'target');
let api: TestServer;

before(async () => {
  const manifest = path.join(import.meta.dirname, 'rust/Cargo.toml');
  await run(['cargo', 'build', '--quiet', '--locked', '--manifest-path', manifest, '--target-dir', target]);
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('kube-rs: objects, reflectors by pages and by stream, custom resources, a controller, server-side apply', async () => {
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, api.ca);
  const { stdout } = await run([path.join(target, 'debug/client'), api.server.url, ca, TOKEN]);
  assert.deepEqual(stdout.trim().split('\n'), ['objects', 'reflectors', 'custom', 'controller', 'apply']);
});
