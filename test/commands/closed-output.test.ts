// Whoever reads what a command prints may stop at any time: `tsukube … | head`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { run } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';

const PROGRAM = path.join(import.meta.dirname, '../../bin/run.js');
const folder = await mkdtemp(path.join(tmpdir(), 'tsk-'));
after(() => rm(folder, { recursive: true }));

/** With nobody who reads its stdout. */
function started(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return { child, exited: once(child, 'close') as Promise<[number | null]>, complaint: () => complaint };
}

describe('a command whose output nobody reads any more', () => {
  for (const args of [['--help'], ['store', 'stats', '--help'], ['version']]) {
    test(`ends as by SIGPIPE and says nothing: ${args.join(' ')}`, async () => {
      const { exited, complaint } = started(args);
      assert.deepEqual([(await exited)[0], complaint()], [141, '']);
    });
  }

  test('is not a server, which goes on', { timeout: 60_000 }, async () => {
    const port = 18_000 + (process.pid % 1_000); // below those that the kernel gives to connections
    const env = {
      TSUKUBE_DATA_DIR: path.join(folder, 'data'),
      TSUKUBE_RUN_DIR: path.join(folder, 'run'),
      TSUKUBE_WRITE_KUBECONFIG: path.join(folder, 'kubeconfig'),
    };
    const { child, exited } = started(['server', '--components=apiserver', `--port=${port}`], env);
    try {
      await eventually('the server', () => existsSync(path.join(folder, 'run/server.json')), { timeoutMs: 30_000 });
      const status = () => run([process.execPath, PROGRAM, 'store', 'stats'], { env }).then(({ stdout }) => stdout);
      await eventually('its answer', async () => /since the server started/.test(await status()), {
        timeoutMs: 20_000,
      });
      assert.equal(child.exitCode, null);
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual((await exited).slice(0, 1), [0]);
  });
});
