// Runs the probes of one pod's containers: timers exist only while a container with a probe runs. Counts and thresholds
// are those of pkg/kubelet/prober/worker.go; `changed` is called when an outcome changes.
import type { Container, Pod, Probe } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { ContainerStatus, StreamRuntime } from '../cri/runtime.ts';
import type { ProbeCount, ProbeMetrics } from '../metrics/probe-metrics.ts';
import type { ProbeOutcome, ProbeOutcomes } from '../pod-actions.ts';
import { aboutContainer, allContainers, isSidecar, newestOf, type PodRecord, specOf } from '../pod-record.ts';
import type { ReadinessFacts } from '../status/container-statuses.ts';
import { type ActionResult, type ProbeTarget, tryProbe } from './action.ts';
import type { Beats } from './beats.ts';

type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProberOptions {
  clock: Clock;
  /** Of all pods. */
  beats: Beats;
  runtime: Pick<StreamRuntime, 'execSync'>;
  events: EventRecorder;
  metrics?: Pick<ProbeMetrics, 'count'>;
  changed(): void;
  /** 0 to 1. */
  random?: () => number;
  /** How one try is made; for tests. */
  attempt?: (probe: Probe, target: ProbeTarget) => Promise<ActionResult>;
}

export interface Prober extends ProbeOutcomes, ReadinessFacts {
  /** Follows the pod's running containers; of a pod that is being stopped only readiness is looked at. */
  track(pod: Pod, record: PodRecord, host: string): void;
  stop(): void;
}

interface Task {
  kind: ProbeKind;
  probe: Probe;
  outcome: ProbeOutcome;
  run: { ok: boolean; length: number };
  timer: Timer | undefined;
  /** A failed liveness or startup probe waits for the container to be replaced; a passed startup probe is over. */
  finished: boolean;
  target: ProbeTarget;
  pod: Pod;
  count: ProbeCount | undefined;
}

/** prober.go, maxProbeRetries */
const MAX_TRIES = 3;

const INITIAL: Record<ProbeKind, ProbeOutcome> = { startup: 'unknown', liveness: 'success', readiness: 'failure' };

export function createProber(options: ProberOptions): Prober {
  const { clock, random = Math.random } = options;
  const attempt = options.attempt ?? ((probe, target) => tryProbe(probe, target, options));
  const tasks = new Map<string, Task>();
  let stopped = false;
  const keyOf = (id: string, kind: ProbeKind) => `${id}/${kind}`;
  const outcomeOf = (id: string, kind: ProbeKind) => tasks.get(keyOf(id, kind))?.outcome;

  function start(kind: ProbeKind, probe: Probe, at: { target: ProbeTarget; pod: Pod; status: ContainerStatus }): void {
    const task: Task = {
      kind,
      probe,
      outcome: INITIAL[kind],
      run: { ok: false, length: 0 },
      timer: undefined,
      finished: false,
      target: at.target,
      pod: at.pod,
      count: options.metrics?.count(at.pod, at.target.container.name, kind),
    };
    tasks.set(keyOf(at.status.id, kind), task);
    const before = toldOf(at.pod, at.status.id);
    if (kind === 'readiness' && before?.ready) task.outcome = 'success';
    if (kind === 'startup' && before?.started) {
      Object.assign(task, { outcome: 'success', finished: true });
      return;
    }
    const due = at.status.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    // Not all at once after a restart of the kubelet (worker.go).
    const spread = before?.ready ? random() * (probe.periodSeconds ?? 10) * 1000 : 0;
    // On its own, as pods wait for the first try to be ready.
    task.timer = clock.after(Math.max(0, due) + spread, () => begin(task, clock.monotonic()));
  }

  /** undefined when no try could be made, which counts neither way. */
  async function probe(task: Task): Promise<ActionResult | undefined> {
    for (let left = MAX_TRIES - 1; ; left--) {
      try {
        return await attempt(task.probe, task.target);
      } catch (error) {
        if (stopped || task.finished) return undefined;
        if (left > 0) continue;
        tell(task, 'Unhealthy', `probe errored and resulted in unknown state: ${(error as Error).message}`);
        return undefined;
      }
    }
  }

  function tell(task: Task, reason: 'Unhealthy' | 'ProbeWarning', message: string): void {
    const word = `${task.kind[0]?.toUpperCase()}${task.kind.slice(1)}`;
    const about = aboutContainer(task.pod, task.target.container.name);
    options.events.event(task.pod, 'Warning', reason, `${word} ${message}`, about);
  }

  /** Tries are a period apart from `due` on; of those that are due while this one goes on, one is made at its end (time.Ticker). */
  function begin(task: Task, due: number): void {
    const began = clock.monotonic();
    probe(task).then((result) => {
      if (stopped || task.finished) return;
      const now = clock.monotonic();
      task.count?.add(!result ? 'unknown' : result.ok ? 'successful' : 'failed', now - began);
      if (result) settle(task, result);
      if (task.finished) return;
      const period = (task.probe.periodSeconds ?? 10) * 1000;
      const last = due + Math.floor((now - due) / period) * period;
      task.timer =
        last > due
          ? options.beats.at(now, () => begin(task, last))
          : options.beats.at(due + period, (beat) => begin(task, beat));
    });
  }

  function settle(task: Task, result: ActionResult): void {
    if (!result.ok) tell(task, 'Unhealthy', `probe failed: ${result.output}`);
    else if (result.warning) tell(task, 'ProbeWarning', `probe warning: ${result.warning}`);
    task.run = { ok: result.ok, length: task.run.ok === result.ok ? task.run.length + 1 : 1 };
    const needed = result.ok ? (task.probe.successThreshold ?? 1) : (task.probe.failureThreshold ?? 3);
    if (task.run.length < needed) return;
    const outcome = result.ok ? 'success' : 'failure';
    if (task.kind !== 'readiness' && (outcome === 'failure' || task.kind === 'startup')) task.finished = true;
    if (task.outcome === outcome) return;
    task.outcome = outcome;
    options.changed();
  }

  function drop(key: string, task: Task): void {
    task.finished = true;
    task.count?.drop();
    task.timer?.cancel();
    tasks.delete(key);
  }

  const prober: Prober = {
    track(pod, record, host) {
      const spec = specOf(pod);
      const wanted = new Set<string>();
      for (const container of allContainers(spec)) {
        const status = newestOf(record, container.name);
        if (status?.state !== 'running') continue;
        if (spec.initContainers?.includes(container) && !isSidecar(container)) continue;
        const target = { containerId: status.id, container, host };
        for (const [kind, probe] of probesOf(container)) {
          if (kind !== 'readiness' && pod.metadata.deletionTimestamp) continue;
          const key = keyOf(status.id, kind);
          const waits = kind !== 'startup' && !prober.hasStarted(status.id, container);
          wanted.add(key);
          const task = tasks.get(key);
          if (task) Object.assign(task, { target, pod });
          else if (!waits && !stopped) start(kind, probe, { target, pod, status });
        }
      }
      for (const [key, task] of tasks) if (!wanted.has(key)) drop(key, task);
    },
    stop() {
      stopped = true;
      for (const [key, task] of tasks) drop(key, task);
    },
    liveness: (id) => outcomeOf(id, 'liveness'),
    startup: (id) => outcomeOf(id, 'startup'),
    hasStarted: (id, container) => !container.startupProbe || outcomeOf(id, 'startup') === 'success',
    isReady: (id, container) => !container.readinessProbe || outcomeOf(id, 'readiness') === 'success',
  };
  return prober;
}

/**
 * What the API has of a container that runs already when it is first seen: it was told by a kubelet that has been
 * started anew since, and stays true until a probe says otherwise.
 */
const toldOf = (pod: Pod, id: string) =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((s) =>
    s.containerID?.endsWith(`://${id}`),
  );

const probesOf = (container: Container): [ProbeKind, Probe][] =>
  (
    [
      ['startup', container.startupProbe],
      ['liveness', container.livenessProbe],
      ['readiness', container.readinessProbe],
    ] as [ProbeKind, Probe | undefined][]
  ).filter((entry): entry is [ProbeKind, Probe] => entry[1] !== undefined);
