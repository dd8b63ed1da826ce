// Is this host fit to run tsukube? Each check is a row: what is looked at, and how to mend it when it fails.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { portHolder } from './host.ts';
import type { Config } from './options.ts';
import { runtimePlace } from './runtime-place.ts';

export interface Finding {
  name: string;
  ok: boolean;
  /** A failed check that the server cannot do without. */
  fatal: boolean;
  message: string;
}

interface Check {
  name: string;
  /** Only for configurations that need it. */
  needed(config: Config): boolean;
  fatal: boolean;
  /** undefined: all is well. Else one sentence: what is wrong and what to do. */
  problem(config: Config): string | undefined;
}

const runsPods = (config: Config): boolean => config.components.includes('kubelet');
const startsContainerd = (config: Config): boolean => runsPods(config) && runtimePlace(config).isOwn;
const runsByNerdctl = (config: Config): boolean => runsPods(config) && runtimePlace(config).driver === 'nerdctl';
const runsByPodman = (config: Config): boolean => runsPods(config) && runtimePlace(config).driver === 'podman';
const runsByDocker = (config: Config): boolean => runsPods(config) && runtimePlace(config).driver === 'docker';
/** Pods' sandboxes are made by the driver itself. */
const makesSandboxes = (config: Config): boolean =>
  runsByNerdctl(config) || runsByPodman(config) || runsByDocker(config);
/** Another's runtime makes networks, takes images and starts programs in containers by itself. */
const hasOwnRuntime = (config: Config): boolean => makesSandboxes(config) || startsContainerd(config);
const changesRules = (config: Config): boolean => config.components.includes('proxy') || runsPods(config);
const INSTALL = 'run scripts/up, or install it with your package manager';

export const CNI_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni', '/usr/lib/cni-plugins'];

/** First executable of that name in PATH or the usual system folders. */
export function findProgram(name: string, search = process.env.PATH ?? ''): string | undefined {
  const folders = [...search.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'].filter((folder) => folder !== '');
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const program = (name: string, what: string, needed: Check['needed'], fatal = true): Check => ({
  name,
  needed,
  fatal,
  problem: () => (findProgram(name) ? undefined : `${name} (${what}) is not installed: ${INSTALL}`),
});

const port = (name: 'port' | 'kubelet-port', what: string, needed: Check['needed']): Check => ({
  name: `${what} port`,
  needed,
  fatal: true,
  problem(config) {
    const holder = portHolder(config[name]);
    return (
      holder &&
      `port ${config[name]} of the ${what} is taken by ${holder.command}${holder.pid ? ` (process ${holder.pid})` : ''}: end it, or choose another with --${name}`
    );
  },
});

const CHECKS: readonly Check[] = [
  {
    name: 'root',
    needed: changesRules,
    fatal: true,
    problem: () =>
      process.getuid?.() === 0
        ? undefined
        : 'containers and network rules need root: run it with sudo, or leave kubelet and proxy out with --components',
  },
  {
    name: 'overlay file system',
    needed: startsContainerd,
    fatal: true,
    problem: () =>
      /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) || existsSync('/sys/module/overlay')
        ? undefined
        : 'the kernel has no overlay file system loaded: modprobe overlay',
  },
  {
    name: 'control groups',
    needed: runsPods,
    fatal: true,
    problem() {
      const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');
      const missing = ['memory', 'cpu'].filter((controller) =>
        unified
          ? !readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').split(/\s/).includes(controller)
          : !existsSync(`/sys/fs/cgroup/${controller}`),
      );
      return missing.length === 0
        ? undefined
        : `the control group of ${missing.join(' and ')} is off: add cgroup_enable=${missing[0]} to the kernel's command line and restart`;
    },
  },
  {
    name: 'network namespaces',
    needed: runsPods,
    fatal: true,
    problem: () =>
      existsSync('/proc/self/ns/net')
        ? undefined
        : 'the kernel was built without network namespaces: use another kernel',
  },
  {
    name: 'bridged packets meet iptables',
    needed: runsPods,
    fatal: false,
    problem: () =>
      existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables')
        ? undefined
        : 'a pod cannot reach itself or its neighbours through a Service: modprobe br_netfilter',
  },
  program('containerd', 'runs containers', startsContainerd),
  program(
    'runc',
    'starts containers',
    (config) => startsContainerd(config) || runsByPodman(config) || runsByDocker(config),
  ),
  program(
    'nerdctl',
    'speaks to containerd',
    (config) => hasOwnRuntime(config) && !runsByPodman(config) && !runsByDocker(config),
  ),
  program('docker', 'makes containers', runsByDocker),
  program('podman', 'makes containers', runsByPodman),
  program('conmon', 'watches over the containers of podman', runsByPodman),
  program('ip', 'makes network namespaces', runsPods),
  program('unshare', 'makes namespaces; package util-linux', makesSandboxes),
  program('nsenter', 'enters namespaces; package util-linux', makesSandboxes),
  program('mount', 'mounts shared memory and volumes; package mount or util-linux', runsPods),
  program('umount', 'takes mounts off; package mount or util-linux', runsPods),
  program('mkfifo', 'makes the streams of kubectl attach; package coreutils', runsByNerdctl),
  program('script', 'gives kubectl exec -t its terminal; package bsdutils or util-linux', hasOwnRuntime, false),
  program('stty', 'sizes the terminal of kubectl exec -t; package coreutils', hasOwnRuntime, false),
  program('iptables-restore', 'writes Service rules', changesRules),
  program('iptables-save', 'reads Service rules', changesRules),
  program('conntrack', 'forgets stale UDP flows', (config) => config.components.includes('proxy')),
  {
    name: 'CNI plugins',
    needed: hasOwnRuntime,
    fatal: true,
    problem: () =>
      CNI_FOLDERS.some((folder) => existsSync(path.join(folder, 'bridge')))
        ? undefined
        : `there are no CNI plugins in ${CNI_FOLDERS.join(', ')}: ${INSTALL}`,
  },
  port('port', 'API', (config) => config.components.includes('apiserver')),
  port('kubelet-port', 'kubelet', runsPods),
];

export function checkHost(config: Config): Finding[] {
  return CHECKS.filter((check) => check.needed(config)).map((check) => {
    const problem = check.problem(config);
    return { name: check.name, ok: problem === undefined, fatal: check.fatal, message: problem ?? 'ok' };
  });
}
