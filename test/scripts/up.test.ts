// What scripts/up and scripts/test refuse, and what they only say. Fakes stand in a tools folder, which both scripts
// put first into PATH; nothing is installed and nothing starts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { OPTIONS } from '../../src/daemon/options.ts';

const scripts = path.join(import.meta.dirname, '../../scripts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'up-'));
  mkdirSync(path.join(folder, 'tools/bin'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const fake = (name: string, body: string): void =>
  writeFileSync(path.join(folder, 'tools/bin', name), `#!/bin/bash\n${body}\n`, { mode: 0o755, flag: 'wx' });

function run(script: string, ...args: string[]) {
  const result = spawnSync(path.join(scripts, script), args, {
    encoding: 'utf8',
    env: { ...process.env, TSUKUBE_TOOLS: path.join(folder, 'tools'), TSUKUBE_DATA_DIR: folder },
  });
  return { code: result.status, out: result.stdout.trim(), error: result.stderr.trim() };
}

describe('scripts/up', () => {
  test('refuses another system than Linux with one sentence', () => {
    fake('uname', 'echo Darwin');
    assert.deepEqual(run('up'), {
      code: 1,
      out: '',
      error: 'tsukube: tsukube runs containers on Linux; this is Darwin',
    });
  });

  test('refuses to run without root with one sentence', () => {
    fake('id', 'echo 1000');
    const error = 'tsukube: containers and network rules need root: run sudo ./scripts/up';
    assert.deepEqual(run('up'), { code: 1, out: '', error });
  });

  test('--help says how it is called and does nothing else', () => {
    const { code, out, error } = run('up', '--help');
    assert.equal(code, 0);
    assert.match(out, /^usage: sudo \.\/scripts\/up \[--detach \| --service\] \[--plan\]/);
    assert.equal(error, '');
  });

  test('refuses a flag that the server does not have before it looks what to install', () => {
    const cases: [args: string[], error: string][] = [
      [['--bogus'], 'there is no flag "--bogus": ./scripts/up --help names those there are'],
      [['--port=6443', '--bogus=1'], 'there is no flag "--bogus": ./scripts/up --help names those there are'],
      [['somewhere'], 'there is no flag "somewhere": ./scripts/up --help names those there are'],
      [['--detach', '--port'], '--port needs a value'],
    ];
    fake('id', 'echo 0');
    fake('node', 'echo 18');
    for (const [args, error] of cases) {
      assert.deepEqual(run('up', ...args), { code: 1, out: '', error: `tsukube: ${error}` });
    }
    assert.deepEqual(readdirSync(path.join(folder, 'tools')), ['bin']);
  });

  test('knows every setting of the server, with its value behind = or a space', () => {
    fake('id', 'echo 0');
    fake('node', 'echo 18');
    for (const name of ['config', ...Object.keys(OPTIONS)]) {
      assert.equal(run('up', '--plan', `--${name}`, folder).code, 0, name);
      assert.equal(run('up', '--plan', `--${name}=${folder}`).code, 0, name);
    }
    assert.equal(run('up', '--plan', '--description', folder).code, 1);
  });

  test('--plan names what would be installed and installs nothing', () => {
    fake('id', 'echo 0');
    fake('node', 'echo 18');
    fake('apt-get', 'exit 1');
    const { code, out } = run('up', '--plan');
    assert.equal(code, 0);
    assert.match(out, /^Node 24\.\d+\.\d+ \(into .*tools, from the npm package that ships it\)/);
  });
});

describe('scripts/test', () => {
  test('refuses the whole suite without root and names the way out', () => {
    fake('id', 'echo 1000');
    const { code, error } = run('test');
    assert.equal(code, 1);
    assert.match(error, /needs root: use sudo, or run \.\/scripts\/test quick$/);
  });

  test('refuses a mode that it does not have', () => {
    const { code, error } = run('test', 'qiuck');
    assert.equal(code, 1);
    assert.match(
      error,
      /^tsukube: usage: \.\/scripts\/test \[quick \| clients \| soak \| FILE\.test\.ts …\] \(not "qiuck"\)$/,
    );
  });

  test('refuses a file that is not there, and more than one mode, before it looks what to install', () => {
    fake('node', 'echo 18');
    assert.deepEqual(run('test', 'test/nosuch.test.ts'), {
      code: 1,
      out: '',
      error: 'tsukube: there is no test file "test/nosuch.test.ts"',
    });
    assert.deepEqual(run('test', 'quick', 'clients'), {
      code: 1,
      out: '',
      error: 'tsukube: "quick" takes no further arguments (not "clients")',
    });
    assert.deepEqual(readdirSync(path.join(folder, 'tools')), ['bin']);
  });
});
