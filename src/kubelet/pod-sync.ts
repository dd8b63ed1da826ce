// One step of a pod towards what its spec says: Kubelet.SyncPod and kuberuntime's SyncPod. A deletion, or a failure
// of the whole pod, interrupts what it waits for.
import type { Container, Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { KeyedBackOff } from './back-off.ts';
import type { PodCgroup } from './cgroups/pod-cgroups.ts';
import type { ContainerStarter } from './container-starter.ts';
import type { ContainerStopper } from './container-stopper.ts';
import { crashPause } from './crash-pause.ts';
import { type ContainerStatus, type Runtime, RuntimeError } from './cri/runtime.ts';
import type { Images } from './images.ts';
import { computePodActions, type PodActions } from './pod-actions.ts';
import type { PodFiles } from './pod-files.ts';
import { aboutContainer, formatPod, isRunning, isSidecar, newestOf, type PodRecord, specOf } from './pod-record.ts';
import type { PodReport } from './pod-report.ts';
import type { PodState } from './pod-state.ts';
import type { PodTermination } from './pod-termination.ts';
import { type PodVolumes, PodVolumesError } from './pod-volumes.ts';
import type { Prober } from './probes/prober.ts';
import type { PodResize } from './resize/pod-resize.ts';
import type { ResizeActions } from './resize/resize-actions.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { untilAborted } from './until-aborted.ts';
import type { WakeUps } from './wake-ups.ts';

export interface PodSyncOptions {
  state: PodState;
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  starter: ContainerStarter;
  stopper: ContainerStopper;
  images: Images;
  crashBackOff: KeyedBackOff;
  clusterDomain: string;
  /** That of the pod's RuntimeClass. */
  runtimeHandler: (pod: Pod) => Promise<string | undefined>;
  /** Pause before a step that failed is tried again, ms. */
  retryMs: number;
  volumes: PodVolumes;
  /** Its own control group; undefined: where the runtime puts it. */
  cgroup?: PodCgroup;
  files: PodFiles;
  prober: Prober;
  resize: PodResize;
  report: PodReport;
  termination: PodTermination;
  wakeUps: WakeUps;
}

const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline';

export function createPodSync(options: PodSyncOptions): (signal: AbortSignal) => Promise<void> {
  const { state, runtime, clock, events, log, report, resize, termination, wakeUps } = options;
  /** A resize that failed is left alone for a while: each try says what is used now, which makes another step. */
  let refusal: { generation: number | undefined; until: number } | undefined;

  /** By name: a start that was cut short may turn out to have happened before it is tried again. */
  const restUntil = new Map<string, number>();

  /** active_deadline.go */
  function checkDeadline(): void {
    const limit = specOf(state.pod).activeDeadlineSeconds;
    const since = report.status().startTime;
    if (limit === undefined || !since || state.failure || state.isDone) return;
    const left = Date.parse(since) + limit * 1000 - clock.now();
    if (left > 0) {
      wakeUps.in(left, 'deadline');
      return;
    }
    state.failure = { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE };
    events.event(state.pod, 'Normal', 'DeadlineExceeded', DEADLINE_MESSAGE);
  }

  /** Sandbox, volumes and images have nothing to do with one another until a container starts. */
  async function prepare(actions: PodActions, record: PodRecord): Promise<string | undefined> {
    const { pod } = state;
    const prefetch = actions.start[0] && runtime.imageStatus(actions.start[0].image ?? '').catch(() => undefined);
    const [sandbox, volumes] = await Promise.allSettled([
      actions.createSandbox ? createSandbox(actions.attempt, record) : actions.sandboxId,
      options.volumes.isSetUp() ? undefined : setUpVolumes(),
      prefetch,
    ]);
    if (volumes.status === 'rejected') {
      tellFailedMounts(volumes.reason as Error);
      log.info({ err: volumes.reason, pod: formatPod(pod) }, 'volumes are not ready');
    }
    if (sandbox.status === 'rejected') {
      const { message } = sandbox.reason as Error;
      events.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
    }
    if (sandbox.status === 'fulfilled' && volumes.status === 'fulfilled') return sandbox.value;
    wakeUps.in(options.retryMs, 'retry');
    await report.tell();
    return undefined;
  }

  async function createSandbox(attempt: number, record: PodRecord): Promise<string> {
    if (record.sandboxes.length > 0) {
      events.event(state.pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    }
    const runtimeHandler = await options.runtimeHandler(state.pod);
    const { clusterDomain } = options;
    const cgroupParent = options.cgroup?.put(state.pod);
    return (
      await runtime.runSandbox(sandboxConfig(state.pod, { attempt, clusterDomain, runtimeHandler, cgroupParent }))
    ).id;
  }

  function tellFailedMounts(error: Error): void {
    const messages = error instanceof PodVolumesError ? error.messages : [error.message];
    for (const message of messages) events.event(state.pod, 'Warning', 'FailedMount', message);
  }

  async function setUpVolumes(): Promise<void> {
    const { refreshAt } = await options.volumes.setUp(state.pod);
    if (refreshAt !== undefined) wakeUps.in(refreshAt - clock.now(), 'volumes');
  }

  async function refreshVolumes(): Promise<void> {
    await setUpVolumes().catch((error: Error) => {
      tellFailedMounts(error);
      wakeUps.in(options.retryMs, 'retry');
    });
  }

  async function killFailed(actions: PodActions, record: PodRecord, signal: AbortSignal): Promise<void> {
    const { pod } = state;
    const host = report.podIPs(record)[0] ?? '';
    const stops = actions.kill.map(({ status, container, message, reason }) => {
      const probe = reason === 'LivenessProbe' ? container.livenessProbe : container.startupProbe;
      const own =
        reason === 'LivenessProbe' || reason === 'StartupProbe' ? probe?.terminationGracePeriodSeconds : undefined;
      const graceSeconds = own ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
      return options.stopper.stop({ pod, status, graceSeconds, message, host });
    });
    await untilAborted(Promise.all(stops), signal);
  }

  /** A container's exit restarts them all: the runtime forgets them, and they start anew from the first one. */
  async function resetAll(actions: PodActions, record: PodRecord, signal: AbortSignal): Promise<void> {
    const host = report.podIPs(record)[0] ?? '';
    for (const { status, kill } of actions.reset) {
      if (signal.aborted) return;
      const order = { pod: state.pod, status, graceSeconds: 0, message: 'killing', host };
      if (kill) await options.stopper.stop(order);
      await runtime.removeContainer(status.id);
    }
    report.forget(record.containers);
  }

  async function actuate(resizing: ResizeActions): Promise<void> {
    const { generation } = state.pod.metadata;
    if (!resizing.isInProgress) return;
    if (refusal && refusal.generation === generation && clock.monotonic() < refusal.until) return;
    refusal = undefined;
    await resize.actuate(state.pod, resizing).catch((error: unknown) => {
      log.info({ err: error, pod: formatPod(state.pod) }, 'pod not resized');
      refusal = { generation, until: clock.monotonic() + options.retryMs };
      wakeUps.in(options.retryMs, 'resize');
    });
    await report.tell();
  }

  const attemptOf = (container: Container, record: PodRecord): number => {
    const newest = newestOf(record, container.name);
    if (newest && isCutShort(newest)) return newest.attempt;
    if (newest) return newest.attempt + 1;
    const { containerStatuses = [], initContainerStatuses = [] } = report.status();
    return [...containerStatuses, ...initContainerStatuses].find((s) => s.name === container.name)?.restartCount ?? 0;
  };

  /** One whose start was cut short, by the end of a server or of the runtime, may run yet: it must not be there twice. */
  const isCutShort = (status: ContainerStatus | undefined) => status?.state === 'created';

  /** Returns whether it was started. */
  async function startOne(container: Container, sandboxId: string, signal: AbortSignal): Promise<boolean> {
    const { pod, waiting } = state;
    const record = await report.read();
    const newest = newestOf(record, container.name);
    if (isCutShort(newest) && clock.monotonic() < (restUntil.get(container.name) ?? 0)) return false;
    const pause = crashPause(container, newest, { pod, backOff: options.crashBackOff });
    if (pause) {
      events.event(pod, 'Warning', 'BackOff', pause.event, aboutContainer(pod, container.name));
      waiting.set(container.name, { reason: 'CrashLoopBackOff', message: pause.message });
      wakeUps.in(pause.leftMs, `start ${container.name}`);
      return false;
    }
    try {
      if (newest && isCutShort(newest)) await runtime.removeContainer(newest.id);
      await untilAborted(
        options.starter.start(container, {
          pod,
          sandboxId,
          podIPs: report.podIPs(record),
          attempt: attemptOf(container, record),
          idOf: (name) => newestOf(record, name)?.id,
          volumes: options.volumes,
          files: options.files,
          inPostStart: state.inPostStart,
          created: () => resize.created(pod, container),
          started: () => {
            waiting.delete(container.name);
            report.tell().catch((error: unknown) => log.warn({ err: error }, 'pod status not computed'));
          },
          hold: (work) => {
            state.held = work;
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
      restUntil.set(container.name, clock.monotonic() + options.retryMs);
      wakeUps.in(options.images.retryIn(pod, container) || options.retryMs, `start ${container.name}`);
      return false;
    }
  }

  /** An init container that does not start holds up all that follow it, unless it is a sidecar. */
  async function startAll(actions: PodActions, sandboxId: string, signal: AbortSignal): Promise<void> {
    const init = specOf(state.pod).initContainers ?? [];
    for (const container of actions.start) {
      if (signal.aborted) return;
      if (await startOne(container, sandboxId, signal)) continue;
      if (init.includes(container) && !isSidecar(container)) return;
      if (actions.start.length > 1) await report.tell();
    }
  }

  return async function step(signal): Promise<void> {
    checkDeadline();
    const record = await report.tell();
    if (state.isDone || state.failure) return termination.finish(record);
    // Those of a pod that was running before this server started follow their sources too.
    if (options.volumes.isSetUp() || record.containers.some(isRunning)) await refreshVolumes();
    const resizing = resize.actions(state.pod, record);
    const actions = computePodActions(state.pod, record, {
      probes: options.prober,
      status: report.status(),
      resizeRestarts: resizing.restart,
    });
    if (actions.reset.length > 0) {
      await resetAll(actions, record, signal);
      if (!signal.aborted) await step(signal);
      return;
    }
    if (actions.killPod && record.sandboxes.some((s) => s.state === 'ready')) await termination.stopEverything(record);
    if (actions.killPod && !actions.createSandbox) return termination.finish(record);
    await killFailed(actions, record, signal);
    await actuate(resizing);
    if (signal.aborted || (actions.start.length === 0 && !actions.createSandbox)) return termination.collect(record);
    const sandboxId = await prepare(actions, record);
    if (sandboxId === undefined) return;
    await startAll(actions, sandboxId, signal);
    termination.collect(await report.tell());
  };
}
