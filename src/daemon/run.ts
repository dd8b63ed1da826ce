// The ways a server runs: in the foreground until a signal, left in the background, or as a systemd unit.
// All say the same things; what goes wrong before the API answers is one sentence and exit code 1.
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { keepAlive, systemClock } from '../clock.ts';
import { PRODUCT } from '../constants.ts';
import { run, shellQuote, spawn } from '../exec.ts';
import { checkHost } from './check.ts';
import { type ConfigSources, loadConfig } from './config.ts';
import { makeFolders } from './folders.ts';
import { openLedger } from './ledger.ts';
import { nodeSettings } from './node-settings.ts';
import { type Config, ConfigError } from './options.ts';
import { createProgress, seconds } from './progress.ts';
import { readRunState, removeRunState, serveControl, writeRunState } from './run-state.ts';
import type { RunningServer } from './server.ts';

type Write = (line: string) => void;

/** Set for a server whose starter waits for what it says on this descriptor. */
const READY_FD = 'TSUKUBE_READY_FD';
/** Ends a start that a stop signal does not. */
const STOP_MS = 10_000;

/** Starts the server; resolves after it was stopped by SIGINT or SIGTERM. */
export async function runForeground(sources: ConfigSources, write: Write): Promise<void> {
  const begin = performance.timeOrigin;
  const config = loadConfig(sources);
  refuseSecond(config);
  refuseUnfit(config);

  const alive = keepAlive();
  const signalled = untilSignal(); // from now on: a signal while starting stops in order, too
  // Imported late: what is refused is refused at once.
  const { startServer } = await import('./server.ts');
  const progress = createProgress(systemClock, write);
  const server = await startServer(config, progress);
  const runDir = config['run-dir'];
  writeRunState(runDir, {
    pid: process.pid,
    dataDir: config['data-dir'],
    port: config.port,
    containerd: config.containerd,
  });
  const control = await serveControl(runDir, server.control);
  const readyMs = systemClock.now() - begin;

  const end = async () => {
    const hard = systemClock.after(STOP_MS, () => process.exit(1));
    await server.stop();
    control.closeAllConnections();
    control.close();
    removeRunState(runDir);
    hard.cancel();
    alive.release();
  };
  const stopping = Promise.race([signalled, server.failed]);
  try {
    const signal = await Promise.race([server.started, stopping]);
    if (signal === undefined) {
      const lines = summary(readyMs, systemClock.now() - begin, server);
      for (const line of lines) write(line);
      tellStarter(lines.join('\n'));
    }
    write(`${await stopping}: stopping; containers run on`);
  } catch (error) {
    await end().catch(() => undefined); // why it ends is what has to be told
    throw error;
  }
  await end();
}

function summary(readyMs: number, allMs: number, server: RunningServer): string[] {
  return [
    `${PRODUCT} is up: the API after ${seconds(readyMs)}, everything after ${seconds(allMs)}, at ${server.url}`,
    ...(server.kubeconfig ? [`kubeconfig: ${server.kubeconfig} (context ${PRODUCT})`] : []),
    'try: kubectl get nodes',
  ];
}

const untilSignal = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    // A second signal ends the process the ordinary way.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });

function refuseSecond(config: Config): void {
  const running = readRunState(config['run-dir']);
  if (running && running.pid !== process.pid) {
    throw new ConfigError(
      `a server runs already (process ${running.pid}, API on port ${running.port}): stop it with "${PRODUCT} stop", or choose another --run-dir and --data-dir`,
    );
  }
}

function refuseUnfit(config: Config): void {
  nodeSettings(config);
  const fatal = checkHost(config).filter((finding) => !finding.ok && finding.fatal);
  if (fatal.length > 0) throw new ConfigError(fatal.map((finding) => finding.message).join('\n'));
}

function tellStarter(text: string): void {
  const descriptor = Number(process.env[READY_FD]);
  if (!descriptor) return;
  writeSync(descriptor, text);
  closeSync(descriptor);
}

/** This program, as it was called: Node's own flags, the script, then `server` and the settings. */
function serverArgv(sources: ConfigSources): string[] {
  const flags = Object.entries(sources.flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  const file = sources.file === undefined ? [] : [`--config=${path.resolve(sources.file)}`];
  return [process.execPath, path.resolve(process.argv[1] as string), 'server', ...flags, ...file];
}

/** Starts a server of its own session; resolves when it is up. Its log is <data-dir>/server.log. */
export async function runDetached(sources: ConfigSources, write: Write): Promise<void> {
  const config = loadConfig(sources);
  refuseSecond(config);
  refuseUnfit(config);
  makeFolders(config);
  const logFile = path.join(config['data-dir'], 'server.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(serverArgv(sources), {
    detached: true,
    env: { [READY_FD]: '3' },
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const told = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stdio[3]?.on('end', () => text && resolve(text));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the server ended with ${signal ?? code} while starting: ${lastLine(logFile)}`)),
    );
  });
  child.unref();
  write(told);
  write(`log: ${logFile}; stop it with "${PRODUCT} stop"`);
}

const lastLine = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)?.trim() ?? '';

const UNIT = `/etc/systemd/system/${PRODUCT}.service`;

/** Writes, enables and starts a unit with these settings; the ledger knows of it, so uninstall removes it. */
export async function installService(sources: ConfigSources, write: Write): Promise<void> {
  if (!existsSync('/run/systemd/system')) {
    throw new ConfigError('systemd does not run here: use --detach, or your own supervisor with the plain command');
  }
  const config = loadConfig(sources);
  refuseSecond(config);
  refuseUnfit(config);
  openLedger(config).record({ kind: 'systemd-unit', name: `${PRODUCT}.service` });
  writeFileSync(UNIT, unitText(serverArgv(sources)), { mode: 0o644 });
  await run(['systemctl', 'daemon-reload']);
  await run(['systemctl', 'enable', '--now', `${PRODUCT}.service`]);
  write(`${PRODUCT}.service runs and starts with the machine; look at it with systemctl status ${PRODUCT}`);
}

/** Containers outlive the server, hence KillMode=process. */
export const unitText = (argv: readonly string[]): string => `[Unit]
Description=${PRODUCT}: Kubernetes in one process
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart=${shellQuote(argv)}
KillMode=process
Restart=on-failure
RestartSec=2
Delegate=yes
LimitNOFILE=1048576
Environment=PATH=${process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}

[Install]
WantedBy=multi-user.target
`;
