// The kubelet: runs the pods that are bound to this node, over a Runtime, and tells the API how they are.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { configMaps, pods, secrets, services } from '../api/resources.ts';
import type { Pod } from '../api/types/core/v1.ts';
import { type Component, startAll, stopAll } from '../lifecycle.ts';
import type { NodeFacts } from './field-path.ts';
import type { KubeletOptions } from './kubelet-options.ts';
import { createProbeMetrics } from './metrics/probe-metrics.ts';
import { hostMounter } from './mounts.ts';
import { allocatableOf } from './node/allocatable.ts';
import { type Machine, readMachine } from './node/machine.ts';
import { createNodeAgent } from './node/node-agent.ts';
import { createNodeManagement } from './node/node-management.ts';
import type { NodeInput } from './node/node-object.ts';
import { DEFAULT_NODE_SETTINGS } from './node/node-settings.ts';
import { hostResolvConf } from './pod-files.ts';
import { hasEnded } from './pod-record.ts';
import { podDirectory } from './pod-worker.ts';
import { podWorkerFactory, RETRY_MS } from './pod-worker-factory.ts';
import { createPodWorkers } from './pod-workers.ts';
import { createAccess } from './server/access.ts';
import { createKubeletServer } from './server/server.ts';
import { followManifests } from './static-pods/manifest-folder.ts';
import { createStaticPods } from './static-pods/static-pods.ts';

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
  const create = podWorkerFactory(options, {
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
  const nodeAgent = createNodeAgent({ ...options, input: nodeInput });
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
            ...(options.door ? { door: options.door } : {}),
            port: options.port,
            bindAddress: options.bindAddress,
          }),
        ]
      : []),
    // Last, so that everything else starts meanwhile: whoever is told that the server is up finds the node ready.
    { name: 'node status', start: nodeAgent.firstReport, stop: async () => undefined },
  ];
}
