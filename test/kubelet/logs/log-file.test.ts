import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogFile } from '../../../src/kubelet/logs/log-file.ts';

describe('a log file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'log-'));
    file = path.join(directory, 'logs', '0.log');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const TIME = '2026-01-01T00:00:00.000000000Z';
  const lines = (name = file) => readFileSync(name, 'utf8').trimEnd().split('\n');

  test('keeps lines whole across chunks, per stream, and characters whole too', () => {
    const log = createLogFile(file, clock);
    const umlaut = Buffer.from('ü');
    log.write('stdout', Buffer.concat([Buffer.from('a'), umlaut.subarray(0, 1)]));
    log.write('stderr', Buffer.from('e\n'));
    log.write('stdout', Buffer.concat([umlaut.subarray(1), Buffer.from('\n\nb')]));
    log.end('stdout');
    log.end('stderr');
    log.close();
    assert.deepEqual(lines(), [`${TIME} stderr F e`, `${TIME} stdout F aü`, `${TIME} stdout F `, `${TIME} stdout F b`]);
  });

  for (const [name, chunks] of [
    ['at once', [`${'x'.repeat(40_000)}\n`]],
    ['bit by bit', [...Array.from({ length: 40 }, () => 'x'.repeat(1_000)), '\n']],
    ['without an end', ['x'.repeat(40_000)]],
  ] as const) {
    test(`writes a long line that comes ${name} in parts`, () => {
      const log = createLogFile(file, clock);
      for (const chunk of chunks) log.write('stdout', Buffer.from(chunk));
      log.end('stdout');
      log.close();
      assert.deepEqual(
        lines().map((line) => [line.split(' ')[2], line.length - `${TIME} stdout P `.length]),
        [
          ['P', 16_384],
          ['P', 16_384],
          ['F', 7_232],
        ],
      );
    });
  }

  test('starts a new file when one is full and keeps five', () => {
    const log = createLogFile(file, clock, { maxBytes: 40, maxFiles: 5 });
    for (let i = 0; i < 9; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
    log.close();
    const texts = readdirSync(path.dirname(file))
      .sort()
      .map((name) => [
        name,
        readFileSync(path.join(path.dirname(file), name), 'utf8')
          .split(' ')
          .slice(3)
          .join(' '),
      ]);
    assert.deepEqual(texts, [
      ['0.log', ''],
      ['0.log.1', 'line 8\n'],
      ['0.log.2', 'line 7\n'],
      ['0.log.3', 'line 6\n'],
      ['0.log.4', 'line 5\n'],
    ]);
  });

  test('goes on where an earlier process stopped', () => {
    for (const text of ['one\n', 'two\n']) {
      const log = createLogFile(file, clock);
      log.write('stdout', Buffer.from(text));
      log.close();
    }
    assert.deepEqual(lines(), [`${TIME} stdout F one`, `${TIME} stdout F two`]);
  });
});
