// The end of a pod: containers stop, volumes go, and, when the pod was deleted, its object. Upstream's
// SyncTerminatingPod and SyncTerminatedPod (kubelet.go), and the grace of pod_workers.go.
import { pods } from '../api/resources.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Logger } from '../log.ts';
import type { PodCgroup } from './cgroups/pod-cgroups.ts';
import type { ContainerStopper } from './container-stopper.ts';
import type { Runtime } from './cri/runtime.ts';
import { deadOf } from './dead-containers.ts';
import { formatPod, isRunning, type PodRecord, specOf } from './pod-record.ts';
import type { PodReport } from './pod-report.ts';
import type { PodState } from './pod-state.ts';
import type { PodVolumes } from './pod-volumes.ts';
import type { Prober } from './probes/prober.ts';
import type { StatusWriter } from './status/status-writer.ts';
import type { WakeUps } from './wake-ups.ts';

export interface PodTermination {
  /** Seconds that containers get now; it only ever gets shorter. */
  graceSeconds(): number;
  stopEverything(record: PodRecord): Promise<void>;
  /** The pod will not run again; its containers stay for their logs. */
  finish(record: PodRecord): Promise<void>;
  /** Nothing of the pod stays, neither here nor, unless it is gone already, in the API. */
  remove(): Promise<void>;
  /** Stops faster what is being stopped. */
  hurry(): void;
  /** Removes dead containers that nobody will ask for any more. */
  collect(record: PodRecord): void;
}

/** What even a forced deletion leaves (pod_workers.go, calculateEffectiveGracePeriod). */
const LEAST_GRACE_SECONDS = 1;

export function createPodTermination(options: {
  state: PodState;
  client: Client;
  runtime: Runtime;
  log: Logger;
  events: EventRecorder;
  stopper: ContainerStopper;
  report: PodReport;
  prober: Prober;
  writer: StatusWriter;
  volumes: PodVolumes;
  cgroup?: PodCgroup;
  wakeUps: WakeUps;
}): PodTermination {
  const { state, client, runtime, log, events, stopper, report, prober, writer } = options;

  function graceSeconds(): number {
    const { pod, failure } = state;
    const asked = [pod.metadata.deletionGracePeriodSeconds, failure?.graceSeconds].filter((s) => s !== undefined);
    const seconds = asked.length > 0 ? Math.min(...asked) : (specOf(pod).terminationGracePeriodSeconds ?? 30);
    return Math.max(LEAST_GRACE_SECONDS, seconds);
  }

  async function stopContainers(record: PodRecord): Promise<void> {
    const at = { graceSeconds: graceSeconds(), host: report.podIPs(record)[0] ?? '' };
    await stopper.stopAll(state.pod, record.containers.filter(isRunning), at).catch((error: Error) => {
      events.event(state.pod, 'Warning', 'FailedKillPod', `error killing pod: ${error.message}`);
      throw error;
    });
  }

  async function stopEverything(record: PodRecord): Promise<void> {
    await stopContainers(record);
    await Promise.all(record.sandboxes.filter((s) => s.state === 'ready').map((s) => runtime.stopSandbox(s.id)));
  }

  function collect(record: PodRecord): void {
    const { containers, sandboxes } = deadOf(record);
    report.forget(containers);
    Promise.all(containers.map((c) => runtime.removeContainer(c.id)))
      .then(() => Promise.all(sandboxes.map((s) => runtime.removeSandbox(s.id))))
      .catch((error: unknown) => log.warn({ err: error, pod: formatPod(state.pod) }, 'dead containers stay for now'));
  }

  async function deleteObject(): Promise<void> {
    const { namespace, name = '', uid } = state.pod.metadata;
    try {
      await client.delete(pods, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid: uid as string } });
    } catch (error) {
      // Conflict: another pod bears the name by now.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  return {
    graceSeconds,
    stopEverything,
    collect,

    async finish(seen) {
      await state.held?.catch(() => undefined); // told where it was started
      const record = state.held ? await report.read() : seen;
      await stopEverything(record);
      state.isDone = true;
      await report.tell();
      options.wakeUps.cancel();
      await Promise.all([options.volumes.unmount(), options.cgroup?.remove(state.pod)]);
      collect(record);
    },

    async remove() {
      await state.held?.catch(() => undefined); // told where it was started
      const record = await report.tell();
      await stopContainers(record);
      options.wakeUps.cancel();
      state.isDone = true;
      await report.tell();
      prober.stop();
      await Promise.all([
        writer.flush(),
        Promise.all(record.sandboxes.map((s) => runtime.removeSandbox(s.id))).then(() =>
          Promise.all([options.volumes.tearDown(), options.cgroup?.remove(state.pod)]),
        ),
      ]);
      if (!state.isRemoved) await deleteObject();
    },

    hurry() {
      report
        .read()
        .then(stopContainers)
        .catch((error: unknown) =>
          log.warn({ err: error, pod: formatPod(state.pod) }, 'containers do not stop any faster'),
        );
    },
  };
}
