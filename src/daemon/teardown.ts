// Stopping and uninstalling: what runs is ended in order, and every change to the host is undone and verified.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type Clock, keepAlive, sleep, systemClock } from '../clock.ts';
import { PRODUCT } from '../constants.ts';
import { run } from '../exec.ts';
import { stopContainerd } from '../kubelet/cri/containerd-process.ts';
import type { Runtime } from '../kubelet/cri/runtime.ts';
import { silentLogger } from '../log.ts';
import { removeRules } from '../proxy/iptables/apply.ts';
import { ensureContainerd } from './containerd.ts';
import { instanceOf } from './instance.ts';
import { removeKubeconfig } from './kubeconfig.ts';
import { ledgerFile, openLedger } from './ledger.ts';
import { createNode, startNode } from './node.ts';
import type { Config } from './options.ts';
import type { Progress } from './progress.ts';
import { readRunState, untilEnd } from './run-state.ts';
import { runtimePlace } from './runtime-place.ts';
import { forgetRuntime, recordedRuntime } from './runtime-record.ts';

/** How long a server may take to end after SIGTERM. */
const END_MS = 15_000;
const LOOK_MS = 20;
const POD_GRACE_SECONDS = 10;

/** Ends the server; the containers run on. False when none ran. */
export async function stopServer(config: Pick<Config, 'run-dir'>, clock: Clock = systemClock): Promise<boolean> {
  const running = readRunState(config['run-dir']);
  if (!running) return false;
  const end = untilEnd(config['run-dir']);
  process.kill(running.pid, 'SIGTERM');
  await Promise.race([end, sleep(clock, END_MS)]);
  // The socket closes a moment before the process is gone, and another's child tells nobody of its end.
  const deadline = clock.monotonic() + END_MS;
  const alive = keepAlive();
  try {
    while (readRunState(config['run-dir'])?.pid === running.pid || existsSync(`/proc/${running.pid}`)) {
      if (clock.monotonic() > deadline) {
        throw new Error(`process ${running.pid} does not end: look at its log, or end it with kill -9`);
      }
      await sleep(clock, LOOK_MS);
    }
  } finally {
    alive.release();
  }
  return true;
}

/** Stops and removes every pod of this data directory, then our containerd. Returns how many pods there were. */
export async function stopPods(config: Config, progress: Progress): Promise<number> {
  const alive = keepAlive(); // a runtime that does not answer is asked again after pauses that nothing else waits for
  try {
    return await stopRecordedPods(config, progress);
  } finally {
    alive.release();
  }
}

async function stopRecordedPods(given: Config, progress: Progress): Promise<number> {
  const clock = systemClock;
  const log = silentLogger;
  const recorded = recordedRuntime(given);
  const config = { ...given, ...recorded }; // whatever this command was told
  const endContainerd = async () => {
    const place = { dataDir: config['data-dir'], runDir: config['run-dir'] };
    if (runtimePlace(config).isOwn) await stopContainerd({ ...place, clock, log });
  };
  if (!recorded) {
    await endContainerd(); // no pod ever ran, but an image command may have started it
    return 0;
  }
  const node = await createNode(config, { clock, log, ledger: openLedger(config) });
  try {
    await startNode(node, ensureContainerd(config, { clock, log }));
    const sandboxes = await node.runtime.listSandboxes();
    await Promise.all(
      sandboxes.map(({ id, pod }) =>
        removePod(node.runtime, id, () => progress.say(`  stopped ${pod.namespace}/${pod.name}`)),
      ),
    );
    forgetRuntime(config);
    return sandboxes.length;
  } finally {
    await node.runtime.stop();
    await node.network.stop();
    await endContainerd();
  }
}

async function removePod(runtime: Runtime, sandboxId: string, stopped: () => void): Promise<void> {
  const containers = (await runtime.listContainers()).filter((container) => container.sandboxId === sandboxId);
  await Promise.all(containers.map(({ id }) => runtime.stopContainer(id, POD_GRACE_SECONDS)));
  for (const { id } of containers) await runtime.removeContainer(id);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  stopped();
}

/** Undoes all: server, pods, rules, every line of the ledger, the kubeconfig entry, data. Returns what remains. */
export async function uninstall(config: Config, progress: Progress): Promise<string[]> {
  await progress.step('server', () => stopServer(config));
  await progress.step('pods', () => stopPods(config, progress));
  const remaining: string[] = [];
  if (process.getuid?.() === 0) {
    await progress.step('Service rules', () => removeRules(instanceOf(config['data-dir']).chainPrefix));
    if (existsSync(ledgerFile(config['data-dir']))) {
      const left = await progress.step('changes of the host', () => openLedger(config).undoAll());
      remaining.push(...left.map(({ change, reason }) => `${JSON.stringify(change)}: ${reason}`));
    }
  }
  await progress.step('kubeconfig', () => removeKubeconfig(config));
  if (remaining.length > 0) return remaining; // the data directory knows what is left: it stays
  await progress.step('data', async () => {
    const below = [...mountsBelow(config['data-dir']), ...mountsBelow(config['run-dir'])];
    for (const mount of below) await run(['umount', '-l', mount]);
    for (const folder of [config['data-dir'], config['run-dir']]) rmSync(folder, { recursive: true, force: true });
  });
  progress.say(`${PRODUCT} is gone`);
  return [];
}

/** Deepest first, so that they come off in order. */
function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount === folder || mount.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}
