import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Container } from '../../src/api/types/core/v1.ts';
import type { ContainerStatus } from '../../src/kubelet/cri/runtime.ts';
import { lastWords } from '../../src/kubelet/last-words.ts';

const FALL_BACK = { terminationMessagePolicy: 'FallbackToLogsOnError' } as const;
const line = (text: string) => `2026-01-01T00:00:00.000000001Z stdout F ${text}\n`;

async function words(files: { termination?: string; log?: string }, more: Partial<ContainerStatus & Container> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'words-'));
  const place = (name: string, text: string | undefined) => {
    const file = path.join(folder, name);
    if (text !== undefined) writeFileSync(file, text);
    return file;
  };
  const status = { exitCode: 1, startedAt: 1, logPath: place('log', files.log), ...more } as ContainerStatus;
  try {
    return await lastWords(status, { name: 'main', ...more } as Container, place('termination', files.termination));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the end of what was written to the termination log', async () => {
  assert.equal(await words({ termination: 'bye' }), 'bye');
  assert.equal(await words({ termination: `${'x'.repeat(5000)}end` }), `${'x'.repeat(4093)}end`);
  assert.equal(await words({}), '');
});

test('the end of the output, where that is asked for, nothing else was written, and the container failed', async () => {
  const log = line('one') + line('two');
  assert.equal(await words({ termination: '', log }, FALL_BACK), 'one\ntwo\n');
  assert.equal(await words({ termination: '', log }), '');
  assert.equal(await words({ termination: 'own', log }, FALL_BACK), 'own');
  assert.equal(await words({ termination: '', log }, { ...FALL_BACK, exitCode: 0 }), '');
  assert.equal(await words({ termination: '', log }, { ...FALL_BACK, startedAt: 0 }), '');
});

test('at most 80 lines and 2 KiB of output', async () => {
  const many = Array.from({ length: 100 }, (_, i) => line(String(i))).join('');
  assert.equal((await words({ log: many }, FALL_BACK)).split('\n')[0], '20');
  const long = Array.from({ length: 50 }, () => line('y'.repeat(100))).join('');
  assert.equal((await words({ log: long }, FALL_BACK)).length, 2048);
});

test('what cannot be read is said', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'words-'));
  mkdirSync(path.join(folder, 'log'));
  const status = { exitCode: 1, startedAt: 1, logPath: path.join(folder, 'log') } as ContainerStatus;
  const container = { name: 'main', ...FALL_BACK } as Container;
  assert.match(await lastWords(status, container, folder), /^Error on reading termination log .*EISDIR/);
  const told = await lastWords(status, container, path.join(folder, 'none'));
  assert.match(told, /^Error on reading termination message from logs: EISDIR/);
  rmSync(folder, { recursive: true });
});
