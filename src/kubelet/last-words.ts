// What an ended container left as its message: its termination log, or, when it asked for that and failed, the end of
// its output (kuberuntime_container.go, getTerminationMessage).
import { open } from 'node:fs/promises';
import type { Container } from '../api/types/core/v1.ts';
import { ifMissing } from '../missing-file.ts';
import { parseLogLine } from './cri/log-line.ts';
import type { ContainerStatus } from './cri/runtime.ts';

const MAX_MESSAGE = 4096;
const MAX_LOG = 2048;
const MAX_LINES = 80;

/** `termination` is the file on the host; however much the container wrote into it, its end is read. */
export async function lastWords(status: ContainerStatus, container: Container, termination: string): Promise<string> {
  try {
    const written = await endOf(termination, MAX_MESSAGE);
    if (written.length > 0) return written.toString('utf8');
  } catch (error) {
    return `Error on reading termination log ${termination}: ${(error as Error).message}`;
  }
  // What could not be started has no log.
  const hasFailed = status.exitCode !== 0 && status.startedAt > 0;
  const fallsBack =
    hasFailed && container.terminationMessagePolicy === 'FallbackToLogsOnError' && status.logPath !== '';
  if (!fallsBack) return '';
  return endOfLog(status.logPath).catch(
    (error: Error) => `Error on reading termination message from logs: ${error.message}`,
  );
}

/** Empty for a file that is not there. */
async function endOf(file: string, length: number): Promise<Buffer> {
  const handle = await open(file).catch(ifMissing(undefined));
  if (!handle) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const wanted = Math.min(size, length);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, size - wanted);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function endOfLog(file: string): Promise<string> {
  // A log line holds its text and about 80 bytes more.
  const end = await endOf(file, MAX_LOG * 2 + MAX_LINES * 100);
  const lines = end
    .toString('utf8')
    .split('\n')
    .flatMap((line) => parseLogLine(line)?.text ?? []);
  const text = Buffer.from(lines.slice(-MAX_LINES).join(''));
  return text.subarray(-MAX_LOG).toString('utf8');
}
