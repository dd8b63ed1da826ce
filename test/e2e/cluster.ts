// A real cluster for end-to-end tests: the program itself, started as a user would, with containers, rules and
// kubectl. Everything is in a folder of its own; remove() uninstalls and fails when anything stays on the host.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { environmentName } from '../../src/daemon/config.ts';
import { type RunResult, run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Kubectl, kubectlFor } from '../support/kubectl.ts';
import { hostState, stateDifference } from './host-state.ts';

const root = path.join(import.meta.dirname, '../..');
const PROGRAM = [process.execPath, path.join(root, 'bin/run.js')];

export interface Cluster {
  kubectl: Kubectl;
  folder: string;
  dataDir: string;
  /** Options that every command on this cluster takes. */
  settings: readonly string[];
  /** What the running server has printed. */
  output(): string;
  pid(): number;
  start(): Promise<void>;
  /** Runs `tsukube <args>` with this cluster's settings. */
  tsukube(...args: string[]): Promise<RunResult>;
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Uninstalls; throws with what was left on the host. */
  remove(): Promise<void>;
}

/** `more` are settings beside those that every cluster has, or instead of them. */
export async function createCluster(more: readonly string[] = []): Promise<Cluster> {
  const before = await hostState();
  // Short: socket paths below it are limited to 107 bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
  const dataDir = path.join(folder, 'data');
  const runDir = path.join(folder, 'run');
  const kubeconfig = path.join(folder, 'kubeconfig');
  // Beside a cluster that may run on this machine: other ports and other ranges.
  const usual = [
    `--data-dir=${dataDir}`,
    `--run-dir=${runDir}`,
    `--write-kubeconfig=${kubeconfig}`,
    '--port=16443',
    '--kubelet-port=20250',
    '--cluster-cidr=10.52.0.0/24',
    '--service-cidr=10.53.0.0/16',
  ];
  const nameOf = (setting: string) => setting.split('=')[0];
  const replaced = new Set(more.map(nameOf));
  const settings = [...usual.filter((setting) => !replaced.has(nameOf(setting))), ...more];
  await run([process.execPath, path.join(root, 'scripts/test-images.ts'), path.join(dataDir, 'images')]);
  const kubectl = await kubectlFor(kubeconfig);

  let child: ReturnType<typeof spawn> | undefined;
  let printed = '';
  let ended: Promise<void> = Promise.resolve();

  // What a command has no flag for comes to it by the environment.
  const env = Object.fromEntries(
    settings.map((setting) => {
      const [name = '', ...value] = setting.slice(2).split('=');
      return [environmentName(name), value.join('=')];
    }),
  );
  const tsukube = (...args: string[]) => run([...PROGRAM, ...args], { env, timeout: 120_000 });

  const cluster: Cluster = {
    kubectl,
    folder,
    dataDir,
    settings,
    tsukube,
    output: () => printed,
    pid: () => child?.pid ?? 0,
    async start() {
      printed = '';
      const started = spawn([...PROGRAM, 'server', ...settings]);
      child = started;
      ended = new Promise((resolve) => started.once('exit', () => resolve()));
      for (const stream of [started.stdout, started.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          printed += chunk.toString();
        });
      }
      await eventually(
        'the server is up',
        () => {
          if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}: ${printed}`);
          return printed.includes('tsukube is up');
        },
        { timeoutMs: 30_000 },
      );
    },
    async end(signal) {
      child?.kill(signal);
      await ended;
      child = undefined;
    },
    async remove() {
      // The folder holds the record of what was changed on the host: without it nothing could be undone by hand.
      await tsukube('uninstall', '--yes').catch((error: Error) => {
        throw new Error(`uninstall failed, ${folder} is kept`, { cause: error });
      });
      await ended;
      rmSync(folder, { recursive: true, force: true });
      const left = stateDifference(before, await hostState());
      if (left.length > 0) throw new Error(`left on the host:\n${left.join('\n')}`);
    },
  };
  return cluster;
}
