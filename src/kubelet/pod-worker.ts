// One pod's life on this node. Everything that happens to the pod pokes its worker; the worker looks at what the
// runtime has, reports the status, and takes the next step, one at a time. A deletion interrupts a step that waits.
import path from 'node:path';
import { pods } from '../api/resources.ts';
import type { Container, Pod } from '../api/types/core/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import { type Clock, type Timer, timestamp } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { KeyedBackOff } from './back-off.ts';
import { type ContainerStarter, terminationLog } from './container-starter.ts';
import type { ContainerStopper } from './container-stopper.ts';
import { crashPause } from './crash-pause.ts';
import { type Runtime, RuntimeError } from './cri/runtime.ts';
import { deadOf } from './dead-containers.ts';
import type { Images } from './images.ts';
import { lastWords } from './last-words.ts';
import { computePodActions, type PodActions } from './pod-actions.ts';
import type { PodFiles } from './pod-files.ts';
import { findContainer, formatPod, isRunning, newestOf, type PodRecord, recordOf, specOf } from './pod-record.ts';
import type { PodVolumes } from './pod-volumes.ts';
import type { Prober } from './probes/prober.ts';
import { sandboxConfig } from './sandbox-config.ts';
import type { WaitingReason } from './status/container-statuses.ts';
import { podStatus } from './status/pod-status.ts';
import type { StatusWriter } from './status/status-writer.ts';
import { untilAborted } from './until-aborted.ts';

export interface PodWorkerOptions {
  client: Client;
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  starter: ContainerStarter;
  stopper: ContainerStopper;
  images: Images;
  crashBackOff: KeyedBackOff;
  hostIPs: () => readonly string[];
  /** Pause before a step that failed is tried again, ms. */
  retryMs: number;
  /** Of this pod alone: */
  volumes: PodVolumes;
  files: PodFiles;
  prober: (changed: () => void) => Prober;
  writer: (pod: () => Pod) => StatusWriter;
  /** Nothing of the pod is left. */
  gone(): void;
}

export interface PodWorker {
  pod(): Pod;
  update(pod: Pod): void;
  /** The API has no such pod any more. */
  removed(): void;
  poke(): void;
  /** Leaves the containers running. */
  stop(): Promise<void>;
}

const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline';

export function createPodWorker(first: Pod, options: PodWorkerOptions): PodWorker {
  const { runtime, clock, events, log, stopper } = options;
  let pod = first;
  let isRemoved = false;
  let stopped = false;
  let dirty = false;
  let running: Promise<void> | undefined;
  let reporting: Promise<PodRecord> | undefined;
  let interrupt = new AbortController();
  let held: Promise<unknown> | undefined;
  let failure: { reason: string; message: string } | undefined;
  let isDone = first.status?.phase === 'Succeeded' || first.status?.phase === 'Failed';
  const waiting = new Map<string, WaitingReason>();
  const words = new Map<string, string>();
  const wakes = new Map<string, Timer>();
  const prober = options.prober(() => poke());
  const writer = options.writer(() => pod);
  const uid = first.metadata.uid as string;

  const isTerminating = () => isRemoved || pod.metadata.deletionTimestamp !== undefined;
  const oldStatus = () => writer.current() ?? pod.status ?? {};
  const ipsOf = (record: PodRecord) => (specOf(pod).hostNetwork ? options.hostIPs() : (record.sandboxes[0]?.ips ?? []));

  function poke(): void {
    if (stopped) return;
    dirty = true;
    if (running) report().catch((error: unknown) => log.warn({ err: error }, 'pod status not computed'));
    running ??= work().finally(() => {
      running = undefined;
      if (dirty && !stopped) poke();
    });
  }

  async function work(): Promise<void> {
    while (dirty && !stopped) {
      dirty = false;
      try {
        if (isTerminating()) await terminate();
        else await sync();
      } catch (error) {
        if (stopped) return;
        log.warn({ err: error, pod: formatPod(pod) }, 'pod step failed, trying again');
        wakeIn('retry', options.retryMs);
      }
    }
  }

  function wakeIn(why: string, ms: number): void {
    wakes.get(why)?.cancel();
    wakes.set(why, clock.after(ms, poke));
  }

  async function readRecord(): Promise<PodRecord> {
    const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
    return recordOf(
      sandboxes.filter((s) => s.pod.uid === uid),
      containers.filter((c) => c.pod.uid === uid),
    );
  }

  async function readLastWords(record: PodRecord): Promise<void> {
    const ended = record.containers.filter((c) => c.state === 'exited' && !words.has(c.id));
    await Promise.all(
      ended.map(async (status) => {
        const container = findContainer(pod, status.name);
        const file = terminationLog(options.files.directory, status.name, status.attempt);
        words.set(status.id, container ? await lastWords(status, container, file) : '');
      }),
    );
  }

  /** One at a time, so that statuses are set in the order in which they were read. */
  function report(terminal = isDone): Promise<PodRecord> {
    const next = (reporting ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => {
        const record = await readRecord();
        await readLastWords(record);
        prober.track(pod, record, ipsOf(record)[0] ?? '');
        if (isRemoved) return record;
        const status = podStatus({
          pod,
          record,
          old: oldStatus(),
          waiting,
          readiness: prober,
          terminationMessages: words,
          hostIPs: options.hostIPs(),
          now: timestamp(clock),
          terminal,
          ...(failure ? { failure } : {}),
        });
        writer.set(status);
        return record;
      });
    reporting = next;
    return next;
  }

  async function sync(): Promise<void> {
    const { signal } = interrupt;
    checkDeadline();
    const record = await report();
    if (isDone || failure) return finish(record);
    if (options.volumes.isSetUp()) await refreshVolumes();
    const actions = computePodActions(pod, record, prober);
    if (actions.killPod && record.sandboxes.some((s) => s.state === 'ready')) await stopEverything(record);
    if (actions.killPod && !actions.createSandbox) return finish(record);
    await killFailed(actions, record, signal);
    if (signal.aborted || (actions.start.length === 0 && !actions.createSandbox)) return collect(record);
    const sandboxId = await prepare(actions, record);
    if (sandboxId === undefined) return;
    for (const container of actions.start) {
      if (signal.aborted || stopped) return;
      if (!(await startOne(container, sandboxId, signal)) && actions.start.length > 1) await report();
    }
    collect(await report());
  }

  function checkDeadline(): void {
    const limit = specOf(pod).activeDeadlineSeconds;
    const since = oldStatus().startTime;
    if (limit === undefined || !since || failure || isDone) return;
    const left = Date.parse(since) + limit * 1000 - clock.now();
    if (left > 0) {
      wakeIn('deadline', left);
      return;
    }
    failure = { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE };
    events.event(pod, 'Normal', 'DeadlineExceeded', DEADLINE_MESSAGE);
  }

  /** Sandbox, volumes and images have nothing to do with one another until a container starts. */
  async function prepare(actions: PodActions, record: PodRecord): Promise<string | undefined> {
    const prefetch = actions.start[0] && runtime.imageStatus(actions.start[0].image ?? '').catch(() => undefined);
    const [sandbox, volumes] = await Promise.allSettled([
      actions.createSandbox ? createSandbox(actions.attempt, record) : actions.sandboxId,
      options.volumes.isSetUp() ? undefined : setUpVolumes(),
      prefetch,
    ]);
    if (volumes.status === 'rejected') {
      events.event(pod, 'Warning', 'FailedMount', (volumes.reason as Error).message);
      log.info({ err: volumes.reason, pod: formatPod(pod) }, 'volumes are not ready');
    }
    if (sandbox.status === 'rejected') {
      const { message } = sandbox.reason as Error;
      events.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
    }
    if (sandbox.status === 'fulfilled' && volumes.status === 'fulfilled') return sandbox.value;
    wakeIn('retry', options.retryMs);
    await report();
    return undefined;
  }

  async function createSandbox(attempt: number, record: PodRecord): Promise<string> {
    if (record.sandboxes.length > 0) {
      events.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    }
    return (await runtime.runSandbox(sandboxConfig(pod, attempt))).id;
  }

  async function setUpVolumes(): Promise<void> {
    const { refreshAt } = await options.volumes.setUp(pod);
    if (refreshAt !== undefined) wakeIn('volumes', Math.max(0, refreshAt - clock.now()));
  }

  async function refreshVolumes(): Promise<void> {
    await setUpVolumes().catch((error: Error) => {
      events.event(pod, 'Warning', 'FailedMount', error.message);
      wakeIn('retry', options.retryMs);
    });
  }

  async function killFailed(actions: PodActions, record: PodRecord, signal: AbortSignal): Promise<void> {
    const host = ipsOf(record)[0] ?? '';
    const stops = actions.kill.map(({ status, container, message, reason }) => {
      const probe = reason === 'LivenessProbe' ? container.livenessProbe : container.startupProbe;
      const own = reason === 'Unknown' ? undefined : probe?.terminationGracePeriodSeconds;
      const graceSeconds = own ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
      return stopper.stop({ pod, status, graceSeconds, message, host });
    });
    await untilAborted(Promise.all(stops), signal);
  }

  /** Returns whether it was started. */
  async function startOne(container: Container, sandboxId: string, signal: AbortSignal): Promise<boolean> {
    const record = await readRecord();
    const newest = newestOf(record, container.name);
    const pause = crashPause(container, newest, { pod, backOff: options.crashBackOff });
    if (pause) {
      events.event(pod, 'Warning', 'BackOff', pause.event, { fieldPath: `spec.containers{${container.name}}` });
      waiting.set(container.name, { reason: 'CrashLoopBackOff', message: pause.message });
      wakeIn(`start ${container.name}`, pause.leftMs);
      return false;
    }
    const told = (oldStatus().containerStatuses ?? []).concat(oldStatus().initContainerStatuses ?? []);
    const attempt = newest ? newest.attempt + 1 : (told.find((s) => s.name === container.name)?.restartCount ?? 0);
    try {
      await untilAborted(
        options.starter.start(container, {
          pod,
          sandboxId,
          podIPs: ipsOf(record),
          attempt,
          volumes: options.volumes,
          files: options.files,
          started: () => {
            waiting.delete(container.name);
            report().catch((error: unknown) => log.warn({ err: error }, 'pod status not computed'));
          },
          hold: (work) => {
            held = work;
            return work;
          },
          signal,
        }),
        signal,
      );
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const reason = error instanceof RuntimeError ? error.reason : 'CreateContainerError';
      waiting.set(container.name, { reason, message: (error as Error).message });
      log.info({ err: error, pod: formatPod(pod), container: container.name }, 'container not started');
      wakeIn(`start ${container.name}`, options.images.retryIn(pod, container) || options.retryMs);
      return false;
    }
  }

  async function stopEverything(record: PodRecord): Promise<void> {
    const graceSeconds = specOf(pod).terminationGracePeriodSeconds ?? 30;
    await stopper.stopAll(pod, record.containers.filter(isRunning), { graceSeconds, host: ipsOf(record)[0] ?? '' });
    await Promise.all(record.sandboxes.filter((s) => s.state === 'ready').map((s) => runtime.stopSandbox(s.id)));
  }

  /** The pod will not run again; its containers stay for their logs. */
  async function finish(record: PodRecord): Promise<void> {
    await stopEverything(record);
    isDone = true;
    await report();
    for (const timer of wakes.values()) timer.cancel();
    collect(record);
  }

  function collect(record: PodRecord): void {
    const { containers, sandboxes } = deadOf(record);
    for (const { id } of containers) words.delete(id);
    Promise.all(containers.map((c) => runtime.removeContainer(c.id)))
      .then(() => Promise.all(sandboxes.map((s) => runtime.removeSandbox(s.id))))
      .catch((error: unknown) => log.warn({ err: error, pod: formatPod(pod) }, 'dead containers stay for now'));
  }

  function deletionGrace(): number {
    const asked = pod.metadata.deletionGracePeriodSeconds ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
    return Math.max(1, asked);
  }

  async function terminate(): Promise<void> {
    await held?.catch(() => undefined); // told where it was started
    const record = await report();
    const host = ipsOf(record)[0] ?? '';
    await stopper.stopAll(pod, record.containers.filter(isRunning), { graceSeconds: deletionGrace(), host });
    for (const timer of wakes.values()) timer.cancel();
    isDone = true;
    // A pod that never ran says nothing new; others end with the exit codes of their containers.
    await report(true);
    prober.stop();
    await Promise.all([
      writer.flush(),
      Promise.all(record.sandboxes.map((s) => runtime.removeSandbox(s.id))).then(() => options.volumes.tearDown()),
    ]);
    if (!isRemoved) await deleteObject();
    options.images.forget(uid);
    options.crashBackOff.forget(`${uid}_`);
    stopped = true;
    writer.stop();
    options.gone();
  }

  async function deleteObject(): Promise<void> {
    const { namespace, name } = pod.metadata;
    try {
      await options.client.delete(pods, namespace, name as string, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Conflict: another pod bears the name by now.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  return {
    pod: () => pod,
    update(next) {
      const wasTerminating = isTerminating();
      const before = deletionGrace();
      pod = next;
      if (isTerminating() && !wasTerminating) interrupt.abort(new Error('the pod is being deleted'));
      else if (isTerminating() && deletionGrace() < before) hurry();
      poke();
    },
    removed() {
      isRemoved = true;
      interrupt.abort(new Error('the pod has been deleted'));
      hurry();
      poke();
    },
    poke,
    async stop() {
      stopped = true;
      interrupt.abort(new Error('the kubelet stops'));
      interrupt = new AbortController();
      for (const timer of wakes.values()) timer.cancel();
      prober.stop();
      writer.stop();
      await writer.flush();
    },
  };

  /** A deletion that was made more urgent shortens what is being waited for. */
  function hurry(): void {
    readRecord()
      .then((record) => {
        const at = { graceSeconds: deletionGrace(), host: ipsOf(record)[0] ?? '' };
        return stopper.stopAll(pod, record.containers.filter(isRunning), at);
      })
      .catch((error: unknown) => log.warn({ err: error, pod: formatPod(pod) }, 'containers do not stop faster'));
  }
}

/** Where a pod keeps what is its own on the host. */
export const podDirectory = (dataDir: string, uid: string): string => path.join(dataDir, 'pods', uid);
