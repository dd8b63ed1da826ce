import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogFile } from '../../../../src/kubelet/cri/nerdctl/log-file.ts';

describe('a log file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'log-'));
    file = path.join(directory, 'logs', 'c.json');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const texts = (name = file) =>
    readFileSync(name, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).log as string);

  test('keeps lines whole across chunks, per stream, and characters whole too', () => {
    const log = createLogFile(file, clock);
    const umlaut = Buffer.from('ü');
    log.write('stdout', Buffer.concat([Buffer.from('a'), umlaut.subarray(0, 1)]));
    log.write('stderr', Buffer.from('e\n'));
    log.write('stdout', Buffer.concat([umlaut.subarray(1), Buffer.from('\nb')]));
    log.end('stdout');
    log.end('stderr');
    log.close();
    assert.deepEqual(texts(), ['e\n', 'aü\n', 'b']);
    assert.match(readFileSync(file, 'utf8'), /"time":"2026-01-01T00:00:00\.000000000Z"/);
  });

  test('writes a line without an end in parts', () => {
    const log = createLogFile(file, clock);
    log.write('stdout', Buffer.alloc(40_000, 'x'));
    log.end('stdout');
    log.close();
    assert.equal(texts().join(''), 'x'.repeat(40_000));
  });

  test('starts a new file when one is full and keeps five', () => {
    const log = createLogFile(file, clock, 100);
    for (let i = 0; i < 9; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
    log.close();
    const names = ['c.json', 'c.json.1', 'c.json.2', 'c.json.3', 'c.json.4'];
    assert.deepEqual(readdirSync(path.dirname(file)).sort(), names);
    assert.deepEqual(
      names.map((name) => texts(path.join(path.dirname(file), name))),
      [['line 8\n'], ['line 7\n'], ['line 6\n'], ['line 5\n'], ['line 4\n']],
    );
  });

  test('goes on where an earlier process stopped', () => {
    for (const text of ['one\n', 'two\n']) {
      const log = createLogFile(file, clock);
      log.write('stdout', Buffer.from(text));
      log.close();
    }
    assert.deepEqual(texts(), ['one\n', 'two\n']);
  });
});
