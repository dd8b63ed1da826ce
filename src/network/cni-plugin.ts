// One invocation of a CNI plugin: parameters in the environment, configuration on stdin, a result or an error as JSON.
// https://github.com/containernetworking/cni/blob/v1.1.2/SPEC.md section 2
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { RunError, run } from '../exec.ts';

export type CniCommand = 'ADD' | 'DEL' | 'CHECK';

export interface CniParameters {
  containerId: string;
  netns: string;
  ifName: string;
  args: Readonly<Record<string, string>>;
}

export interface CniResult {
  cniVersion?: string;
  ips?: { address: string; gateway?: string }[];
  [key: string]: unknown;
}

/** A plugin's own error (code and words), or one that could not run. */
export class CniError extends Error {
  readonly plugin: string;
  readonly code: number | undefined;
  constructor(plugin: string, message: string, options: { code?: number; cause: unknown }) {
    super(`CNI plugin ${plugin}: ${message}`, { cause: options.cause });
    this.name = 'CniError';
    this.plugin = plugin;
    this.code = options.code;
  }
}

/** Runs the plugin `config.type` from the first of `binDirs` that has it; DEL and CHECK give an empty result. */
export async function invokePlugin(
  command: CniCommand,
  config: { type: string },
  options: { binDirs: readonly string[]; parameters: CniParameters },
): Promise<CniResult> {
  const { parameters, binDirs } = options;
  const file = findPlugin(config.type, binDirs);
  try {
    const { stdout } = await run([file], {
      input: JSON.stringify(config),
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: parameters.containerId,
        CNI_NETNS: parameters.netns,
        CNI_IFNAME: parameters.ifName,
        CNI_PATH: binDirs.join(':'),
        CNI_ARGS: Object.entries(parameters.args)
          .map(([key, value]) => `${key}=${value}`)
          .join(';'),
      },
    });
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as CniResult);
  } catch (cause) {
    throw asCniError(config.type, cause);
  }
}

function findPlugin(type: string, binDirs: readonly string[]): string {
  for (const directory of binDirs) {
    const file = path.join(directory, type);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next folder may have it
    }
  }
  throw new CniError(type, `not found in ${binDirs.join(', ')}; install the CNI plugins or set their folder`, {
    cause: undefined,
  });
}

function asCniError(plugin: string, cause: unknown): CniError {
  if (!(cause instanceof RunError)) return new CniError(plugin, (cause as Error).message, { cause });
  const start = cause.output.indexOf('{');
  const end = cause.output.lastIndexOf('}');
  try {
    const told = JSON.parse(cause.output.slice(start, end + 1)) as { code?: number; msg?: string; details?: string };
    const message = [told.msg, told.details].filter(Boolean).join(': ');
    return new CniError(plugin, message || cause.message, { ...told, cause });
  } catch {
    return new CniError(plugin, cause.message, { cause });
  }
}
