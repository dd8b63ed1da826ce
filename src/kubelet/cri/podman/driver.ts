// The podman driver: nerdctl's sandboxes and containers, made by podman's command line, which takes the same arguments.
// What differs is here: conmon instead of containerd's shims, a folder of exit codes instead of an event stream.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import { PRODUCT } from '../../../constants.ts';
import { run } from '../../../exec.ts';
import type { Component } from '../../../lifecycle.ts';
import type { Logger } from '../../../log.ts';
import type { HostLedger } from '../../../network/host-ledger.ts';
import type { PodNetwork } from '../../../network/pod-network.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../../logs/log-file.ts';
import { createLogRotation } from '../../logs/log-rotation.ts';
import { createContainerTable } from '../container-table.ts';
import type { ContainerdEvent } from '../containerd/events.ts';
import { createEventFanOut } from '../event-fan-out.ts';
import { followEvents } from '../follow-events.ts';
import { createHealth } from '../health.ts';
import { createListeners } from '../listeners.ts';
import { createContainers } from '../nerdctl/containers.ts';
import { exec, execSync } from '../nerdctl/exec.ts';
import { listAndInspect } from '../nerdctl/list-containers.ts';
import { portForward } from '../nerdctl/port-forward.ts';
import { openSandboxRecords } from '../nerdctl/records.ts';
import { createSandboxes, endOf } from '../nerdctl/sandboxes.ts';
import { createStats } from '../nerdctl/stats.ts';
import type { PodLogs } from '../pod-logs.ts';
import { type Mount, type Runtime, RuntimeError, type RuntimeEvent } from '../runtime.ts';
import { createPodman, podmanFolders } from './cli.ts';
import { followExits } from './exits.ts';
import { createPodmanImages } from './images.ts';
import { createPodmanLayers } from './layers.ts';
import { createPodmanProcesses, reopenLog } from './processes.ts';

export interface PodmanRuntimeOptions {
  /** Path or name of podman. */
  podman: string;
  dataDir: string;
  runDir: string;
  network: PodNetwork;
  ledger: HostLedger;
  clock: Clock;
  log: Logger;
  logs: PodLogs;
  /** Of one container; default upstream's. */
  logLimits?: LogLimits;
  /** Parent of the pods' cgroups, one per instance on a host; default "tsukube". */
  cgroup?: string;
  /** Folder whose config.json has the node's passwords. */
  registries?: string;
}

const CHECK_TIMEOUT_MS = 10_000;

/** `start` adopts what runs; calls made before it has finished wait for it. */
export function createPodmanRuntime(options: PodmanRuntimeOptions): Runtime & Component {
  const { clock, log } = options;
  const directory = path.join(options.runDir, 'runtime');
  const temporary = path.join(directory, 'podman');
  const cgroup = options.cgroup ?? PRODUCT;
  const folders = podmanFolders(options);
  const { dataDir, runDir, ledger } = options;
  const podman = createPodman({ binary: options.podman, dataDir, runDir, ledger });
  for (const folder of [directory, folders.storage, path.join(runDir, 'podman')]) {
    ledger.record({ kind: 'mounts-below', path: folder });
  }
  ledger.record({ kind: 'cgroup', path: cgroup });

  const records = openSandboxRecords(path.join(directory, 'sandboxes'));
  const fanOut = createEventFanOut();
  const imageListeners = createListeners<string>();
  const { set: onHealth, ...health } = createHealth();
  const life = new AbortController();
  const firstSync = Promise.withResolvers<void>();
  const synced = () => firstSync.promise;
  let following: Promise<void> = Promise.resolve();

  // conmon's note of an OOM stays with the container: a list tells it again.
  const table = createContainerTable({ emit: tell, onOom() {}, wasOomKilled: ({ oomKilled }) => oomKilled });
  const rotation = createLogRotation({
    limits: options.logLimits ?? DEFAULT_LOG_LIMITS,
    reopen: (id) => reopenLog(folders.container(id)),
    clock,
    log,
  });
  const images = createPodmanImages(podman, { temporary, registries: options.registries });
  const imageMounts = { resolve: async (mounts: readonly Mount[]) => imagesByPodman(mounts), release: async () => {} };
  const { logs } = options;
  const processes = createPodmanProcesses(podman, folders);
  const containers = createContainers({
    nerdctl: podman,
    records,
    table,
    images,
    clock,
    runcRoot: folders.runc,
    processes,
    imageMounts,
    logs,
    synced,
  });
  const { network } = options;
  const sandboxes = createSandboxes({
    nerdctl: podman,
    records,
    network,
    cgroup,
    containers,
    imageMounts,
    async isRunning(holder) {
      const { stdout } = await podman.run('StatusError', ['ps', '--quiet', '--no-trunc', '--filter', `id=${holder}`]);
      return stdout.trim() !== '';
    },
    logs,
    clock,
    log,
  });
  const stats = createStats({
    table,
    records,
    cgroups: openCgroups(),
    cgroupOf: (id) => `libpod-${id}`,
    layers: createPodmanLayers(podman, folders.storage),
    clock,
  });
  const execOptions = { clock, runcRoot: folders.runc, directory: path.join(directory, 'exec') };

  function tell(event: RuntimeEvent): void {
    const status = table.get(event.containerId);
    if (status?.state === 'running') rotation.keep(status);
    else rotation.forget(event.containerId);
    fanOut.emit(event);
  }

  async function resync(): Promise<void> {
    images.forget();
    const [ended] = await Promise.all([sandboxes.resync(), table.resync(() => listAndInspect(podman))]);
    for (const sandbox of ended) fanOut.emit(endOf(sandbox));
    firstSync.resolve();
  }

  function onEvent(event: ContainerdEvent): void {
    // What ends at once has ended before `podman start` has.
    if (event.containerId) table.advance(event.containerId, { state: 'running', startedAt: event.at });
    table.applyEvent(event);
    const sandbox = event.containerId && event.topic === '/tasks/exit' && sandboxes.holderEnded(event.containerId);
    if (sandbox) fanOut.emit(endOf(sandbox));
  }

  const onMissed = () => {
    resync().catch((error: unknown) => log.warn({ err: error }, 'how a container ended is not known yet'));
  };

  return {
    name: 'podman',
    ...health,
    ...containers,
    ...sandboxes,
    ...stats,
    imageStatus: images.imageStatus,
    listImages: images.listImages,
    removeImage: images.removeImage,
    async pullImage(reference, pull) {
      await images.pullImage(reference, pull);
      imageListeners.tell(reference);
    },
    async loadImages(archive) {
      const references = await images.loadImages(archive);
      for (const reference of references) imageListeners.tell(reference);
      return references;
    },
    events: fanOut.subscribe,
    onImage: imageListeners.add,

    async start() {
      rmSync(temporary, { recursive: true, force: true }); // of work that a killed server left
      mkdirSync(temporary, { recursive: true, mode: 0o700 });
      following = followEvents(
        {
          clock,
          log,
          async revive() {}, // there is no service that could have ended
          subscribe: (signal, onSubscribed) => followExits({ folders, clock, onEvent, onMissed }, signal, onSubscribed),
          async check() {
            await run(podman.argv(['ps', '--quiet', '--last', '1']), { timeout: CHECK_TIMEOUT_MS });
            return undefined;
          },
          onHealth,
          resync,
        },
        life.signal,
      );
      await Promise.race([firstSync.promise, following]);
    },

    async stop() {
      life.abort(new Error('the runtime driver is stopped'));
      await following.catch(() => undefined); // start() has told it
      rotation.close();
      fanOut.close();
    },

    engine: () => 'podman',
    async version() {
      const { stdout } = await podman.run('VersionError', ['version', '--format', '{{.Client.Version}}']);
      return `podman://${stdout.trim()}`;
    },

    execSync: (id, command, timeoutMs) => execSync(id, command, { ...execOptions, timeoutMs }),
    async exec(id, command, streams) {
      return exec(id, command, { ...execOptions, streams });
    },
    async attach() {
      throw new RuntimeError(
        'AttachError',
        'podman cannot be attached to by this server: use kubectl exec or kubectl logs',
      );
    },
    portForward: (sandboxId, port) => portForward(records.get(sandboxId), port),
  };
}

/** podman mounts whole images by itself. */
function imagesByPodman(mounts: readonly Mount[]): { mounts: Mount[]; labels: Record<string, string> } {
  const part = mounts.find(({ image }) => image?.subPath);
  if (part) {
    throw new RuntimeError(
      'CreateContainerError',
      `subPath ${JSON.stringify(part.image?.subPath)} of an image: podman mounts whole images only, use nerdctl for it`,
    );
  }
  return { mounts: [...mounts], labels: {} };
}
