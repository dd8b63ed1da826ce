// What an ended container left as its message: its termination log, or, when it asked for that and failed, the end of
// its output (kuberuntime_container.go, getTerminationMessage).
import { open, readFile } from 'node:fs/promises';
import type { Container } from '../api/types/core/v1.ts';
import { parseLogLine } from './cri/log-line.ts';
import type { ContainerStatus } from './cri/runtime.ts';

const MAX_MESSAGE = 4096;
const MAX_LOG = 2048;
const MAX_LINES = 80;

export async function lastWords(status: ContainerStatus, container: Container, termination: string): Promise<string> {
  const written = await readFile(termination, 'utf8').catch(() => ''); // never made when it could not start
  if (written !== '') return written.slice(0, MAX_MESSAGE);
  const fallsBack = container.terminationMessagePolicy === 'FallbackToLogsOnError' && status.exitCode !== 0;
  return fallsBack && status.logPath ? endOfLog(status.logPath) : '';
}

async function endOfLog(file: string): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return '';
  try {
    // A log line holds its text and about 80 bytes more.
    const { size } = await handle.stat();
    const length = Math.min(size, MAX_LOG * 2 + MAX_LINES * 100);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer
      .toString('utf8')
      .split('\n')
      .flatMap((line) => parseLogLine(line)?.text ?? []);
    return lines.slice(-MAX_LINES).join('').slice(-MAX_LOG);
  } finally {
    await handle.close();
  }
}
