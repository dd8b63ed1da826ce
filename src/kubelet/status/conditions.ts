// The conditions that the kubelet owns: pkg/kubelet/status/generate.go. Pure.
import type { ContainerStatus, Pod, PodCondition } from '../../api/types/core/v1.ts';
import { isSidecar, specOf } from '../pod-record.ts';
import type { Phase } from './phase.ts';

const OWNED = new Set([
  'PodScheduled',
  'Ready',
  'Initialized',
  'ContainersReady',
  'PodReadyToStartContainers',
  'PodResizePending',
  'PodResizeInProgress',
  'AllContainersRestarting',
]);

export const isOwnCondition = (type: string): boolean => OWNED.has(type);

interface Verdict {
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

const YES: Verdict = { status: 'True' };

/** In the order in which upstream writes them; `foreign` are the conditions of others, which stay. */
export function podConditions(input: {
  pod: Pod;
  phase: Phase;
  sandboxReady: boolean;
  /** About a resize, with times of their own. */
  resize: readonly PodCondition[];
  /** What is owned by others and by the kubelet both. */
  more: readonly PodCondition[];
  /** undefined: no container can restart all. */
  restartingAll?: boolean;
  init: readonly ContainerStatus[];
  regular: readonly ContainerStatus[];
  old: readonly PodCondition[];
  now: string;
}): PodCondition[] {
  const { pod, phase, more } = input;
  const foreign = (pod.status?.conditions ?? []).filter(
    (c) => !isOwnCondition(c.type) && !more.some((m) => m.type === c.type),
  );
  const containersReady = containersReadyVerdict(pod, phase, [...input.init, ...input.regular]);
  const verdicts: [string, Verdict][] = [
    ['PodReadyToStartContainers', { status: input.sandboxReady ? 'True' : 'False' }],
    ['Initialized', initializedVerdict(input)],
    ['Ready', containersReady.status === 'True' ? gatesVerdict(pod, foreign) : containersReady],
    ['ContainersReady', containersReady],
    ['PodScheduled', YES],
  ];
  const generation = pod.metadata.generation;
  const own = verdicts.map(([type, verdict]) => ({
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...verdict,
  }));
  const restarting =
    input.restartingAll === undefined
      ? []
      : [{ type: 'AllContainersRestarting', ...restartingVerdict(phase, input.restartingAll) }];
  const dated = [...more, ...own, ...restarting].map((condition): PodCondition => {
    const before = input.old.find((c) => c.type === condition.type);
    const unchanged = before?.status === condition.status;
    return {
      ...condition,
      lastProbeTime: null as unknown as string, // upstream writes the zero time as null
      lastTransitionTime: unchanged ? (before.lastTransitionTime ?? input.now) : input.now,
    };
  });
  return [...foreign, ...input.resize, ...dated];
}

function restartingVerdict(phase: Phase, isRestarting: boolean): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (!isRestarting) return { status: 'False' };
  return {
    status: 'True',
    reason: 'RestartAllContainersStarted',
    message: 'container exited with restart policy rule',
  };
}

const namesOf = (names: readonly string[]): string => `[${names.join(' ')}]`;

function containersReadyVerdict(pod: Pod, phase: Phase, statuses: readonly ContainerStatus[]): Verdict {
  const spec = specOf(pod);
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const { name } of [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]) {
    const status = statuses.find((s) => s.name === name);
    if (!status) unknown.push(name);
    else if (!status.ready) unready.push(name);
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const message = told(['containers with unknown status', unknown], ['containers with unready status', unready]);
  return message ? { status: 'False', reason: 'ContainersNotReady', message } : YES;
}

const told = (...parts: [string, readonly string[]][]): string =>
  parts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${namesOf(names)}`)
    .join(', ');

function initializedVerdict(input: {
  pod: Pod;
  phase: Phase;
  init: readonly ContainerStatus[];
  regular: readonly ContainerStatus[];
  old: readonly PodCondition[];
}): Verdict {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of specOf(input.pod).initContainers ?? []) {
    const status = input.init.find((s) => s.name === container.name);
    if (!status) unknown.push(container.name);
    else if (isSidecar(container) ? !status.started : !status.ready) incomplete.push(container.name);
  }
  if (input.phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' };
  if (hasStartedRegular(input.regular)) return YES;
  // Who was initialized once stays so, even when all containers begin again.
  if (input.old.some((c) => c.type === 'Initialized' && c.status === 'True')) return YES;
  const message = told(['containers with unknown status', unknown], ['containers with incomplete status', incomplete]);
  return message ? { status: 'False', reason: 'ContainersNotInitialized', message } : YES;
}

/** kubecontainer.HasAnyRegularContainerStarted */
const hasStartedRegular = (regular: readonly ContainerStatus[]): boolean =>
  regular.some((s) => s.state?.running ?? s.state?.terminated);

function gatesVerdict(pod: Pod, conditions: readonly PodCondition[]): Verdict {
  const messages: string[] = [];
  for (const { conditionType } of specOf(pod).readinessGates ?? []) {
    const condition = conditions.find((c) => c.type === conditionType);
    if (!condition) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== 'True') {
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
    }
  }
  return messages.length > 0
    ? { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
    : YES;
}
