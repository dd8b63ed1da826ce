// The row of a Pod, as printPod of pkg/printers/internalversion/printers.go makes it.
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Cells } from '../behaviour.ts';
import type { Cell, TableContext } from '../definition.ts';
import type { Container, ContainerStatus, Pod } from '../types/core/v1.ts';
import { ageOf } from './age.ts';

/** What the walk over container statuses gathers. */
interface Summary {
  reason: string;
  ready: number;
  restarts: number;
  lastRestart: string | undefined;
}

function printPod(object: AnyObject, context: TableContext): Cell[] {
  const pod = object as unknown as Pod;
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar);
  const summary = summarise(pod, new Set(sidecars.map((container) => container.name)));
  const total = (pod.spec.containers ?? []).length + sidecars.length;
  return [
    pod.metadata.name ?? '',
    `${summary.ready}/${total}`,
    reasonOf(pod, summary.reason),
    summary.restarts > 0 && summary.lastRestart
      ? `${summary.restarts} (${ageOf(summary.lastRestart, context)} ago)`
      : String(summary.restarts),
    ageOf(pod.metadata.creationTimestamp, context),
    pod.status?.podIPs?.[0]?.ip || '<none>',
    pod.spec.nodeName || '<none>',
    pod.status?.nominatedNodeName || '<none>',
    readinessGates(pod),
  ];
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

function summarise(pod: Pod, sidecars: ReadonlySet<string>): Summary {
  const { status } = pod;
  const gated = status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  const first = gated ? 'SchedulingGated' : status?.reason || status?.phase || '';
  const init = summariseInit(pod, sidecars, first);
  const initialized = status?.conditions?.some((c) => c.type === 'Initialized' && c.status === 'True');
  return init.initializing && !initialized ? init : summariseContainers(pod, init);
}

interface InitSummary extends Summary {
  initializing: boolean;
  /** Restarts of sidecars alone; those of other init containers no longer count once the Pod is initialised. */
  sidecarRestarts: number;
  lastSidecarRestart: string | undefined;
}

function summariseInit(pod: Pod, sidecars: ReadonlySet<string>, reason: string): InitSummary {
  const summary: InitSummary = {
    reason,
    ready: 0,
    restarts: 0,
    lastRestart: undefined,
    initializing: false,
    sidecarRestarts: 0,
    lastSidecarRestart: undefined,
  };
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const finished = container.lastState?.terminated?.finishedAt;
    summary.restarts += container.restartCount;
    summary.lastRestart = later(summary.lastRestart, finished);
    if (sidecars.has(container.name)) {
      summary.sidecarRestarts += container.restartCount;
      summary.lastSidecarRestart = later(summary.lastSidecarRestart, finished);
    }
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) summary.ready++;
      continue;
    }
    summary.reason = `Init:${initReason(container) ?? `${index}/${(pod.spec.initContainers ?? []).length}`}`;
    summary.initializing = true;
    break;
  }
  return summary;
}

function initReason({ state }: ContainerStatus): string | undefined {
  if (state?.terminated) return terminatedReason(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== 'PodInitializing' ? waiting : undefined;
}

const terminatedReason = ({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }) =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);

function summariseContainers(pod: Pod, init: InitSummary): Summary {
  const summary: Summary = {
    reason: init.reason,
    ready: init.ready,
    restarts: init.sidecarRestarts,
    lastRestart: init.lastSidecarRestart,
  };
  let running = false;
  let failure = '';
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    summary.restarts += container.restartCount;
    summary.lastRestart = later(summary.lastRestart, container.lastState?.terminated?.finishedAt);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) {
      summary.reason = terminatedReason(terminated);
      if (terminated.exitCode !== 0) failure = summary.reason;
    } else if (container.ready && runs) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason === 'Completed') {
    const podReady = pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
    if (running && podReady) summary.reason = 'Running';
    else if (failure) summary.reason = failure;
    else if (running) summary.reason = 'NotReady';
  }
  return summary;
}

const later = (a: string | undefined, b: string | undefined): string | undefined =>
  !a || (b && Date.parse(b) > Date.parse(a)) ? b : a;

function reasonOf(pod: Pod, reason: string): string {
  if (!pod.metadata.deletionTimestamp) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating';
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(
    (gate) => pod.status?.conditions?.find((c) => c.type === gate.conditionType)?.status === 'True',
  );
  return `${open.length}/${gates.length}`;
}

export const podCells: Readonly<Record<string, Cells>> = { Pod: printPod };
