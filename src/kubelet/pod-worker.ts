// One pod's life on this node. Everything that happens to the pod pokes its worker; the worker looks at what the
// runtime has, reports the status, and takes the next step, one at a time. A deletion interrupts a step that waits.
import path from 'node:path';
import type { Pod } from '../api/types/core/v1.ts';
import type { Client } from '../client/client.ts';
import { formatPod } from './pod-record.ts';
import { createPodReport } from './pod-report.ts';
import { createPodState, isTerminating, type PodFailure } from './pod-state.ts';
import { createPodSync, type PodSyncOptions } from './pod-sync.ts';
import { createPodTermination } from './pod-termination.ts';
import type { PodVolumes } from './pod-volumes.ts';
import type { Prober } from './probes/prober.ts';
import type { PodResize } from './resize/pod-resize.ts';
import type { StatusWriter } from './status/status-writer.ts';
import { createWakeUps } from './wake-ups.ts';

/** What the worker makes for the parts of itself. */
type Own = 'state' | 'prober' | 'resize' | 'report' | 'termination' | 'wakeUps';

export interface PodWorkerOptions extends Omit<PodSyncOptions, Own> {
  client: Client;
  hostIPs: () => readonly string[];
  prober: (changed: () => void) => Prober;
  writer: (pod: () => Pod) => StatusWriter;
  resize: (pod: Pod) => PodResize;
  /** Nothing of the pod is left. */
  gone(): void;
}

export interface PodWorker {
  /** With the resources that it was given, which may not be those that it asks for by now. */
  pod(): Pod;
  claimedPlaces: PodVolumes['claimedPlaces'];
  /** A resize waits for others to give something back. */
  waitsForRoom(): boolean;
  /** The node may have room for a resize that waits. */
  retryResize(): void;
  update(pod: Pod): void;
  /** The API has no such pod any more. */
  removed(): void;
  /** Ends the pod for good, unless it has ended; resolves when nothing of it runs, or the kubelet stops. */
  fail(failure: PodFailure): Promise<void>;
  poke(): void;
  /** Leaves the containers running. */
  stop(): Promise<void>;
}

export function createPodWorker(first: Pod, options: PodWorkerOptions): PodWorker {
  const { clock, log } = options;
  const resize = options.resize(first);
  const state = createPodState(resize.take(first));
  let stopped = false;
  let dirty = false;
  let running: Promise<void> | undefined;
  let interrupt = new AbortController();
  const done = Promise.withResolvers<void>();
  const prober = options.prober(() => poke());
  const writer = options.writer(() => state.pod);
  const wakeUps = createWakeUps(clock, poke);
  const report = createPodReport({ ...options, state, resize, prober, writer });
  const termination = createPodTermination({ ...options, state, report, prober, writer, wakeUps });
  const sync = createPodSync({ ...options, state, resize, report, prober, termination, wakeUps });
  const uid = first.metadata.uid as string;

  function poke(): void {
    if (stopped) return;
    dirty = true;
    if (running) report.tell().catch((error: unknown) => log.warn({ err: error }, 'pod status not computed'));
    running ??= work().finally(() => {
      running = undefined;
      if (dirty && !stopped) poke();
    });
  }

  async function work(): Promise<void> {
    while (dirty && !stopped) {
      dirty = false;
      try {
        if (isTerminating(state)) await remove();
        else await sync(interrupt.signal);
        if (state.isDone) done.resolve();
      } catch (error) {
        if (stopped) return;
        log.warn({ err: error, pod: formatPod(state.pod) }, 'pod step failed, trying again');
        wakeUps.in(options.retryMs, 'retry');
      }
    }
  }

  async function remove(): Promise<void> {
    await termination.remove();
    options.images.forget(uid);
    options.crashBackOff.forget(`${uid}_`);
    stopped = true;
    writer.stop();
    options.gone();
  }

  return {
    pod: () => state.pod,
    claimedPlaces: options.volumes.claimedPlaces,
    waitsForRoom: resize.isPending,
    retryResize() {
      const granted = resize.retry();
      if (!granted) return;
      state.pod = granted;
      poke();
    },
    update(next) {
      const wasTerminating = isTerminating(state);
      const before = termination.graceSeconds();
      state.pod = resize.take(next);
      if (isTerminating(state) && !wasTerminating) interrupt.abort(new Error('the pod is being deleted'));
      else if ((wasTerminating || state.failure) && termination.graceSeconds() < before) termination.hurry();
      poke();
    },
    removed() {
      state.isRemoved = true;
      interrupt.abort(new Error('the pod has been deleted'));
      termination.hurry();
      poke();
    },
    async fail(failure) {
      if (!state.isDone && !isTerminating(state)) {
        state.failure = failure;
        interrupt.abort(new Error(failure.message));
        interrupt = new AbortController();
        poke();
      }
      await done.promise;
    },
    poke,
    async stop() {
      stopped = true;
      interrupt.abort(new Error('the kubelet stops'));
      wakeUps.cancel();
      prober.stop();
      writer.stop();
      done.resolve();
      await writer.flush();
    },
  };
}

/** Where a pod keeps what is its own on the host. */
export const podDirectory = (dataDir: string, uid: string): string => path.join(dataDir, 'pods', uid);
