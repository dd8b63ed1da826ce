// A runtime in memory on an injected clock: the same seed, script and calls give the same ids, times and events.
// For the kubelet's tests and for simulations; the conformance list holds it to what the real driver does.
import { type Duplex, PassThrough } from 'node:stream';
import { type Clock, sleep } from '../../../clock.ts';
import { createEventFanOut } from '../event-fan-out.ts';
import { createHealth } from '../health.ts';
import { createListeners } from '../listeners.ts';
import {
  type ContainerConfig,
  type ContainerStatus,
  type ExecResult,
  type ExecSession,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type Sandbox,
  type SandboxConfig,
} from '../runtime.ts';
import { createSimulatedImages } from './images.ts';
import { type ContainerScript, type Operation, type Script, seededRandom } from './script.ts';

export interface SimulatedRuntime extends Runtime {
  /** The container ends now, as if by itself. */
  crash(containerId: string, exitCode: number, options?: { oom?: boolean }): void;
  /** The next call of the operation fails with this error. */
  failNext(operation: Operation, error: RuntimeError): void;
  /** From now on there is this problem, or none. */
  setProblem(problem: string | undefined): void;
  /** Writes to the container's output, for attach. */
  print(containerId: string, text: string): void;
}

interface Container {
  status: ContainerStatus;
  script: ContainerScript;
  /** Ends the pending end of its own. */
  cancelExit(): void;
  waiters: (() => void)[];
  output: PassThrough[];
}

const SIGKILL_EXIT_CODE = 137;
const START_ERROR_EXIT_CODE = 128;

export function createSimulatedRuntime(options: { clock: Clock; seed?: number; script?: Script }): SimulatedRuntime {
  const { clock } = options;
  const script = options.script ?? {};
  const { set: setProblem, ...health } = createHealth();
  const random = seededRandom(options.seed ?? 1);
  const newId = () =>
    Array.from({ length: 8 }, () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const fanOut = createEventFanOut();
  const imageListeners = createListeners<string>();
  const sandboxes = new Map<string, Sandbox & { config: SandboxConfig }>();
  const containers = new Map<string, Container>();
  const planned = new Map<Operation, RuntimeError[]>();
  let addresses = 1;

  const fault = (operation: Operation) => {
    const error = planned.get(operation)?.shift();
    if (error) throw error;
    const rate = script.failureRate?.[operation] ?? 0;
    if (rate > 0 && random() < rate) throw new RuntimeError('SimulatedFault', `${operation} failed as the seed has it`);
  };
  const images = createSimulatedImages(script.images ?? [], {
    clock,
    fault,
    arrived: imageListeners.tell,
  });

  const emit = (type: RuntimeEvent['type'], { id, sandboxId, pod }: ContainerStatus) =>
    fanOut.emit({ type, containerId: id, sandboxId, podUid: pod.uid });

  const find = (id: string): Container => {
    const container = containers.get(id);
    if (!container) throw new RuntimeError('NotFound', `no container ${id}`);
    return container;
  };
  const running = (id: string, reason: string): Container => {
    const container = find(id);
    if (container.status.state !== 'running') {
      throw new RuntimeError(reason, `container ${container.status.name} is not running`);
    }
    return container;
  };

  const end = (container: Container, exitCode: number, change: Partial<ContainerStatus> = {}) => {
    if (container.status.state === 'exited') return;
    container.cancelExit();
    if (change.oomKilled) emit('oom', container.status);
    container.status = { ...container.status, state: 'exited', finishedAt: clock.now(), exitCode, ...change };
    for (const stream of container.output) stream.end();
    emit('exited', container.status);
    for (const resolve of container.waiters.splice(0)) resolve();
  };

  const stopContainer = async (id: string, graceSeconds: number) => {
    fault('stopContainer');
    const container = containers.get(id);
    if (container?.status.state !== 'running') return;
    const { stopLatencyMs = 0, stopExitCode = 0 } = container.script;
    const exited = new Promise<void>((resolve) => container.waiters.push(resolve));
    const graceMs = graceSeconds * 1000;
    const inTime = graceMs > 0 && stopLatencyMs <= graceMs;
    const delay = inTime ? stopLatencyMs : Math.max(0, graceMs);
    const exitCode = inTime ? stopExitCode : SIGKILL_EXIT_CODE;
    if (delay === 0) end(container, exitCode);
    else clock.after(delay, () => end(container, exitCode));
    await exited;
  };

  const removeContainer = async (id: string) => {
    fault('removeContainer');
    const container = containers.get(id);
    if (!container) return;
    if (container.status.state === 'running') end(container, SIGKILL_EXIT_CODE);
    containers.delete(id);
    emit('deleted', container.status);
  };

  const ofSandbox = (id: string) => [...containers.values()].filter((c) => c.status.sandboxId === id);

  const stopSandbox = async (id: string) => {
    fault('stopSandbox');
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    for (const container of ofSandbox(id)) if (container.status.state === 'running') end(container, SIGKILL_EXIT_CODE);
    sandboxes.set(id, { ...sandbox, state: 'notReady' });
  };

  return {
    name: 'simulated',
    ...health,
    setProblem,
    engine: () => 'simulated',
    version: async () => 'simulated://1.0.0',
    ...images,
    events: fanOut.subscribe,
    onImage: imageListeners.add,

    async runSandbox(config) {
      fault('runSandbox');
      if (script.sandboxLatencyMs) await sleep(clock, script.sandboxLatencyMs);
      const sandbox = {
        id: newId(),
        pod: config.pod,
        attempt: config.attempt,
        state: 'ready' as const,
        createdAt: clock.now(),
        ips: config.network ? [addressOf(addresses++)] : [],
        config,
      };
      sandboxes.set(sandbox.id, sandbox);
      return sandbox;
    },
    stopSandbox,
    async removeSandbox(id) {
      fault('removeSandbox');
      await stopSandbox(id);
      for (const container of ofSandbox(id)) await removeContainer(container.status.id);
      sandboxes.delete(id);
    },
    listSandboxes: async () => [...sandboxes.values()],

    async createContainer(config) {
      fault('createContainer');
      const sandbox = sandboxes.get(config.sandboxId);
      if (!sandbox) throw new RuntimeError('CreateContainerError', `no sandbox ${config.sandboxId}`);
      const image = await images.imageStatus(config.image);
      if (!image) throw new RuntimeError('CreateContainerError', `image "${config.image}" is not present`);
      const status = createdStatus(newId(), config, {
        pod: sandbox.pod,
        createdAt: clock.now(),
        imageId: image.repoDigests[0] ?? image.id,
      });
      const behaviour = script.container?.(config, sandbox.config) ?? {};
      containers.set(status.id, { status, script: behaviour, cancelExit() {}, waiters: [], output: [] });
      emit('created', status);
      return status.id;
    },

    async startContainer(id) {
      fault('startContainer');
      const container = find(id);
      const { startLatencyMs, startError, exitAfterMs, exitCode = 0, oom } = container.script;
      if (startLatencyMs) await sleep(clock, startLatencyMs);
      if (containers.get(id) !== container || container.status.state !== 'created') {
        throw new RuntimeError('RunContainerError', `container ${container.status.name} ended while it was started`);
      }
      if (startError !== undefined) {
        end(container, START_ERROR_EXIT_CODE, { message: startError });
        throw new RuntimeError('RunContainerError', startError);
      }
      container.status = { ...container.status, state: 'running', startedAt: clock.now() };
      emit('started', container.status);
      if (exitAfterMs === undefined) return;
      const timer = clock.after(exitAfterMs, () =>
        end(container, oom ? SIGKILL_EXIT_CODE : exitCode, oom ? { oomKilled: true } : {}),
      );
      container.cancelExit = () => timer.cancel();
    },
    stopContainer,
    removeContainer,
    listContainers: async () => [...containers.values()].map((c) => c.status),
    containerStatus: async (id) => containers.get(id)?.status,
    async updateContainer(id, resources) {
      fault('updateContainer');
      const container = find(id);
      container.status = { ...container.status, resources: { ...container.status.resources, ...resources } };
    },
    async listContainerStats() {
      const running = [...containers.values()].filter(({ status }) => status.state === 'running');
      return running.map((container) => ({ id: container.status.id, at: clock.now(), ...container.script.stats?.() }));
    },
    async imageFilesystem() {
      const sizes = (await images.listImages()).map(({ size }) => size);
      const usedBytes = sizes.reduce((sum, size) => sum + size, 0);
      return script.imageFilesystem?.() ?? { mountpoint: '/', usedBytes, inodesUsed: sizes.length };
    },

    async execSync(id, command, timeoutMs): Promise<ExecResult> {
      fault('execSync');
      const { exitCode, stdout = '', stderr = '', latencyMs = 0 } = answer(running(id, 'ExecError'), command);
      if (timeoutMs > 0 && latencyMs > timeoutMs) {
        await sleep(clock, timeoutMs);
        throw new RuntimeError('ExecTimeout', `command ${JSON.stringify(command)} timed out after ${timeoutMs} ms`);
      }
      if (latencyMs > 0) await sleep(clock, latencyMs);
      return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
    },
    async exec(id, command, streams): Promise<ExecSession> {
      const { exitCode, stdout = '', stderr = '', latencyMs = 0 } = answer(running(id, 'ExecError'), command);
      const out = new PassThrough();
      const err = new PassThrough();
      const closed = Promise.withResolvers<void>();
      out.end(streams.tty ? stdout + stderr : stdout);
      err.end(streams.tty ? '' : stderr);
      return {
        ...(streams.stdin ? { stdin: new PassThrough().resume() } : {}),
        ...(streams.stdout ? { stdout: out } : {}),
        ...(streams.stderr && !streams.tty ? { stderr: err } : {}),
        resize() {},
        exit: Promise.race([latencyMs > 0 ? sleep(clock, latencyMs) : undefined, closed.promise]).then(() => exitCode),
        close: closed.resolve,
      };
    },
    async attach(id, streams): Promise<ExecSession> {
      const container = running(id, 'AttachError');
      const stdout = new PassThrough();
      container.output.push(stdout);
      const closed = Promise.withResolvers<void>();
      const exited = new Promise<void>((resolve) => container.waiters.push(resolve));
      return {
        ...(streams.stdin ? { stdin: new PassThrough().resume() } : {}),
        ...(streams.stdout ? { stdout } : {}),
        resize() {},
        exit: Promise.race([exited, closed.promise]).then(() => container.status.exitCode ?? 0),
        close() {
          stdout.end();
          closed.resolve();
        },
      };
    },
    async portForward(sandboxId): Promise<Duplex> {
      if (sandboxes.get(sandboxId)?.state !== 'ready') {
        throw new RuntimeError('PortForwardError', 'the pod sandbox is not running');
      }
      return new PassThrough(); // an echo server listens on every port
    },

    crash(id, exitCode, how = {}) {
      end(find(id), exitCode, how.oom ? { oomKilled: true } : {});
    },
    failNext(operation, error) {
      planned.set(operation, [...(planned.get(operation) ?? []), error]);
    },
    print(id, text) {
      for (const stream of find(id).output) stream.write(text);
    },
  };
}

const answer = (container: Container, command: readonly string[]) =>
  container.script.exec?.(command) ?? { exitCode: 0 };

/** 10.42.0.2 and on, as host-local would give them. */
const addressOf = (n: number) => `10.42.${(n + 1) >> 8}.${(n + 1) & 255}`;

function createdStatus(
  id: string,
  config: ContainerConfig,
  rest: Pick<ContainerStatus, 'pod' | 'createdAt' | 'imageId'>,
): ContainerStatus {
  return {
    id,
    sandboxId: config.sandboxId,
    name: config.name,
    attempt: config.attempt,
    state: 'created',
    startedAt: 0,
    finishedAt: 0,
    oomKilled: false,
    image: config.image,
    logPath: `/simulated/${id}.log`,
    labels: config.labels,
    resources: config.resources,
    ...rest,
  };
}
