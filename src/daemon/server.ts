// The whole cluster in start order: the API first, since everything else hangs on it. What does not depend on it
// starts meanwhile, and what lives on it is loaded when it answers.
import path from 'node:path';
import { sleep, systemClock } from '../clock.ts';
import { type Component, stopAll } from '../lifecycle.ts';
import { createLogger } from '../log.ts';
import { createMemoryReturn, threadHeap } from '../memory.ts';
import { createMetrics } from '../metrics.ts';
import { startStorage } from '../storage/open.ts';
import { nodeAddress } from './addresses.ts';
import { ensureContainerd } from './containerd.ts';
import { makeFolders } from './folders.ts';
import { historyPolicy } from './history-settings.ts';
import { hostAddress } from './host.ts';
import { openLedger } from './ledger.ts';
import type { ComponentName, Config } from './options.ts';
import type { Progress } from './progress.ts';
import type { ControlHandler } from './run-state.ts';
import { recordRuntime } from './runtime-record.ts';
import { createStatusBoard } from './status.ts';
import { finishRestore } from './unfinished-restore.ts';

export interface RunningServer {
  url: string;
  /** Where it was written; undefined when the admin's home is not ours to write to. */
  kubeconfig: string | undefined;
  /** Resolves when every component has started. */
  started: Promise<void>;
  /** Rejects when the server can serve no longer, with what only a restart mends. */
  failed: Promise<never>;
  /** What other commands may ask over the control socket. */
  control: Readonly<Record<string, ControlHandler>>;
  stop(): Promise<void>;
}

/** For whoever waits for the API to get an answer, before loading the rest keeps the thread busy for 0.2 s. */
const ANSWER_MS = 25;

/** Resolves when the API answers; `started` tells when the rest runs as well. */
export async function startServer(config: Config, progress: Progress): Promise<RunningServer> {
  const clock = systemClock;
  const log = createLogger({ level: config['log-level'], pretty: process.stderr.isTTY });
  const metrics = createMetrics();
  const has = (name: ComponentName) => config.components.includes(name);
  const board = createStatusBoard(clock);
  const components: Component[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // told by whoever waits for it

  // The store's thread and containerd come up while modules load here, which keeps this thread busy.
  makeFolders(config);
  if (has('kubelet')) recordRuntime(config);
  await finishRestore(config, progress.say);
  const { opened: opening } = await startStorage(
    config.storage || `sqlite:${path.join(config['data-dir'], 'state.db')}`,
    {
      clock,
      log: log.child({ component: 'storage' }),
      durability: config.durability,
      quotaBytes: config['storage-quota'],
      compaction: historyPolicy(config),
      ...(config['encryption-provider-config'] && { encryptionConfig: config['encryption-provider-config'] }),
      onFailure: ({ message }) => failure.reject(new Error(`the store can serve no longer: ${message}`)),
    },
  );
  const opened = opening.catch(async (error: Error) =>
    (await import('./snapshot-offer.ts')).offerSnapshot(config, error),
  );
  const containerd = has('kubelet') ? ensureContainerd(config, { clock, log }) : Promise.resolve();
  for (const begun of [opened, containerd]) begun.catch(() => undefined); // awaited below; until then nobody listens

  const plane = await progress.step('store and keys', async () => {
    const { openControlPlane } = await import('./control-plane.ts');
    return openControlPlane({
      config,
      clock,
      log,
      metrics,
      opened,
      advertiseAddress: nodeAddress(config, hostAddress()),
    });
  });
  const { api, storage } = plane;
  const openedAt = storage.revision;
  const closeStorage: Component = { name: 'storage', start: async () => {}, stop: () => storage.close() };
  components.push(closeStorage);
  const stop = () => stopAll(components);

  try {
    await progress.step('API server', async () => {
      await board.track('apiserver', api.start());
      components.push(api);
      await plane.bootstrap();
    });
    const { saveKubeconfig } = await import('./kubeconfig.ts');
    const kubeconfig = await saveKubeconfig(config, { url: api.url, pki: plane.pki });
    await sleep(clock, ANSWER_MS);
    const { connect, startComponents } = await import('./components.ts');
    const cluster = connect({ config, clock, log, plane, ledger: openLedger(config) }, board);
    components.push({ name: 'informers', start: async () => {}, stop: () => cluster.informers.stop() });
    const memory = createMemoryReturn({ clock, heap: threadHeap });
    await memory.start();
    components.push(memory);
    const { createSnapshotServer, snapshotControl } = await import('./snapshot-server.ts');
    const snapshots = createSnapshotServer({ config, storage, clock, log: log.child({ component: 'snapshots' }) });
    components.push(snapshots);
    await snapshots.start();
    const { storeControl } = await import('./store-server.ts');
    const control = {
      status: board.report,
      'snapshot-save': snapshotControl(snapshots),
      ...storeControl(storage, openedAt),
    };
    const started = startComponents(cluster, { containerd, progress, board, components });
    started.catch(() => undefined); // told by whoever waits for it
    return { url: api.url, kubeconfig, started, failed: failure.promise, control, stop };
  } catch (error) {
    await stop().catch((cause: unknown) => log.error({ error: cause }, 'stopping after a failed start'));
    throw error;
  }
}
