// What a running server leaves for the other commands: a small file in the run directory that says who it is,
// and a socket there that answers for it. Whoever holds a connection to the socket sees the server end.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import path from 'node:path';

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
  } catch {
    return undefined;
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

export type ControlHandler = () => unknown | Promise<unknown>;

/** Serves GET /<name> as JSON; any other path hangs until the server ends. */
export async function serveControl(
  runDir: string,
  handlers: Readonly<Record<string, ControlHandler>>,
): Promise<Server> {
  const socket = socketIn(runDir);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  rmSync(socket, { force: true });
  const server = createServer((incoming, response) => {
    const handler = handlers[(incoming.url ?? '/').slice(1)];
    if (!handler) return void response.flushHeaders();
    Promise.resolve()
      .then(handler)
      .then((value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value)))
      .catch((error: unknown) => response.writeHead(500).end(JSON.stringify({ error: (error as Error).message })));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return server;
}

/** Asks the running server; rejects when there is none. */
export function askControl<T>(runDir: string, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socketIn(runDir), path: `/${name}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const value = JSON.parse(Buffer.concat(chunks).toString()) as T & { error?: string };
        if (response.statusCode === 200) resolve(value);
        else reject(new Error(value.error ?? 'the server could not answer'));
      });
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
