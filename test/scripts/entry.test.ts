// The entry of the command line in a clone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');

test('a command finds what the set-up put into the clone, after what the machine has', (t) => {
  const clone = mkdtempSync(path.join(tmpdir(), 'clone-'));
  t.after(() => rmSync(clone, { recursive: true }));
  for (const file of ['bin', 'package.json'])
    cpSync(path.join(root, file), path.join(clone, file), { recursive: true });
  for (const folder of ['node_modules', 'src', 'migrations'])
    symlinkSync(path.join(root, folder), path.join(clone, folder));
  mkdirSync(path.join(clone, '.tools/bin'), { recursive: true });
  const tool = path.join(clone, '.tools/bin/nerdctl');
  writeFileSync(tool, '#!/bin/sh\necho "nerdctl of the clone" >&2\nexit 1\n');
  chmodSync(tool, 0o755);
  const { PATH: _, ...env } = process.env;
  const list = spawnSync(
    process.execPath,
    [path.join(clone, 'bin/run.js'), 'image', 'list', '--containerd=/none.sock'],
    {
      env: {
        ...env,
        PATH: '/nonexistent',
        TSUKUBE_DATA_DIR: path.join(clone, 'data'),
        TSUKUBE_RUN_DIR: path.join(clone, 'run'),
      },
      encoding: 'utf8',
    },
  );
  assert.match(list.stdout + list.stderr, /nerdctl of the clone/);
});
