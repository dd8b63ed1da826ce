import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogFile, rotateFiles } from '../../../src/kubelet/logs/log-file.ts';
import { readLog } from '../../../src/kubelet/server/log-reader.ts';

const line = (second: number, text: string, { stream = 'stdout', tag = 'F' } = {}) =>
  `2026-01-01T00:00:0${second}.000000000Z ${stream} ${tag} ${text}\n`;

const never = new AbortController().signal;
const over = AbortSignal.abort();

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'log-'));
  file = path.join(directory, '0.log');
});
afterEach(() => rmSync(directory, { recursive: true }));

async function all(options: object): Promise<string> {
  const parts: Buffer[] = [];
  const log = { follow: false, timestamps: false, ...options };
  for await (const part of readLog(file, log, { ended: over, signal: never })) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a log reader gives', () => {
  beforeEach(() => {
    writeFileSync(`${file}.1`, line(0, 'a') + line(1, 'b', { stream: 'stderr' }));
    writeFileSync(file, line(2, 'c') + line(3, 'par', { tag: 'P' }) + line(3, 'ted'));
  });
  for (const { what, options, expected } of [
    { what: 'all of a log', options: {}, expected: 'a\nb\nc\nparted\n' },
    { what: 'the last lines, of which a part is one as upstream', options: { tailLines: 2 }, expected: 'parted\n' },
    { what: 'no lines', options: { tailLines: 0 }, expected: '' },
    { what: 'more lines than the current file has', options: { tailLines: 4 }, expected: 'b\nc\nparted\n' },
    { what: 'lines since a time', options: { since: Date.parse('2026-01-01T00:00:02Z') }, expected: 'c\nparted\n' },
    { what: 'some bytes', options: { limitBytes: 3 }, expected: 'a\nb' },
    { what: 'one stream', options: { stream: 'stderr' }, expected: 'b\n' },
    {
      what: 'times, once a line',
      options: { timestamps: true, tailLines: 2 },
      expected: '2026-01-01T00:00:03.000000000Z parted\n',
    },
  ]) {
    test(what, async () => assert.equal(await all(options), expected));
  }

  test('the last line of one that is rotated all the while', async () => {
    let isOver = false;
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    const rotating = (async () => {
      for (let i = 0; !isOver; i++) {
        rotateFiles(file, 3);
        writeFileSync(file, '');
        await turns((i % 7) + 1);
        writeFileSync(file, line(5, 'last'));
      }
    })();
    try {
      for (let i = 0; i < 500; i++) assert.notEqual(await all({ tailLines: 1 }), '');
    } finally {
      isOver = true;
      await rotating;
    }
  });

  test("docker's form, and nothing of lines that make no sense", async () => {
    const json = (log: string) => `${JSON.stringify({ log, stream: 'stdout', time: '2026-01-01T00:00:03Z' })}\n`;
    writeFileSync(
      file,
      `${json('ü\n')}{"half":\nnot a line\n\n${line(4, '')}${line(4, 'end')}2026-01-01T00:00:04Z stdout F cut`,
    );
    rmSync(`${file}.1`);
    assert.equal(await all({}), 'ü\n\nend\n');
    assert.equal(
      await all({ timestamps: true, tailLines: 7 }),
      '2026-01-01T00:00:03Z ü\n2026-01-01T00:00:04.000000000Z \n2026-01-01T00:00:04.000000000Z end\n',
    );
  });
});

test('a followed log goes on over a rotation and ends with the container', async () => {
  writeFileSync(file, line(0, 'one'));
  const ended = new AbortController();
  const parts: string[] = [];
  const at = { ended: ended.signal, signal: never };
  for await (const bytes of readLog(file, { follow: true, timestamps: false }, at)) {
    const part = bytes.toString();
    parts.push(part);
    if (part === 'one\n') appendFileSync(file, line(1, 'two'));
    if (part === 'two\n') {
      rotateFiles(file, 3);
      writeFileSync(file, line(2, 'three'));
    }
    if (part === 'three\n') ended.abort();
  }
  assert.deepEqual(parts, ['one\n', 'two\n', 'three\n']);
});

test('a log that grows faster than it is read has an end for who does not follow', async () => {
  writeFileSync(file, line(0, 'one'));
  const options = { follow: false, timestamps: false };
  let text = '';
  for await (const part of readLog(file, options, { ended: never, signal: never })) {
    text += part.toString();
    appendFileSync(file, line(1, 'more'));
  }
  assert.equal(text, 'one\n');
});

test('a log that is rotated while it is read is read once', async () => {
  writeFileSync(`${file}.1`, line(0, 'one'));
  writeFileSync(file, line(1, 'two'));
  let text = '';
  for await (const part of readLog(file, { follow: false, timestamps: false }, { ended: never, signal: never })) {
    text += part.toString();
    if (text !== 'one\n') continue;
    rotateFiles(file, 5);
    writeFileSync(file, line(2, 'three'));
  }
  assert.equal(text, 'one\ntwo\n');
});

test('a log is read whole while its files are being renamed, however many', async () => {
  for (let i = 1; i <= 30; i++) if (i !== 7) writeFileSync(`${file}.${i}`, line(0, String(i)));
  writeFileSync(file, line(1, '0'));
  const expected = Array.from({ length: 31 }, (_, i) => 30 - i).filter((i) => i !== 7);
  assert.equal(await all({}), `${expected.join('\n')}\n`);
});

test('a follower that is several rotations behind misses nothing', async () => {
  const log = createLogFile(file, { now: () => 0 }, { maxBytes: 20_000, maxFiles: 5 });
  const ended = new AbortController();
  let written = 0;
  const write = (count: number) => {
    for (let i = 0; i < count; i++) log.write('stdout', Buffer.from(`line ${written++}\n`));
  };
  write(10);
  let text = '';
  for await (const part of readLog(file, { follow: true, timestamps: false }, { ended: ended.signal, signal: never })) {
    text += part.toString();
    if (!text.endsWith(`line ${written - 1}\n`)) continue;
    if (written >= 9_000) ended.abort();
    else write(1_300); // 60 KB at a time: three files
  }
  log.close();
  const expected = Array.from({ length: written }, (_, i) => `line ${i}\n`).join('');
  assert.equal(text, expected);
});
