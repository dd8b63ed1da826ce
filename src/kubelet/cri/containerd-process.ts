// tsukube's own containerd: its own root, state and socket, started detached so that it and its shims outlive the
// server, and adopted by the next one. Only the plugins that are needed are on; it answers in about 50 ms.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import { spawn } from '../../exec.ts';
import type { Logger } from '../../log.ts';
import { isMissingFile } from '../../missing-file.ts';

export interface ContainerdOptions {
  /** Images, snapshots and metadata live in `<dataDir>/containerd`. */
  dataDir: string;
  /** Socket, pid file and the state of running tasks live in `<runDir>/containerd`. */
  runDir: string;
  clock: Clock;
  log: Logger;
  /** Default: containerd from PATH. */
  binary?: string;
  /** With its CRI plugin. One that runs without it, or with other settings, is started anew; its containers run on. */
  cri?: CriPlugin;
}

/** https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md, which later versions still read. */
export interface CriPlugin {
  sandboxImage: string;
  /** Folder of CNI configuration, and of the plugins. */
  cniConfDir: string;
  cniBinDir: string;
  /** Folder of HOST/hosts.toml. */
  registries: string;
  /** Containers get no lower oom_score_adj than containerd has itself. */
  restrictOomScoreAdj: boolean;
}

interface PidFile {
  pid: number;
  /** Field 22 of /proc/PID/stat: tells a reused pid apart. */
  startTicks: string;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;
/** sun_path holds 108 bytes with the closing zero; containerd appends ".ttrpc" to the address. */
const MAX_SOCKET_PATH = 107 - '.ttrpc'.length;

/** NRI is a part of the CRI plugin from 1.7 on, which does not start without it. */
const CRI_PLUGINS = ['io.containerd.grpc.v1.cri', 'io.containerd.nri.v1.nri'];
const DISABLED_PLUGINS = [
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart', // polls every 10 s for containers to restart; the kubelet does that
  'io.containerd.internal.v1.tracing',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.native',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.tracing.processor.v1.otlp',
];

const places = (options: Pick<ContainerdOptions, 'dataDir' | 'runDir'>) => {
  const root = path.join(options.dataDir, 'containerd');
  const run = path.join(options.runDir, 'containerd');
  return {
    root,
    run,
    state: path.join(run, 'state'),
    socket: path.join(run, 'containerd.sock'),
    pidFile: path.join(run, 'containerd.pid'),
    config: path.join(root, 'config.toml'),
    log: path.join(root, 'containerd.log'),
  };
};

/** The address of the containerd that `startContainerd` starts for these folders. */
export const containerdAddress = (options: Pick<ContainerdOptions, 'dataDir' | 'runDir'>): string =>
  places(options).socket;

/** The text of containerd's configuration file (version 2: containerd 1.3 to 2.x). */
export function containerdConfig(options: { root: string; state: string; socket: string; cri?: CriPlugin }): string {
  const disabled = [...(options.cri ? [] : CRI_PLUGINS), ...DISABLED_PLUGINS];
  return `version = 2
root = ${quote(path.join(options.root, 'root'))}
state = ${quote(options.state)}
disabled_plugins = [${disabled.map(quote).join(', ')}]

[grpc]
  address = ${quote(options.socket)}
${options.cri ? criConfig(options.cri) : ''}`;
}

const quote = (text: string) => JSON.stringify(text); // a JSON string is a TOML basic string

const criConfig = (cri: CriPlugin): string => `
[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${quote(cri.sandboxImage)}
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = ${cri.restrictOomScoreAdj}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${quote(cri.cniBinDir)}
    conf_dir = ${quote(cri.cniConfDir)}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${quote(cri.registries)}
`;

/** Starts containerd, or adopts the running one of these folders; resolves when its socket accepts connections. */
export async function startContainerd(options: ContainerdOptions): Promise<{ address: string; adopted: boolean }> {
  const at = places(options);
  if (Buffer.byteLength(at.socket) > MAX_SOCKET_PATH) {
    throw new Error(
      `the socket path ${at.socket} is too long for Linux (${MAX_SOCKET_PATH} bytes): choose a shorter run directory`,
    );
  }
  mkdirSync(at.root, { recursive: true, mode: 0o711 });
  mkdirSync(at.run, { recursive: true, mode: 0o711 });
  const config = containerdConfig({ ...at, cri: options.cri });
  if (options.cri && readConfig(at.config) !== config) await stopContainerd(options);
  while (runningPid(at.pidFile) !== undefined) {
    if (await answers(at, options.clock)) return { address: at.socket, adopted: true };
  }
  rmSync(at.socket, { force: true });
  writeFileSync(at.config, config);
  await launch(options, at);
  return { address: at.socket, adopted: false };
}

/** Whether the one that runs answers before it is gone: one that was killed a moment ago is there for a while yet. */
async function answers({ pidFile, socket }: ReturnType<typeof places>, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const isGone = async () => {
    while (runningPid(pidFile) !== undefined) await sleep(clock, 10, over.signal); // not our child: no signal tells
    return false;
  };
  try {
    const accepts = socketAccepts(socket, clock, over.signal).then(() => true);
    return await Promise.race([isGone(), accepts]);
  } finally {
    over.abort();
  }
}

async function launch(options: ContainerdOptions, at: ReturnType<typeof places>): Promise<void> {
  const binary = options.binary ?? 'containerd';
  const log = openSync(at.log, 'w', 0o600);
  const child = spawn([binary, '--config', at.config], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => undefined); // it may come after the wait for it
  child.once('error', (cause) =>
    reject(new Error(`cannot start ${binary}: ${cause.message}; install containerd or set its path`, { cause })),
  );
  const onExit = (code: number | null, signal: NodeJS.Signals | null) =>
    reject(new Error(`containerd ended with ${signal ?? code} while starting: ${lastProblem(at.log)}`));
  child.once('exit', onExit);
  child.unref();
  if (child.pid !== undefined) {
    writeFileSync(at.pidFile, JSON.stringify({ pid: child.pid, startTicks: startTicks(child.pid) ?? '' }));
  }
  const waiting = new AbortController();
  try {
    await Promise.race([ended, socketAccepts(at.socket, options.clock, waiting.signal)]);
  } finally {
    waiting.abort();
    child.off('exit', onExit); // a later end shows in the event stream
  }
  options.log.debug({ pid: child.pid }, 'containerd started');
}

/** Ends the containerd of these folders; false when none ran. Containers and shims are not touched. */
export async function stopContainerd(options: ContainerdOptions): Promise<boolean> {
  const at = places(options);
  const pid = runningPid(at.pidFile);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  const deadline = options.clock.monotonic() + STOP_TIMEOUT_MS;
  const alive = watch(at.run); // the clock's timers alone do not keep a short command alive
  try {
    // A process that is not our child gives no signal of its end.
    while (runningPid(at.pidFile) !== undefined) {
      if (options.clock.monotonic() > deadline) process.kill(pid, 'SIGKILL');
      await sleep(options.clock, 10);
    }
  } finally {
    alive.close();
  }
  rmSync(at.pidFile, { force: true });
  rmSync(at.socket, { force: true });
  rmSync(`${at.socket}.ttrpc`, { force: true });
  return true;
}

function readConfig(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissingFile(error)) return undefined; // never started
    throw error;
  }
}

function runningPid(pidFile: string): number | undefined {
  try {
    const { pid, startTicks: expected } = JSON.parse(readFileSync(pidFile, 'utf8')) as PidFile;
    return startTicks(pid) === expected ? pid : undefined;
  } catch {
    return undefined; // no file or a torn one: nothing of ours runs
  }
}

/** undefined for a process that is gone or a zombie. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Resolves when `socket` accepts a connection: at once, or when the file appears or changes. */
function socketAccepts(socket: string, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const connection = net.connect(socket);
      connection.once('error', () => connection.destroy()); // not there yet: the watcher tries again
      connection.once('connect', () => {
        connection.destroy();
        finish();
      });
    };
    const watcher = watch(path.dirname(socket), attempt);
    const timer = clock.after(START_TIMEOUT_MS, () =>
      finish(new Error(`containerd did not open ${socket} within ${START_TIMEOUT_MS / 1000} s`)),
    );
    const finish = (error?: Error) => {
      timer.cancel();
      watcher.close();
      signal?.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    };
    const onAbort = () => finish();
    signal?.addEventListener('abort', onAbort, { once: true });
    attempt();
  });
}

function lastProblem(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  return lines.findLast((line) => /level=(fatal|error)|^containerd: /.test(line)) ?? lines.at(-1) ?? '';
}
