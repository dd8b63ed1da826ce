import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
