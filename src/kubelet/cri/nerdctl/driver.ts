// The nerdctl driver: its parts put together, and the one event stream they live by. It keeps no state that cannot be
// found again: containers by their labels, sandboxes by their records.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { sleep } from '../../../clock.ts';
import { PRODUCT } from '../../../constants.ts';
import type { GrpcChannel } from '../../../grpc/channel.ts';
import { isGrpcError } from '../../../grpc/status.ts';
import type { Component } from '../../../lifecycle.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import { DEFAULT_LOG_LIMITS } from '../../logs/log-file.ts';
import { hostMounter } from '../../mounts.ts';
import { createContainerTable } from '../container-table.ts';
import {
  CALL_TIMEOUT_MS,
  CONTAINERD_NAMESPACE,
  CREATE_NAMESPACE,
  connectContainerd,
  VERSION,
} from '../containerd/api.ts';
import { type ContainerdEvent, subscribe } from '../containerd/events.ts';
import { createSnapshots } from '../containerd/snapshots.ts';
import { createTasks } from '../containerd/tasks.ts';
import { createEventFanOut } from '../event-fan-out.ts';
import { followEvents } from '../follow-events.ts';
import { createHealth } from '../health.ts';
import { createImageArrivals } from '../image-arrivals.ts';
import { createListeners } from '../listeners.ts';
import type { Runtime } from '../runtime.ts';
import { createNerdctl, RUNC_ROOT } from './cli.ts';
import { attachable, attachConsole, consoleOf, openRequest, outputId } from './console.ts';
import { createContainers } from './containers.ts';
import { exec, execSync } from './exec.ts';
import { createImageMounts } from './image-mounts.ts';
import { createImages } from './images.ts';
import { listAllContainers } from './list-containers.ts';
import type { DialectRuntimeOptions } from './options.ts';
import { createOutputs } from './outputs.ts';
import { exitOf } from './parse.ts';
import { pinnedImages } from './pinned-images.ts';
import { portForward } from './port-forward.ts';
import { createTaskProcesses } from './processes.ts';
import { openSandboxRecords, recordEnd, recordedEnd } from './records.ts';
import { writeRuncWrapper } from './runc-wrapper.ts';
import { createSandboxes, endOf } from './sandboxes.ts';
import { createStats } from './stats.ts';
import { emptyTemporary } from './temporary.ts';

export interface NerdctlRuntimeOptions extends DialectRuntimeOptions {
  /** containerd's socket. */
  address: string;
  /** Brings containerd back when it has ended; without it the driver waits for whoever runs it. */
  reviveContainerd?: () => Promise<void>;
}

const CHECK_TIMEOUT_MS = 10_000;

/** Where every containerd's shims keep their sockets and runc its state. */
const SHIM_DIR = '/run/containerd';

async function ensureNamespace(containerd: GrpcChannel): Promise<void> {
  const request = { namespace: { name: CONTAINERD_NAMESPACE } };
  await containerd.unary(CREATE_NAMESPACE, request, { timeoutMs: CALL_TIMEOUT_MS }).catch((error: unknown) => {
    if (!isGrpcError(error, 'ALREADY_EXISTS')) throw error;
  });
}

/** How long what a container wrote at its end may take into its log. */
const LAST_OUTPUT_MS = 2_000;

/** `start` subscribes and adopts what runs; calls made before it has finished wait for it. */
export function createNerdctlRuntime(options: NerdctlRuntimeOptions): Runtime & Component {
  const { clock, log } = options;
  const directory = path.join(options.runDir, 'runtime');
  const cgroup = options.cgroup ?? PRODUCT;
  const dataRoot = path.join(options.dataDir, 'nerdctl');
  const temporary = path.join(directory, 'nerdctl');
  const nerdctl = createNerdctl({
    binary: options.program,
    address: options.address,
    dataRoot,
    registries: options.registries,
    temporary,
  });
  const containerd = connectContainerd(options.address, clock);
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  if (!existsSync(SHIM_DIR)) options.ledger.record({ kind: 'empty-folder', path: SHIM_DIR });
  options.ledger.record({ kind: 'mounts-below', path: directory });
  options.ledger.record({ kind: 'cgroup', path: cgroup });

  const records = openSandboxRecords(path.join(directory, 'sandboxes'));
  const fanOut = createEventFanOut();
  const table = createContainerTable({
    emit: fanOut.emit,
    onOom: (status) => recordEnd(records, status, { oomKilled: true }),
    onExit: (status) => recordEnd(records, status, { exit: exitOf(status) }),
    wasOomKilled: (status) => recordedEnd(records, status).oomKilled ?? false,
  });
  const logins = path.join(directory, 'logins');
  const images = createImages(nerdctl, { logins, registries: options.registries });
  const tasks = createTasks(containerd);
  const snapshots = createSnapshots(containerd);
  const imageMounts = createImageMounts({ nerdctl, snapshots, mounter: hostMounter });

  const imageListeners = createListeners<string>();
  const arrivals = createImageArrivals({ clock, arrived: imageListeners.tell });
  const { set: onHealth, ...health } = createHealth();
  const life = new AbortController();
  const firstSync = Promise.withResolvers<void>();
  let isSynced = false;
  let following: Promise<void> = Promise.resolve();
  const logLimits = options.logLimits ?? DEFAULT_LOG_LIMITS;
  const outputs = createOutputs({ socket: path.join(directory, 'output.sock'), log });
  const processes = createTaskProcesses({
    nerdctl,
    tasks,
    outputs,
    clock,
    logLimits,
    consoles: path.join(directory, 'tty'),
    dataRoot,
    runtime: writeRuncWrapper(directory),
  });
  const { withoutStrays, ...containers } = createContainers({
    nerdctl,
    records,
    table,
    images,
    clock,
    runcRoot: RUNC_ROOT,
    processes,
    imageMounts,
    logs: options.logs,
    synced: () => firstSync.promise,
  });
  const sandboxes = createSandboxes({
    nerdctl,
    records,
    network: options.network,
    cgroup,
    containers,
    imageMounts,
    async isRunning(holder) {
      const task = await tasks.state(holder);
      return task !== undefined && task.status !== 'STOPPED';
    },
    logs: options.logs,
    clock,
    log,
  });
  const stats = createStats({ table, records, cgroups: openCgroups(), cgroupOf: (id) => id, layers: snapshots, clock });
  const execOptions = { clock, runcRoot: RUNC_ROOT, directory: path.join(directory, 'exec') };

  /** A container counts as ended once all that it wrote is in its log; what holds its output open beyond it is not waited for. */
  async function applyExit(event: ContainerdEvent, output: string): Promise<void> {
    const over = new AbortController();
    await Promise.race([outputs.ended(output), sleep(clock, LAST_OUTPUT_MS, over.signal).catch(() => undefined)]);
    over.abort();
    outputs.forget(output);
    table.applyEvent(event);
  }

  const onEvent = (event: ContainerdEvent) => {
    const { topic, containerId } = event;
    const status = containerId === undefined ? undefined : table.get(containerId);
    if (topic.startsWith('/images/')) images.forget();
    else if (status && topic === '/tasks/exit') {
      const output = outputId(consoleOf(status.labels));
      table
        .during(status.id, () => applyExit(event, output))
        .catch((error: unknown) => log.error({ err: error }, 'end of a container'));
    } else if (containerId !== undefined) {
      table.applyEvent(event);
      const sandbox = topic === '/tasks/exit' ? sandboxes.holderEnded(containerId) : undefined;
      if (sandbox) fanOut.emit(endOf(sandbox));
    }
    arrivals.apply(event);
  };

  return {
    name: 'nerdctl',
    ...health,
    ...containers,
    ...sandboxes,
    ...stats,
    imageStatus: images.imageStatus,
    pullImage: images.pullImage,
    async listImages() {
      const [all, pinned] = await Promise.all([images.listImages(), pinnedImages(containerd)]);
      return all.map((image) => (image.repoTags.some((tag) => pinned.has(tag)) ? { ...image, isPinned: true } : image));
    },
    removeImage: images.removeImage,
    loadImages: images.loadImages,
    events: fanOut.subscribe,
    onImage: imageListeners.add,

    async start() {
      rmSync(logins, { recursive: true, force: true }); // of pulls that a killed server left
      await emptyTemporary(temporary, hostMounter);
      following = followEvents(
        {
          clock,
          log,
          revive: async () => options.reviveContainerd?.(),
          async subscribe(signal, onSubscribed) {
            await ensureNamespace(containerd);
            await subscribe({ channel: containerd, clock, token: randomUUID(), onEvent, onSubscribed }, signal);
          },
          async check() {
            await containerd.unary(VERSION, {}, { timeoutMs: CHECK_TIMEOUT_MS });
            return undefined;
          },
          onHealth,
          async resync() {
            images.forget();
            const [ended] = await Promise.all([
              sandboxes.resync(),
              table.resync(async () => {
                const listed = await listAllContainers(nerdctl, {
                  tasks,
                  clock,
                  recordedExit: (status) => recordedEnd(records, status).exit,
                });
                return isSynced ? withoutStrays(listed) : listed;
              }),
            ]);
            for (const sandbox of ended) fanOut.emit(endOf(sandbox));
            const running = table.list().filter(({ state }) => state === 'running');
            await outputs.adopt(
              running.map(({ labels, logPath }) => openRequest(consoleOf(labels), logPath, logLimits)),
            );
            processes.removeUnmade(table.list());
            isSynced = true;
            firstSync.resolve();
          },
        },
        life.signal,
      );
      await Promise.race([firstSync.promise, following]);
    },

    async stop() {
      life.abort(new Error('the runtime driver is stopped'));
      await following.catch(() => undefined); // start() has told it
      arrivals.stop();
      fanOut.close();
      containerd.close();
      outputs.close();
    },

    engine: () => 'containerd',
    async version() {
      const { version } = await containerd.unary(VERSION, {}, { timeoutMs: CALL_TIMEOUT_MS });
      return `containerd://${version.replace(/^v/, '')}`;
    },

    execSync: (id, command, timeoutMs) => execSync(id, command, { ...execOptions, timeoutMs }),
    async exec(id, command, streams) {
      return exec(id, command, { ...execOptions, streams });
    },
    async attach(id, streams) {
      const container = attachable(await containers.containerStatus(id));
      const exited = table.exited(id);
      const settings = consoleOf(container.labels);
      const onError = (error: unknown) => log.warn({ err: error, container: container.name }, 'attach');
      return attachConsole({
        containerId: id,
        settings,
        tasks,
        outputs,
        streams,
        clock,
        startedAt: container.startedAt,
        exited,
        onError,
      });
    },
    portForward: (sandboxId, port) => portForward(records.get(sandboxId), port),
  };
}
