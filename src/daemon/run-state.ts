// What a running server leaves for the other commands: a small file in the run directory that says who it is,
// and a socket there that answers for it. Whoever holds a connection to the socket sees the server end.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { isMissingFile } from '../missing-file.ts';

export interface RunState {
  pid: number;
  dataDir: string;
  port: number;
  /** Settings other commands need to reach the same containers. */
  containerd: string;
}

const fileIn = (runDir: string): string => path.join(runDir, 'server.json');
export const socketIn = (runDir: string): string => path.join(runDir, 'control.sock');

export function writeRunState(runDir: string, state: RunState): void {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const temporary = `${fileIn(runDir)}.new`;
  writeFileSync(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(temporary, fileIn(runDir));
}

export function removeRunState(runDir: string): void {
  rmSync(fileIn(runDir), { force: true });
  rmSync(socketIn(runDir), { force: true });
}

/** The server that runs from this directory, if one does. A file left by one that was killed counts as none. */
export function readRunState(runDir: string): RunState | undefined {
  let state: RunState;
  try {
    state = JSON.parse(readFileSync(fileIn(runDir), 'utf8')) as RunState;
  } catch (error) {
    // One that cannot be read may well run; one that the machine's end cut short does not, nor one below a file.
    const isBelowFile = (error as NodeJS.ErrnoException).code === 'ENOTDIR';
    if (isMissingFile(error) || isBelowFile || error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isServer(state.pid) ? state : undefined;
}

/** A pid alone may belong to somebody else by now: the command line tells. */
function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('server');
  } catch {
    return false;
  }
}

/** What a handler is asked with, and how it tells what it has done so far. */
export interface ControlCall {
  query: URLSearchParams;
  /** Any JSON value; the asker gets it at once. */
  tell(progress: unknown): void;
}

export type ControlHandler = (call: ControlCall) => unknown | Promise<unknown>;

/** One line of an answer: progress comes any number of times, then one of the others. */
type Line<T> = { progress: unknown } | { value: T } | { error: string };

/** Serves GET /<name>?<query> as lines of JSON; any other path hangs until the server ends. */
export async function serveControl(
  runDir: string,
  handlers: Readonly<Record<string, ControlHandler>>,
): Promise<Server> {
  const socket = socketIn(runDir);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  rmSync(socket, { force: true });
  const server = createServer((incoming, response) => {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://control');
    const handler = handlers[pathname.slice(1)];
    if (!handler) return void response.flushHeaders();
    const say = (line: Line<unknown>) => response.write(`${JSON.stringify(line)}\n`);
    response.setHeader('content-type', 'application/x-ndjson');
    Promise.resolve()
      .then(() => handler({ query, tell: (progress) => say({ progress }) }))
      .then((value) => say({ value }))
      .catch((error: unknown) => say({ error: (error as Error).message }))
      .finally(() => response.end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return server;
}

export interface AskOptions {
  query?: Readonly<Record<string, string>>;
  onProgress?: (progress: unknown) => void;
}

/** Asks the running server; rejects when there is none, when it refuses, and when it ends before it has answered. */
export function askControl<T>(runDir: string, name: string, options: AskOptions = {}): Promise<T> {
  const { query = {}, onProgress } = options;
  return new Promise((resolve, reject) => {
    const location = `/${name}?${new URLSearchParams(query)}`;
    const outgoing = request({ socketPath: socketIn(runDir), path: location }, (response) => {
      const ended = () => reject(new Error('the server ended before it had answered'));
      const lines = createInterface({ input: response });
      lines.on('line', (text) => {
        const line = JSON.parse(text) as Line<T>;
        if ('progress' in line) onProgress?.(line.progress);
        else if ('error' in line) reject(new Error(line.error));
        else resolve(line.value);
      });
      lines.on('error', ended); // the stream's own
      lines.on('close', ended);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Resolves when the server has ended (or none was there). */
export function untilEnd(runDir: string): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath: socketIn(runDir), path: '/until-end' }, (response) => {
      response.resume();
      response.on('close', resolve);
    });
    outgoing.on('error', () => resolve());
    outgoing.end();
  });
}
