// The machine's own shutdown, as systemd-logind tells it: its signal PrepareForShutdown, and a delay lock that makes it
// wait (https://systemd.io/INHIBITOR_LOCKS, pkg/kubelet/nodeshutdown/systemd). systemd's own programs speak D-Bus.
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PRODUCT } from '../../constants.ts';
import { run, spawn } from '../../exec.ts';
import type { Logger } from '../../log.ts';
import type { HostLedger } from '../../network/host-ledger.ts';
import type { ShutdownSource } from './node-shutdown.ts';

export interface LogindOptions {
  /** How long the machine is to wait at most. */
  graceMs: number;
  ledger: Pick<HostLedger, 'record'> | undefined;
  log: Logger;
  /** Folder of logind's settings; the host's own by default. */
  confDir?: string;
}

const MANAGER = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
const SIGNAL = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
const CONF_DIR = '/etc/systemd/logind.conf.d';

export function createLogindSource(options: LogindOptions): ShutdownSource {
  const { graceMs, log } = options;
  let lock: ChildProcess | undefined;
  let monitor: ChildProcess | undefined;
  let stopped = false;

  function takeLock(): void {
    const why = 'pods need time to end';
    const held = ['sleep', 'infinity'];
    lock = spawn(['systemd-inhibit', '--what=shutdown', '--mode=delay', `--who=${PRODUCT}`, `--why=${why}`, ...held], {
      stdio: 'ignore',
    });
    lock.once('error', (error) => log.error({ err: error }, 'the shutdown of the machine cannot be delayed'));
  }

  function releaseLock(): void {
    lock?.kill();
    lock = undefined;
  }

  /** Raises logind's own limit where it is below what pods get. */
  async function allowDelay(): Promise<void> {
    if ((await delayMs()) >= graceMs) return;
    const folder = options.confDir ?? CONF_DIR;
    const file = path.join(folder, `99-${PRODUCT}.conf`);
    options.ledger?.record({ kind: 'file', path: file });
    await mkdir(folder, { recursive: true });
    await writeFile(file, `# Written by ${PRODUCT}.\n[Login]\nInhibitDelayMaxSec=${Math.ceil(graceMs / 1000)}\n`);
    await run(['systemctl', 'kill', '--signal=HUP', 'systemd-logind.service']);
    const now = await delayMs();
    if (now >= graceMs) return;
    throw new Error(`logind waits ${now / 1000} s at most, and --shutdown-grace-period is ${graceMs / 1000} s`);
  }

  return {
    async start({ begin, cancel }) {
      await allowDelay();
      takeLock();
      monitor = spawn(['busctl', 'monitor', '--system', '--json=short', `--match=${SIGNAL}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      monitor.once('error', (error) => log.error({ err: error }, 'shutdowns of the machine are not told'));
      monitor.once('exit', () => {
        if (!stopped) log.error('shutdowns of the machine are no longer told: busctl has ended');
      });
      createInterface({ input: monitor.stdout as NonNullable<typeof monitor.stdout> }).on('line', (line) => {
        const isActive = parseSignal(line);
        if (isActive) begin().finally(releaseLock);
        else if (isActive === false) {
          cancel();
          if (!lock) takeLock();
        }
      });
    },
    async stop() {
      stopped = true;
      monitor?.kill();
      releaseLock();
    },
  };
}

/** How long logind lets a shutdown be delayed: `t 5000000`. */
async function delayMs(): Promise<number> {
  const { stdout } = await run(['busctl', 'get-property', ...MANAGER, 'InhibitDelayMaxUSec']);
  return Number(/^t (\d+)/.exec(stdout)?.[1] ?? 0) / 1000;
}

/** undefined: another message. */
function parseSignal(line: string): boolean | undefined {
  const { member, payload } = JSON.parse(line) as { member?: string; payload?: { data?: unknown[] } };
  const [isActive] = payload?.data ?? [];
  return member === 'PrepareForShutdown' && typeof isActive === 'boolean' ? isActive : undefined;
}
