// The program itself with nothing but its API server on memory storage, in a folder of its own.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Caller, createCaller } from './http.ts';

const ENTRY = path.join(import.meta.dirname, '../../bin/run.js');
const TOKEN = 'recorded';

export interface Program {
  caller: Caller;
  stop(): Promise<void>;
}

export interface Starting {
  connections: number;
  /** Further ones of the server. */
  arguments?: readonly string[];
}

export async function startProgram(options: Starting): Promise<Program> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  const port = await freePort();
  const child = spawn([
    ...[process.execPath, ENTRY, 'server', '--components=apiserver', '--storage=memory:', `--port=${port}`],
    ...[`--data-dir=${folder}`, `--run-dir=${folder}`, `--token=${TOKEN}`, `--write-kubeconfig=${kubeconfig}`],
    ...(options.arguments ?? []),
  ]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)));
  let ended = false;
  const exit = once(child, 'exit').then(() => (ended = true));
  const stop = async () => {
    child.kill();
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ca = await eventually('a kubeconfig', () => authorityOf(kubeconfig), { timeoutMs: 30_000 });
    const caller = createCaller({ url: `https://127.0.0.1:${port}`, token: TOKEN, ca, ...options });
    await eventually('the server answers', async () => {
      if (ended) return true; // what follows says why
      return (await caller.call({ method: 'GET', path: '/readyz' })).code === 200;
    });
    if (ended) throw new Error('the server ended');
    return {
      caller,
      stop: async () => {
        caller.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`the server did not start: ${printed.slice(-2000)}`, { cause: error });
  }
}

function authorityOf(kubeconfig: string): string {
  const { clusters } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[];
  };
  return Buffer.from(clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString();
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
