// A server of its own for the bench: the program as a user starts it, in folders and on ports that no other cluster
// has, timed from spawn to the first 200 of /readyz.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, spawn } from '../../src/exec.ts';

const root = path.join(import.meta.dirname, '../..');
const PROGRAM = [process.execPath, path.join(root, 'bin/run.js')];
const POLL_MS = 5;
const GIVE_UP_MS = 60_000;

export interface BenchServer {
  readonly url: string;
  readonly token: string;
  readonly kubeconfig: string;
  readonly dataDir: string;
  readonly runDir: string;
  pid(): number;
  /** Milliseconds from spawn to the first 200 of /readyz. */
  start(): Promise<number>;
  /** Resolves when every component has started. */
  started(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it and removes all that it left. */
  remove(): Promise<void>;
}

export interface BenchServerOptions {
  port: number;
  components: readonly string[];
  /** Beside those that every server of the bench has. */
  settings?: Readonly<Record<string, string>>;
}

export function createBenchServer({ port, components, settings: more }: BenchServerOptions): BenchServer {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsb-')); // short: socket paths below it are limited to 107 bytes
  const places = { 'data-dir': path.join(folder, 'data'), 'run-dir': path.join(folder, 'run') };
  const kubeconfig = path.join(folder, 'kubeconfig');
  const token = 'bench';
  const settings = {
    ...places,
    port: String(port),
    'kubelet-port': String(port + 1),
    'cluster-cidr': '10.142.0.0/24',
    'service-cidr': '10.143.0.0/16',
    'write-kubeconfig': kubeconfig,
    components: components.join(','),
    token,
    ...more,
  };
  const flags = (of: Record<string, string>) => Object.entries(of).map(([name, value]) => `--${name}=${value}`);
  const { data, runState } = { data: places['data-dir'], runState: places['run-dir'] };
  mkdirSync(data, { recursive: true });
  const url = `https://127.0.0.1:${port}`;
  let child: ReturnType<typeof spawn> | undefined;
  let output = '';
  let up: Promise<void> = Promise.resolve();
  let ended: Promise<void> = Promise.resolve();

  return {
    url,
    token,
    kubeconfig,
    dataDir: data,
    runDir: runState,
    pid: () => child?.pid ?? 0,
    started: () => up,

    async start() {
      output = '';
      const begin = performance.now();
      const server = spawn([...PROGRAM, 'server', ...flags(settings)]);
      child = server;
      let over = false;
      ended = new Promise((resolve) => {
        server.once('exit', () => {
          over = true;
          resolve();
        });
      });
      up = new Promise((resolve, reject) => {
        const read = (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes(' is up: ')) resolve();
        };
        server.stdout?.on('data', read);
        server.stderr?.on('data', read);
        server.once('exit', () => reject(new Error(`the server ended:\n${output}`)));
      });
      up.catch(() => undefined); // whoever awaits started() hears it
      while (!(await ready(url))) {
        if (over || performance.now() - begin > GIVE_UP_MS) throw new Error(`the server is not ready:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return performance.now() - begin;
    },

    async stop() {
      child?.kill('SIGTERM');
      await ended;
    },

    async remove() {
      child?.kill('SIGTERM');
      await ended;
      // Without a kubelet nothing outside the folder was touched, and another cluster's rules must stay.
      if (components.includes('kubelet')) {
        await run([...PROGRAM, 'uninstall', '--yes', ...flags(places), `--write-kubeconfig=${kubeconfig}`]);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ready = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });

/** What this machine can run, as `tsukube check` says. */
export async function fitComponents(remark: (line: string) => void): Promise<string[]> {
  const control = ['apiserver', 'controllers', 'scheduler'];
  const found = await run([...PROGRAM, 'check', '--json', '--port=7999', '--kubelet-port=7998']).catch(
    (error: { output?: string }) => ({ stdout: error.output ?? '' }),
  );
  const findings = JSON.parse(found.stdout.split('\n')[0] || '[]') as {
    ok: boolean;
    fatal: boolean;
    message: string;
  }[];
  const unfit = findings.find(({ ok, fatal }) => !ok && fatal);
  if (unfit) {
    remark(`control plane only, no pods: ${unfit.message}`);
    return control;
  }
  return [...control, 'kubelet', 'proxy', 'dns'];
}

export interface Cost {
  /** Seconds of processor time used so far. */
  cpuSeconds: number;
  residentBytes: number;
  /** What the process had the kernel write to the disk, all its threads together. */
  writtenBytes: number;
}

/** What a process has cost so far; proc(5). Linux counts in 1/100 s. */
export function costOf(pid: number): Cost {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  const written = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentBytes: pages * 4096,
    writtenBytes: Number(written),
  };
}
