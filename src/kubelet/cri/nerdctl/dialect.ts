// A runtime by another program that takes nerdctl's arguments: nerdctl's sandboxes and containers, and what differs as a
// value. podman and docker are such.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PRODUCT } from '../../../constants.ts';
import { run } from '../../../exec.ts';
import type { Component } from '../../../lifecycle.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import { DEFAULT_LOG_LIMITS } from '../../logs/log-file.ts';
import { createLogRotation } from '../../logs/log-rotation.ts';
import { createContainerTable } from '../container-table.ts';
import type { ContainerdEvent } from '../containerd/events.ts';
import { createEventFanOut } from '../event-fan-out.ts';
import { followEvents } from '../follow-events.ts';
import { createHealth } from '../health.ts';
import { createListeners } from '../listeners.ts';
import {
  type ContainerStatus,
  type ExecSession,
  type Mount,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
} from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { type AttachTarget, attachable, consoleOf } from './console.ts';
import { type ContainerProcesses, createContainers } from './containers.ts';
import { exec, execSync } from './exec.ts';
import type { NerdctlImages } from './images.ts';
import { listAndInspect } from './list-containers.ts';
import type { DialectRuntimeOptions } from './options.ts';
import { sinceStart } from './parse.ts';
import { portForward } from './port-forward.ts';
import { openSandboxRecords } from './records.ts';
import { createSandboxes, endOf, type Holders } from './sandboxes.ts';
import { createStats, type Layers } from './stats.ts';

export interface Followed {
  onEvent(event: ContainerdEvent): void;
  /** Something has ended, nobody knows how. */
  onMissed(): void;
  /** An image was added, moved or removed, by whomever; told is one that can be run now. */
  onImage(reference?: string): void;
}

export type DialectAttach = (
  target: Pick<AttachTarget, 'containerId' | 'settings' | 'streams' | 'onError'>,
) => Promise<ExecSession>;

export interface Dialect {
  /** As ids of containers are told with. */
  name: string;
  cli: Nerdctl;
  /** Where the state of the containers is for runc. */
  runcRoot: string;
  /** Label that all containers of this server have, and no others. */
  ownLabel: string;
  processes: ContainerProcesses;
  images: NerdctlImages;
  /** Whole images are mounted by the program itself. */
  mountsImages: boolean;
  layers: Layers;
  /** Name of a container's cgroup below its pod's. */
  cgroupOf(id: string): string;
  /** Where the program joins no namespace by its path. */
  holders?: Holders;
  /** Joins the streams of a running container, as attachConsole does. */
  attach: DialectAttach;
  /** Has the log of a running container opened anew; without it the program rotates logs itself. */
  reopenLog?(id: string): Promise<void>;
  /** Resolves when the signal aborts; rejects when events come no more. */
  follow(followed: Followed, signal: AbortSignal, onSubscribed: () => void): Promise<void>;
  /** At the end of the server. */
  close?(): void;
  /** Go template of the version, for `version --format`. */
  versionFormat: string;
}

const CHECK_TIMEOUT_MS = 10_000;

/** Short-lived files, credentials among them. */
export const temporaryFolder = (runDir: string, name: string): string => path.join(runDir, 'runtime', name);

/** `start` adopts what runs; calls made before it has finished wait for it. */
export function createDialectRuntime(options: DialectRuntimeOptions, dialect: Dialect): Runtime & Component {
  const { clock, log } = options;
  const directory = path.join(options.runDir, 'runtime');
  const temporary = temporaryFolder(options.runDir, dialect.name);
  const cgroup = options.cgroup ?? PRODUCT;
  const { cli, images, runcRoot } = dialect;
  options.ledger.record({ kind: 'mounts-below', path: directory });
  options.ledger.record({ kind: 'cgroup', path: cgroup });

  const records = openSandboxRecords(path.join(directory, 'sandboxes'));
  const fanOut = createEventFanOut();
  const imageListeners = createListeners<string>();
  const { set: onHealth, ...health } = createHealth();
  const life = new AbortController();
  const firstSync = Promise.withResolvers<void>();
  let isSynced = false;
  const synced = () => firstSync.promise;
  let following: Promise<void> = Promise.resolve();

  // Both remember what was killed for its memory: a list tells it again.
  const table = createContainerTable({ emit: tell, onOom() {}, wasOomKilled: ({ oomKilled }) => oomKilled });
  const rotation =
    dialect.reopenLog &&
    createLogRotation({ limits: options.logLimits ?? DEFAULT_LOG_LIMITS, reopen: dialect.reopenLog, clock, log });
  const imageMounts = {
    resolve: async (mounts: readonly Mount[]) => ({ mounts: mountable(mounts, dialect), labels: {} }),
    release: async () => {},
  };
  const { logs } = options;
  const { withoutStrays, ...containers } = createContainers({
    nerdctl: cli,
    records,
    table,
    images,
    clock,
    runcRoot,
    processes: dialect.processes,
    imageMounts,
    logs,
    synced,
  });
  const { network } = options;
  const sandboxes = createSandboxes({
    nerdctl: cli,
    holders: dialect.holders,
    records,
    network,
    cgroup,
    containers,
    imageMounts,
    async isRunning(holder) {
      const { stdout } = await cli.run('StatusError', ['ps', '--quiet', '--no-trunc', '--filter', `id=${holder}`]);
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
    cgroupOf: dialect.cgroupOf,
    layers: dialect.layers,
    clock,
  });
  const execOptions = { clock, runcRoot, directory: path.join(directory, 'exec') };

  function tell(event: RuntimeEvent): void {
    const status = table.get(event.containerId);
    if (status?.state === 'running') rotation?.keep(status);
    else rotation?.forget(event.containerId);
    fanOut.emit(event);
  }

  /** After a restart of the machine podman tells of what ran that it was created, and when it started (libpod's resetState). */
  async function list(): Promise<ContainerStatus[]> {
    const listed = await listAndInspect(cli, dialect.ownLabel);
    return listed.map((status) => {
      const { state, startedAt } = status;
      const isLost = state === 'created' && startedAt > 0;
      return isLost ? sinceStart(status, { startedAt, at: clock.now() }) : status;
    });
  }

  async function resync(): Promise<void> {
    images.forget();
    const listKnown = async () => (isSynced ? withoutStrays(await list()) : list());
    const [ended] = await Promise.all([sandboxes.resync(), table.resync(listKnown)]);
    for (const sandbox of ended) fanOut.emit(endOf(sandbox));
    isSynced = true;
    firstSync.resolve();
  }

  function onEvent(event: ContainerdEvent): void {
    // What ends at once has ended before its start has.
    if (event.containerId && event.topic.startsWith('/tasks/')) {
      table.advance(event.containerId, { state: 'running', startedAt: event.at });
    }
    table.applyEvent(event);
    const sandbox = event.containerId && event.topic === '/tasks/exit' && sandboxes.holderEnded(event.containerId);
    if (sandbox) fanOut.emit(endOf(sandbox));
  }

  const onImage = (reference?: string) => {
    images.forget();
    if (reference !== undefined) imageListeners.tell(reference);
  };

  const onMissed = () => {
    resync().catch((error: unknown) => log.warn({ err: error }, 'how a container ended is not known yet'));
  };

  return {
    name: dialect.name,
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
          async revive() {}, // it is the host's, or there is no service that could have ended
          subscribe: (signal, onSubscribed) => dialect.follow({ onEvent, onMissed, onImage }, signal, onSubscribed),
          async check() {
            await run(cli.argv(['ps', '--quiet', '--last', '1']), { timeout: CHECK_TIMEOUT_MS });
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
      rotation?.close();
      dialect.close?.();
      fanOut.close();
    },

    engine: () => dialect.name,
    async version() {
      const { stdout } = await cli.run('VersionError', ['version', '--format', dialect.versionFormat]);
      return `${dialect.name}://${stdout.trim()}`;
    },

    execSync: (id, command, timeoutMs) => execSync(id, command, { ...execOptions, timeoutMs }),
    async exec(id, command, streams) {
      return exec(id, command, { ...execOptions, streams });
    },
    async attach(id, streams) {
      const container = attachable(await containers.containerStatus(id));
      const settings = consoleOf(container.labels);
      const onError = (error: unknown) => log.warn({ err: error, container: container.name }, 'attach');
      return dialect.attach({ containerId: id, settings, streams, onError });
    },
    portForward: (sandboxId, port) => portForward(records.get(sandboxId), port),
  };
}

function mountable(mounts: readonly Mount[], { name, mountsImages }: Dialect): Mount[] {
  const refused = mounts.find(({ image }) => image && (image.subPath || !mountsImages));
  if (!refused) return [...mounts];
  const what = refused.image?.subPath
    ? `subPath ${JSON.stringify(refused.image.subPath)} of an image`
    : 'an image volume';
  throw new RuntimeError('CreateContainerError', `${what}: ${name} cannot mount it, use nerdctl for it`);
}
