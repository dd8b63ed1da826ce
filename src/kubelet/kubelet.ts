// The kubelet: runs the pods that are bound to this node, over a Runtime, and tells the API how they are.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { configMaps, pods, secrets, services } from '../api/resources.ts';
import type { Pod } from '../api/types/core/v1.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Informers } from '../client/informer.ts';
import type { Clock } from '../clock.ts';
import { type Component, startAll, stopAll } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import { admitPod, hostHasAppArmor } from './admission.ts';
import { createKeyedBackOff } from './back-off.ts';
import type { Cgroups } from './cgroups/cgroups.ts';
import { createContainerStarter } from './container-starter.ts';
import { createContainerStopper } from './container-stopper.ts';
import type { Runtime } from './cri/runtime.ts';
import type { NodeFacts } from './field-path.ts';
import { createPullCredentials } from './images/pull-secrets.ts';
import { createImages } from './images.ts';
import { createProbeMetrics, type ProbeMetrics } from './metrics/probe-metrics.ts';
import { hostMounter, type Mounter } from './mounts.ts';
import { allocatableOf } from './node/allocatable.ts';
import { type Machine, readMachine } from './node/machine.ts';
import { createNodeAgent } from './node/node-agent.ts';
import { createNodeManagement, type NodeManagement } from './node/node-management.ts';
import type { NodeInput } from './node/node-object.ts';
import { DEFAULT_NODE_SETTINGS, type NodeSettings } from './node/node-settings.ts';
import { createPodFiles, hostResolvConf } from './pod-files.ts';
import { createPodObjects } from './pod-objects.ts';
import { hasEnded } from './pod-record.ts';
import { createPodVolumes } from './pod-volumes.ts';
import { createPodWorker, podDirectory } from './pod-worker.ts';
import { createPodWorkers } from './pod-workers.ts';
import { createProber } from './probes/prober.ts';
import { openAllocationFile } from './resize/allocation-file.ts';
import { shortageOf } from './resize/fit.ts';
import { createPodResize } from './resize/pod-resize.ts';
import { runtimeResources } from './resources.ts';
import { createAccess } from './server/access.ts';
import { createKubeletServer, type KubeletTls } from './server/server.ts';
import { isStaticPod } from './static-pods/annotations.ts';
import { followManifests } from './static-pods/manifest-folder.ts';
import { createStaticPods, type StaticPods } from './static-pods/static-pods.ts';
import { createStatusWriter } from './status/status-writer.ts';

export interface KubeletOptions {
  client: Client;
  informers: Informers;
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  /** The host's addresses, the main one first; asked for at every heartbeat. */
  nodeIPs: () => readonly string[];
  /** The kubelet's own directory; pods live in `<dataDir>/pods`. */
  dataDir: string;
  clusterDns: readonly string[];
  clusterDomain: string;
  podCidr?: string;
  /** Serving certificate and the authority whose clients may use the server; undefined: no server. */
  tls?: KubeletTls;
  port: number;
  /** Where the server listens; default all addresses. */
  bindAddress?: string;
  /** Default: upstream's, with a limit of processes. */
  settings?: NodeSettings;
  /** `root`: parent of the pods' control groups. undefined: pods are where the runtime puts them. */
  cgroups?: { host: Cgroups; root: string };
  nodeLabels?: Readonly<Record<string, string>>;
  /** The host's resolver configuration; default /etc/resolv.conf, or what systemd-resolved forwards to. */
  resolvConf?: string;
  ledger?: Pick<HostLedger, 'record'>;
  mounter?: Mounter;
  /** The longest pause before a container that keeps ending is started again; default 5 min, from 10 s on doubling. */
  maxContainerRestartPeriodMs?: number;
  /** The node's own passwords for registries, as `docker login` writes them; need not exist. */
  registryConfig?: string;
  /** How many images are pulled at a time; default 3. */
  parallelPulls?: number;
  /** File or folder of manifests of static pods. */
  podManifestPath?: string;
  /** Pause before a failed step is tried again; default 10 s. */
  retryMs?: number;
  /** Sysctls beyond the safe ones that pods may have, as checkSysctlPatterns takes them. */
  allowedUnsafeSysctls?: readonly string[];
}

const PARALLEL_PULLS = 3;
const RETRY_MS = 10_000;
/** Upstream's, for containers that end and for pulls that fail. */
const BACK_OFF = { initialMs: 10_000, maxMs: 300_000, forgetMs: 600_000 };

/** `start` resolves when the node is registered and every pod of it has a worker. */
export function createKubelet(options: KubeletOptions): Component {
  let parts: Component[] = [];
  return {
    name: 'kubelet',
    async start() {
      await mkdir(path.join(options.dataDir, 'pods'), { recursive: true, mode: 0o750 });
      options.ledger?.record({ kind: 'mounts-below', path: path.join(options.dataDir, 'pods') });
      const [machine, version] = await Promise.all([readMachine(options.dataDir), options.runtime.version()]);
      const wanted = await assemble(options, machine, version);
      await startAll(wanted);
      parts = wanted;
    },
    stop: () => stopAll(parts.splice(0)),
  };
}

async function assemble(options: KubeletOptions, machine: Machine, runtimeVersion: string): Promise<Component[]> {
  const { client, informers, runtime, clock, log, nodeName } = options;
  const settings = options.settings ?? DEFAULT_NODE_SETTINGS;
  const nodeInput = (): NodeInput => ({
    nodeName,
    addresses: options.nodeIPs(),
    port: options.port,
    machine,
    runtimeVersion,
    labels: options.nodeLabels ?? {},
    settings,
    pressures: management.pressures(),
    notReady: management.problem(),
    ...(options.podCidr ? { podCidr: options.podCidr } : {}),
  });
  const node = (): NodeFacts => ({
    nodeName,
    hostIPs: options.nodeIPs(),
    allocatable: allocatableOf(machine, settings),
  });
  const retryMs = options.retryMs ?? RETRY_MS;
  const manifests = options.podManifestPath ? followManifests(options.podManifestPath, options) : undefined;
  const staticPods = createStaticPods({ ...options, retryMs, manifests });
  const otherPods = (uid: string): Pod[] =>
    workers
      .all()
      .map((worker) => worker.pod())
      .filter((pod) => pod.metadata.uid !== uid && !hasEnded(pod));
  const probes = createProbeMetrics();
  const management = createNodeManagement({
    ...options,
    machine,
    settings,
    nodeDir: options.dataDir,
    podDirectory: (uid) => podDirectory(options.dataDir, uid),
    workers: () => workers.all(),
    probes,
    changed: () => nodeAgent.report(),
  });
  const resolvConf = options.resolvConf ?? (await hostResolvConf());
  const create = workerFactory(options, {
    machine,
    node,
    resolvConf,
    management,
    probes,
    otherPods,
    staticPods,
  });
  const workers = createPodWorkers({ ...options, staticPods, mounter: options.mounter ?? hostMounter, create });
  // Followed from the start, so that the first pod finds them in the cache.
  const followed = [pods, services, configMaps, secrets].map((type) => informers.for(type as typeof pods).synced);
  const nodeAgent = createNodeAgent({ client, clock, log, runtime, input: nodeInput });
  return [
    nodeAgent,
    management,
    {
      name: 'pods',
      start: async () => {
        await Promise.all(followed);
        await workers.start();
        await management.removeOthers();
      },
      stop: workers.stop,
    },
    ...(options.tls
      ? [
          createKubeletServer({
            runtime,
            clock,
            log,
            workers,
            access: createAccess({ client, clock, nodeName }),
            nodeEndpoint: management.endpoint,
            tls: options.tls,
            port: options.port,
            bindAddress: options.bindAddress,
          }),
        ]
      : []),
    // Last, so that everything else starts meanwhile: whoever is told that the server is up finds the node ready.
    { name: 'node status', start: nodeAgent.firstReport, stop: async () => undefined },
  ];
}

/** What all workers share is made once; the rest for each pod. */
function workerFactory(
  options: KubeletOptions,
  host: {
    machine: Machine;
    node: () => NodeFacts;
    resolvConf: string;
    probes: ProbeMetrics;
    management: NodeManagement;
    otherPods: (uid: string) => Pod[];
    staticPods: StaticPods;
  },
) {
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
    }),
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
      prober: (changed) => createProber({ clock, runtime, events, metrics: host.probes, changed }),
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
