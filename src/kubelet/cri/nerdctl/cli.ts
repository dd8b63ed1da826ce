// The nerdctl command line: the global flags, and failures turned into RuntimeError. nerdctl and runc start from here
// and from streams.ts only.
import { type RunOptions, type RunResult, run } from '../../../exec.ts';
import { CONTAINERD_NAMESPACE } from '../containerd/api.ts';
import { isAbsent, runtimeError } from './errors.ts';

/** containerd's runc shim keeps runc's state here, whatever containerd's own folders are. */
export const RUNC_ROOT = `/run/containerd/runc/${CONTAINERD_NAMESPACE}`;

/** Upstream's runtimeRequestTimeout: a containerd that hangs holds nobody up for ever. */
const REQUEST_TIMEOUT_MS = 120_000;

/** nerdctl's default when it runs as root. https://github.com/containerd/nerdctl/blob/main/docs/registry.md */
const HOSTS_DIRS = ['/etc/containerd/certs.d', '/etc/docker/certs.d'];

export interface NerdctlPlace {
  /** Path or name of the program. */
  binary: string;
  /** containerd's socket. */
  address: string;
  dataRoot: string;
  /** Folder of HOST/hosts.toml, looked into before nerdctl's own ones. */
  registries?: string;
  /** For its short-lived files (temporary.ts); the system's own when it is not given. */
  temporary?: string;
}

export interface Nerdctl {
  argv(args: readonly string[]): string[];
  /** Throws RuntimeError with `reason` unless the text is known to mean another. */
  run(reason: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

export function createNerdctl(place: NerdctlPlace): Nerdctl {
  const argv = (args: readonly string[]) => [
    place.binary,
    '--address',
    place.address,
    '--namespace',
    CONTAINERD_NAMESPACE,
    '--data-root',
    place.dataRoot,
    '--cgroup-manager',
    'cgroupfs',
    '--cni-netconfpath',
    `${place.dataRoot}/cni`,
    ...(place.registries ? ['--hosts-dir', [place.registries, ...HOSTS_DIRS].join(',')] : []),
    ...args,
  ];
  return commandLine(argv, place.temporary === undefined ? {} : { TMPDIR: place.temporary });
}

/** A program that is always called in one way; `env` is added to its environment. */
export function commandLine(argv: Nerdctl['argv'], env: Record<string, string> = {}): Nerdctl {
  return {
    argv,
    async run(reason, args, options) {
      try {
        return await run(argv(args), { timeout: REQUEST_TIMEOUT_MS, ...options, env: { ...env, ...options?.env } });
      } catch (cause) {
        throw runtimeError(reason, cause);
      }
    },
  };
}

/** Idempotent. */
export async function endAndRemove(nerdctl: Nerdctl, id: string): Promise<void> {
  await nerdctl.run('RemoveContainerError', ['rm', '--force', '--volumes', id]).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
  });
}

export const runcArgv = (root: string, args: readonly string[]): string[] => ['runc', '--root', root, ...args];
