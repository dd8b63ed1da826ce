// Makes the workers of pods out of a kubelet's parts: what they share is made once, the rest for each pod.
import path from 'node:path';
import { services } from '../api/resources.ts';
import type { Pod } from '../api/types/core/v1.ts';
import { admitPod, hostHasAppArmor } from './admission.ts';
import { createKeyedBackOff } from './back-off.ts';
import { createContainerStarter } from './container-starter.ts';
import { createContainerStopper } from './container-stopper.ts';
import type { NodeFacts } from './field-path.ts';
import { createCredentialProviders } from './images/credential-providers.ts';
import { openPullRecords } from './images/pull-records.ts';
import { createPullCredentials } from './images/pull-secrets.ts';
import { createImages } from './images.ts';
import type { KubeletOptions } from './kubelet-options.ts';
import type { ProbeMetrics } from './metrics/probe-metrics.ts';
import { hostMounter } from './mounts.ts';
import type { Machine } from './node/machine.ts';
import type { NodeManagement } from './node/node-management.ts';
import { createPodFiles } from './pod-files.ts';
import { createPodObjects } from './pod-objects.ts';
import { createPodVolumes } from './pod-volumes.ts';
import { createPodWorker, type PodWorker, podDirectory } from './pod-worker.ts';
import { createBeats } from './probes/beats.ts';
import { createProber } from './probes/prober.ts';
import { openAllocationFile } from './resize/allocation-file.ts';
import { shortageOf } from './resize/fit.ts';
import { createPodResize } from './resize/pod-resize.ts';
import { runtimeResources } from './resources.ts';
import { isStaticPod } from './static-pods/annotations.ts';
import type { StaticPods } from './static-pods/static-pods.ts';
import { createStatusWriter } from './status/status-writer.ts';

const PARALLEL_PULLS = 3;
/** Pause before a failed step is tried again. */
export const RETRY_MS = 10_000;
/** Upstream's, for containers that end and for pulls that fail. */
const BACK_OFF = { initialMs: 10_000, maxMs: 300_000, forgetMs: 600_000 };

/** What is of the node, not of the settings. */
export interface WorkerSurroundings {
  machine: Machine;
  node: () => NodeFacts;
  resolvConf: string;
  probes: ProbeMetrics;
  management: NodeManagement;
  otherPods: (uid: string) => Pod[];
  staticPods: StaticPods;
}

export function podWorkerFactory(
  options: KubeletOptions,
  host: WorkerSurroundings,
): (pod: Pod, gone: () => void) => PodWorker {
  const { client, informers, runtime, clock, log, events } = options;
  const maxMs = options.maxContainerRestartPeriodMs ?? BACK_OFF.maxMs;
  const objects = createPodObjects({ client, informers, clock });
  const images = createImages({
    runtime,
    events,
    clock,
    backOff: BACK_OFF,
    credentials: createPullCredentials({
      secret: (pod, name) => objects.of(pod).secret(name),
      events,
      registryConfig: options.registryConfig,
      providers: createCredentialProviders(options.credentialProviders ?? [], { clock, log }),
    }),
    records: openPullRecords({ dataDir: options.dataDir, clock, log }),
    parallelPulls: options.parallelPulls ?? PARALLEL_PULLS,
  });
  const stopper = createContainerStopper({ runtime, events, clock });
  const crashBackOff = createKeyedBackOff(clock, {
    ...BACK_OFF,
    initialMs: Math.min(BACK_OFF.initialMs, maxMs),
    maxMs,
  });
  const starter = createContainerStarter({
    runtime,
    images,
    events,
    clock,
    objects,
    stopper,
    services: (namespace) => {
      const { lister } = informers.for(services);
      const master = lister.get('default', 'kubernetes');
      return [...lister.list(namespace), ...(master && namespace !== 'default' ? [master] : [])];
    },
    node: host.node,
    nodeMemoryBytes: host.machine.memoryBytes,
    seccompDirectory: path.join(options.dataDir, 'seccomp'),
  });

  const beats = createBeats(clock);
  const { podCgroups, refusal, wake } = host.management;
  const admission = {
    events,
    nodeRefusal: refusal,
    allowedUnsafeSysctls: options.allowedUnsafeSysctls ?? [],
    hasAppArmor: hostHasAppArmor(),
  };

  return (pod: Pod, gone: () => void) => {
    const uid = pod.metadata.uid as string;
    const directory = podDirectory(options.dataDir, uid);
    const worker = createPodWorker(pod, {
      client,
      runtime,
      clock,
      log,
      events,
      starter,
      stopper,
      images,
      crashBackOff,
      hostIPs: options.nodeIPs,
      clusterDomain: options.clusterDomain,
      runtimeHandler: objects.runtimeHandler,
      retryMs: options.retryMs ?? RETRY_MS,
      volumes: createPodVolumes({
        directory,
        objects,
        node: host.node,
        mounter: options.mounter ?? hostMounter,
        clock,
      }),
      files: createPodFiles(directory, { ...options, resolvConf: host.resolvConf }),
      prober: (changed) => createProber({ clock, beats, runtime, events, metrics: host.probes, changed }),
      writer: (current) =>
        createStatusWriter({
          client,
          clock,
          log,
          pod: isStaticPod(pod) ? () => host.staticPods.mirrorOf(pod) : current,
        }),
      ...(podCgroups ? { cgroup: podCgroups } : {}),
      resize: (current) =>
        createPodResize(current, {
          file: openAllocationFile(directory),
          clock,
          events,
          runtime,
          shortage: (wish) => shortageOf(wish, host.otherPods(uid), host.node().allocatable),
          runtimeResources: (container, of) => runtimeResources(container, of, host.machine.memoryBytes),
          setPodCgroup: (of) => void podCgroups?.put(of),
        }),
      gone: () => {
        objects.forget(uid);
        gone();
      },
    });
    podCgroups?.adopt(pod);
    admitPod(pod, worker, admission);
    wake();
    return worker;
  };
}
