// Looks at what the runtime has of a pod and tells the API how the pod is, one look at a time: statuses are set in the
// order in which they were read.
import type { PodStatus } from '../api/types/core/v1.ts';
import { type Clock, timestamp } from '../clock.ts';
import { terminationLog } from './container-starter.ts';
import type { ContainerStatus, Runtime } from './cri/runtime.ts';
import { lastWords } from './last-words.ts';
import type { PodFiles } from './pod-files.ts';
import { findContainer, type PodRecord, recordOf, specOf } from './pod-record.ts';
import type { PodState } from './pod-state.ts';
import type { PodVolumes } from './pod-volumes.ts';
import type { Prober } from './probes/prober.ts';
import type { PodResize } from './resize/pod-resize.ts';
import { podStatus } from './status/pod-status.ts';
import type { StatusWriter } from './status/status-writer.ts';

export interface PodReport {
  /** What the runtime has, without telling it. */
  read(): Promise<PodRecord>;
  /** `terminal`: nothing of the pod will run again. */
  tell(options?: { terminal: boolean }): Promise<PodRecord>;
  /** The status told last; the pod's own after a restart of the kubelet. */
  status(): PodStatus;
  podIPs(record: PodRecord): readonly string[];
  /** Containers that the runtime is to have no longer. */
  forget(containers: readonly ContainerStatus[]): void;
}

export function createPodReport(options: {
  state: PodState;
  runtime: Pick<Runtime, 'engine' | 'listSandboxes' | 'listContainers'>;
  clock: Clock;
  prober: Prober;
  resize: PodResize;
  writer: StatusWriter;
  files: PodFiles;
  volumes: Pick<PodVolumes, 'isSetUp'>;
  hostIPs: () => readonly string[];
}): PodReport {
  const { state, runtime, prober, resize, writer, volumes } = options;
  const { uid } = state.pod.metadata;
  const words = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();

  async function read(): Promise<PodRecord> {
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
        const container = findContainer(state.pod, status.name);
        const file = terminationLog(options.files.directory, status.name, status.attempt);
        words.set(status.id, container ? await lastWords(status, container, file) : '');
      }),
    );
  }

  const podIPs = (record: PodRecord) =>
    specOf(state.pod).hostNetwork ? options.hostIPs() : (record.sandboxes[0]?.ips ?? []);

  const status = () => writer.current() ?? state.pod.status ?? {};

  /**
   * A container whose postStart hook has not ended is not running yet. A sandbox is told once the volumes are there: upstream
   * sets them up first, here both go on at once.
   */
  const asTold = (record: PodRecord): PodRecord => ({
    sandboxes: record.containers.length > 0 || volumes.isSetUp() ? record.sandboxes : [],
    containers: record.containers.map((c) =>
      c.state === 'running' && state.inPostStart.has(c.id) ? { ...c, state: 'created' } : c,
    ),
  });

  async function look(terminal: boolean): Promise<PodRecord> {
    const record = await read();
    await readLastWords(record);
    const told = asTold(record);
    prober.track(state.pod, told, podIPs(record)[0] ?? '');
    if (state.isRemoved) return record;
    if (!terminal) resize.actions(state.pod, record); // which says whether one goes on
    writer.set(
      podStatus({
        pod: state.pod,
        record: told,
        old: status(),
        waiting: state.waiting,
        readiness: prober,
        actuated: resize.actuated(),
        engine: runtime.engine(),
        resizeConditions: terminal ? [] : resize.conditions(),
        terminationMessages: words,
        hostIPs: options.hostIPs(),
        now: timestamp(options.clock),
        terminal,
        ...(state.failure ? { failure: state.failure } : {}),
      }),
    );
    return record;
  }

  return {
    read,
    tell({ terminal } = { terminal: state.isDone }) {
      const next = last.catch(() => undefined).then(() => look(terminal));
      last = next;
      return next;
    },
    status,
    podIPs,
    forget(containers) {
      for (const { id } of containers) words.delete(id);
    },
  };
}
