import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { readLog } from '../../src/kubelet/server/log-reader.ts';

const line = (second: number, log: string, stream = 'stdout') =>
  `${JSON.stringify({ log, stream, time: `2026-01-01T00:00:0${second}.000000000Z` })}\n`;

const never = new AbortController().signal;
const over = AbortSignal.abort();

async function all(file: string, options: object): Promise<string> {
  let result = '';
  const log = { follow: false, timestamps: false, ...options };
  for await (const part of readLog(file, log, { ended: over, signal: never })) result += part;
  return result;
}

for (const { what, options, expected } of [
  { what: 'all of a log', options: {}, expected: 'a\nb\nc\nparted\n' },
  { what: 'the last lines', options: { tailLines: 2 }, expected: 'c\nparted\n' },
  { what: 'no lines', options: { tailLines: 0 }, expected: '' },
  { what: 'more lines than the current file has', options: { tailLines: 3 }, expected: 'b\nc\nparted\n' },
  { what: 'lines since a time', options: { since: Date.parse('2026-01-01T00:00:02Z') }, expected: 'c\nparted\n' },
  { what: 'some bytes', options: { limitBytes: 3 }, expected: 'a\nb' },
  { what: 'one stream', options: { stream: 'stderr' }, expected: 'b\n' },
  {
    what: 'times, once a line',
    options: { timestamps: true, tailLines: 1 },
    expected: '2026-01-01T00:00:03.000000000Z parted\n',
  },
]) {
  test(`a log reader gives ${what}`, async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'log-'));
    const file = path.join(directory, 'c.log');
    writeFileSync(`${file}.1`, line(0, 'a\n') + line(1, 'b\n', 'stderr'));
    writeFileSync(file, line(2, 'c\n') + line(3, 'par') + line(3, 'ted\n'));
    assert.equal(await all(file, options), expected);
    rmSync(directory, { recursive: true });
  });
}

test('a followed log goes on over a rotation and ends with the container', async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'log-'));
  const file = path.join(directory, 'c.log');
  writeFileSync(file, line(0, 'one\n'));
  const ended = new AbortController();
  const parts: string[] = [];
  const reading = (async () => {
    const at = { ended: ended.signal, signal: never };
    for await (const part of readLog(file, { follow: true, timestamps: false }, at)) {
      parts.push(part);
      if (part === 'one\n') appendFileSync(file, line(1, 'two\n'));
      if (part === 'two\n') {
        renameSync(file, `${file}.1`);
        writeFileSync(file, line(2, 'three\n'));
      }
      if (part === 'three\n') ended.abort();
    }
  })();
  await reading;
  assert.deepEqual(parts, ['one\n', 'two\n', 'three\n']);
  rmSync(directory, { recursive: true });
});
