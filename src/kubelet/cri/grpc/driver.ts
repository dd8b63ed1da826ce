// The CRI driver: any runtime that serves runtime.v1 at a UNIX socket. Its parts put together, and the events they live
// by. It keeps nothing on disk: sandboxes and containers are known by their labels and annotations.
import type { Clock } from '../../../clock.ts';
import { createGrpcChannel } from '../../../grpc/channel.ts';
import type { Read } from '../../../grpc/message.ts';
import { isGrpcError } from '../../../grpc/status.ts';
import type { Component } from '../../../lifecycle.ts';
import type { Logger } from '../../../log.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../../logs/log-file.ts';
import { createLogRotation } from '../../logs/log-rotation.ts';
import { createContainerTable } from '../container-table.ts';
import type { ContainerdEvent } from '../containerd/events.ts';
import { createEventFanOut } from '../event-fan-out.ts';
import { followEvents } from '../follow-events.ts';
import { createHealth } from '../health.ts';
import { createImageArrivals } from '../image-arrivals.ts';
import { createListeners } from '../listeners.ts';
import type { PodLogs } from '../pod-logs.ts';
import { type ImageRuntime, type Runtime, RuntimeError, type RuntimeEvent } from '../runtime.ts';
import { createCri, isStarting, REQUEST_TIMEOUT_MS } from './calls.ts';
import { createContainers } from './containers.ts';
import { dropsLastOutput } from './dropped-output.ts';
import { createEventSource, type EventSource } from './events.ts';
import { containerStatsOf, containerStatusOf } from './from-cri.ts';
import { createImages } from './images.ts';
import type { ContainerEventResponse } from './messages/container.ts';
import { createSandboxes } from './sandboxes.ts';
import {
  ATTACH,
  EXEC,
  EXEC_SYNC,
  LIST_CONTAINER_STATS,
  PORT_FORWARD,
  REOPEN_CONTAINER_LOG,
  STATUS,
  VERSION,
} from './services.ts';
import { openPort, openStreams } from './streaming.ts';
import type { Host } from './to-cri.ts';

export interface CriRuntimeOptions {
  /** The runtime's socket. */
  path: string;
  logs: PodLogs;
  logLimits?: LogLimits;
  /** Parent of the pods' cgroups that say none. */
  cgroup: string;
  /** Tells what is ours from what others run in the same runtime. */
  instance: string;
  host: Host;
  /** Images that are no pod's: not told, so that nobody removes them. */
  ownImages?: readonly string[];
  /** The runtime's own way to load an archive of images. */
  loadImages?: ImageRuntime['loadImages'];
  /** The runtime's own way to run a command, which ends with its client: the CRI has no call to end one. */
  exec?: Runtime['exec'];
  /** Brings the runtime back when it has ended; without it the driver waits for whoever runs it. */
  revive?: () => Promise<void>;
  clock: Clock;
  log: Logger;
}

/** The conditions that a runtime must have: cri-api/pkg/apis/runtime/v1/constants.go */
const CONDITIONS: Readonly<Record<string, string>> = {
  RuntimeReady: 'container runtime',
  NetworkReady: 'container runtime network',
};
const CHECK_TIMEOUT_MS = 10_000;

/** `start` subscribes and adopts what runs; calls made before it has finished wait for it. */
export function createCriRuntime(options: CriRuntimeOptions): Runtime & Component {
  const { clock, log, instance, host } = options;
  const channel = createGrpcChannel({ path: options.path, clock });
  const cri = createCri(channel);
  const fanOut = createEventFanOut();
  const imageListeners = createListeners<string>();
  const arrivals = createImageArrivals({ clock, arrived: imageListeners.tell });
  const { set: onHealth, ...health } = createHealth();
  const life = new AbortController();
  const firstSync = Promise.withResolvers<void>();
  const synced = () => firstSync.promise;
  let following: Promise<void> = Promise.resolve();
  let source: EventSource | undefined;
  let engine = '';

  // The runtime itself remembers what was killed for its memory: a list tells it again.
  const table = createContainerTable({ emit: tell, onOom() {}, wasOomKilled: ({ oomKilled }) => oomKilled });
  const rotation = createLogRotation({
    limits: options.logLimits ?? DEFAULT_LOG_LIMITS,
    reopen: async (containerId) => void (await cri.call('ReopenLogError', REOPEN_CONTAINER_LOG, { containerId })),
    clock,
    log,
  });
  const images = createImages({ cri, load: options.loadImages, hidden: options.ownImages });
  const sandboxes = createSandboxes({
    cri,
    logs: options.logs,
    cgroup: options.cgroup,
    instance,
    synced,
    removed(id) {
      for (const { id: container, sandboxId } of table.list()) if (sandboxId === id) table.remove(container);
    },
  });
  const { resync: resyncContainers, ...containers } = createContainers({
    cri,
    table,
    sandboxes,
    logs: options.logs,
    imageStatus: images.imageStatus,
    host,
    instance,
    clock,
    synced,
  });

  function tell(event: RuntimeEvent): void {
    const status = table.get(event.containerId);
    if (status?.state === 'running') rotation.keep(status);
    else rotation.forget(event.containerId);
    fanOut.emit(event);
  }

  async function subscribe(signal: AbortSignal, onSubscribed: () => void): Promise<void> {
    const { runtimeName, runtimeVersion } = await cri.call('StartError', VERSION, { version: 'v1' });
    if (engine === '' && dropsLastOutput({ name: runtimeName, version: runtimeVersion })) {
      log.warn(
        `${runtimeName} ${runtimeVersion} loses the last lines of containers that write much just before they end: install 1.6.22, 1.7.3 or newer`,
      );
    }
    engine = runtimeName;
    source ??= createEventSource({
      path: options.path,
      channel,
      clock,
      runtimeName,
      onContainerdEvent,
      onCriEvent,
      relist: resync,
    });
    await source.subscribe(signal, onSubscribed);
  }

  /** Its own word, in upstream's form: pkg/kubelet/kubelet.go updateRuntimeUp */
  async function check(): Promise<string | undefined> {
    const { status } = await cri.call('StatusError', STATUS, {}, CHECK_TIMEOUT_MS);
    const failing = status?.conditions.find((condition) => !condition.status && condition.type in CONDITIONS);
    if (!failing) return undefined;
    const { type, reason, message } = failing;
    return `${CONDITIONS[type]} not ready: ${type}=false reason:${reason} message:${message}`;
  }

  async function resync(): Promise<void> {
    await Promise.all([sandboxes.resync(), resyncContainers()]);
    firstSync.resolve();
  }

  /** The end of a sandbox's own process is the sandbox's: its pod is told. */
  async function sandboxChanged(id: string): Promise<void> {
    if (!(await sandboxes.refresh(id))) return;
    const sandbox = (await sandboxes.listSandboxes()).find((one) => one.id === id);
    fanOut.emit({ type: 'exited', containerId: id, sandboxId: id, ...(sandbox ? { podUid: sandbox.pod.uid } : {}) });
  }

  function onContainerdEvent(event: ContainerdEvent): void {
    arrivals.apply(event);
    const { topic, containerId } = event;
    if (containerId === undefined) return;
    table.applyEvent(event);
    if (!table.get(containerId) && topic === '/tasks/exit') {
      sandboxChanged(containerId).catch((error: unknown) => log.warn({ err: error }, 'a sandbox has ended'));
    }
  }

  function onCriEvent(event: Read<typeof ContainerEventResponse>): void {
    if (event.containerEventType === 'CONTAINER_DELETED_EVENT') table.remove(event.containerId);
    for (const one of event.containersStatuses) {
      const status = containerStatusOf(one);
      if (table.get(status.id)) table.advance(status.id, status);
    }
    if (event.containerId === event.podSandboxStatus?.id) {
      sandboxChanged(event.containerId).catch((error: unknown) => log.warn({ err: error }, 'a sandbox has changed'));
    }
  }

  return {
    name: 'cri',
    ...health,
    ...containers,
    ...sandboxes,
    ...images,
    events: fanOut.subscribe,
    onImage: imageListeners.add,

    async start() {
      const revive = async () => options.revive?.();
      following = followEvents({ clock, log, revive, subscribe, resync, check, isStarting, onHealth }, life.signal);
      await Promise.race([firstSync.promise, following]);
    },

    async stop() {
      life.abort(new Error('the runtime driver is stopped'));
      await following.catch(() => undefined); // start() has told it
      arrivals.stop();
      rotation.close();
      fanOut.close();
      source?.close();
      channel.close();
    },

    engine: () => engine,
    async version() {
      const { runtimeName, runtimeVersion } = await cri.call('VersionError', VERSION, { version: 'v1' });
      return `${runtimeName}://${runtimeVersion.replace(/^v/, '')}`;
    },

    async listContainerStats() {
      const { stats } = await cri.call('ContainerStatsError', LIST_CONTAINER_STATS, {});
      return stats.map(containerStatsOf).filter(({ id }) => table.get(id)?.state === 'running');
    },

    async execSync(containerId, cmd, timeoutMs) {
      const timeout = Math.ceil(timeoutMs / 1000);
      const limit = timeoutMs > 0 ? timeout * 1000 + REQUEST_TIMEOUT_MS : undefined;
      try {
        return await cri.call('ExecError', EXEC_SYNC, { containerId, cmd, timeout }, limit);
      } catch (error) {
        const { cause, message } = error as RuntimeError;
        if (isGrpcError(cause, 'DEADLINE_EXCEEDED')) throw new RuntimeError('ExecTimeout', message, cause);
        throw error;
      }
    },

    async exec(containerId, cmd, streams) {
      if (options.exec) return options.exec(containerId, cmd, streams);
      // as upstream: a terminal has no stderr of its own, and asking for it is an error
      const request = { containerId, cmd, ...streams, stderr: streams.stderr && !streams.tty };
      const { url } = await cri.call('ExecError', EXEC, request);
      return openStreams(url, streams, 'ExecError');
    },

    async attach(containerId, streams) {
      const status = await containers.containerStatus(containerId);
      if (status?.state !== 'running') {
        throw new RuntimeError('AttachError', `container ${status?.name ?? ''} is not running`);
      }
      const request = { containerId, ...streams, stderr: streams.stderr && !streams.tty };
      const { url } = await cri.call('AttachError', ATTACH, request);
      return openStreams(url, streams, 'AttachError');
    },

    async portForward(podSandboxId, port) {
      const { url } = await cri.call('PortForwardError', PORT_FORWARD, { podSandboxId, port: [port] });
      return openPort(url, port);
    },
  };
}
