import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemClock as clock } from '../../../src/clock.ts';
import { containerdConfig, startContainerd, stopContainerd } from '../../../src/kubelet/cri/containerd-process.ts';
import { silentLogger as log } from '../../../src/log.ts';
import { subjects } from './harness.ts';

test('the configuration quotes paths and leaves the CRI plugin out', () => {
  const text = containerdConfig({ root: '/a "b"', state: '/s', socket: '/s/c.sock' });
  assert.match(text, /^version = 2\nroot = "\/a \\"b\\"\/root"\n/);
  assert.match(text, /disabled_plugins = \["io\.containerd\.grpc\.v1\.cri"/);
});

describe('containerd as a process', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'ctd-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const options = () => ({ dataDir: path.join(directory, 'data'), runDir: path.join(directory, 'run'), clock, log });

  test('a program that is not there is one sentence that says what to do', async () => {
    await assert.rejects(startContainerd({ ...options(), binary: '/nonexistent/containerd' }), {
      message: /^cannot start \/nonexistent\/containerd: .*; install containerd or set its path$/,
    });
  });

  test('one that ends while starting is told with its last words', async () => {
    await assert.rejects(startContainerd({ ...options(), binary: 'false' }), /containerd ended with 1 while starting/);
  });

  test('one that was killed and is not gone yet is waited for, and another is started', async () => {
    const dying = spawn('sleep', ['0.3']);
    const stat = readFileSync(`/proc/${dying.pid}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const run = path.join(directory, 'run', 'containerd');
    mkdirSync(run, { recursive: true });
    writeFileSync(path.join(run, 'containerd.pid'), JSON.stringify({ pid: dying.pid, startTicks }));
    const starting = startContainerd({ ...options(), binary: 'false' });
    await assert.rejects(starting, /containerd ended with 1 while starting/);
  });

  test('a socket path that Linux cannot bind is refused before anything is made', async () => {
    const runDir = path.join(directory, 'x'.repeat(100));
    await assert.rejects(startContainerd({ ...options(), runDir }), /is too long for Linux/);
  });

  const unavailable = subjects.find((s) => s.name === 'nerdctl')?.unavailable ?? false;
  test('it is started once, adopted by the next start, and gone after stop', { skip: unavailable }, async () => {
    const first = await startContainerd(options());
    try {
      assert.equal(first.adopted, false);
      const pidFile = path.join(directory, 'run', 'containerd', 'containerd.pid');
      const before = readFileSync(pidFile, 'utf8');
      const second = await startContainerd(options());
      assert.deepEqual(second, { address: first.address, adopted: true });
      assert.equal(readFileSync(pidFile, 'utf8'), before);
    } finally {
      assert.equal(await stopContainerd(options()), true);
    }
    assert.equal(await stopContainerd(options()), false);
    await assert.rejects(
      new Promise((resolve, reject) => net.connect(first.address).once('connect', resolve).once('error', reject)),
    );
  });
});
