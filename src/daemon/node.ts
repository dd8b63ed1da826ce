// What makes this host a node: containerd, the runtime over it, the pod network, and the record of all that
// they change on the host.
import { existsSync, mkdirSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { PAUSE_IMAGE } from '../kubelet/cri/pause.ts';
import { createPodLogs, type PodLogs } from '../kubelet/cri/pod-logs.ts';
import type { Runtime } from '../kubelet/cri/runtime.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { createCniNetwork } from '../network/cni.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { CNI_FOLDERS } from './check.ts';
import { ensureContainerd } from './containerd.ts';
import { nerdctlImages, registriesOf } from './images.ts';
import { instanceOf } from './instance.ts';
import type { Config } from './options.ts';
import { type RuntimeSettings, runtimePlace } from './runtime-place.ts';

export interface Node {
  runtime: Runtime & Component;
  network: Component;
}

type NodeConfig = RuntimeSettings &
  Pick<
    Config,
    | 'cluster-cidr'
    | 'cni-conf-dir'
    | 'registries'
    | 'pod-logs-dir'
    | 'container-log-max-size'
    | 'container-log-max-files'
  >;

interface Parts {
  clock: Clock;
  log: Logger;
  ledger: HostLedger;
}

/** Makes the parts; nothing runs yet. */
export async function createNode(config: NodeConfig, parts: Parts): Promise<Node> {
  const runDir = config['run-dir'];
  const { log, ledger } = parts;
  mkdirSync(runDir, { recursive: true, mode: 0o711 });
  const network = createCniNetwork({
    binDirs: CNI_FOLDERS,
    ...(config['cni-conf-dir'] ? { confDir: config['cni-conf-dir'] } : {}),
    podCIDR: config['cluster-cidr'],
    bridge: instanceOf(config['data-dir']).bridge,
    runDir,
    ledger,
    log: log.child({ component: 'network' }),
  });
  return { runtime: await runtimeOf(config, network, parts), network };
}

function runtimeOf(config: NodeConfig, network: PodNetwork, parts: Parts): Promise<Runtime & Component> {
  switch (runtimePlace(config).driver) {
    case 'cri':
      return criRuntime(config, parts);
    case 'podman':
      return podmanRuntime(config, network, parts);
    case 'docker':
      return dockerRuntime(config, network, parts);
    case 'nerdctl':
      return nerdctlRuntime(config, network, parts);
  }
}

function runtimeOptions(config: NodeConfig, network: PodNetwork, { clock, log, ledger }: Parts) {
  return {
    dataDir: config['data-dir'],
    runDir: config['run-dir'],
    network,
    ledger,
    clock,
    log: log.child({ component: 'runtime' }),
    cgroup: instanceOf(config['data-dir']).cgroup,
    registries: registriesOf(config),
    logs: podLogs(config, ledger),
    logLimits: logLimits(config),
  };
}

async function podmanRuntime(config: NodeConfig, network: PodNetwork, parts: Parts) {
  const { createPodmanRuntime } = await import('../kubelet/cri/podman/driver.ts');
  return createPodmanRuntime({ program: 'podman', ...runtimeOptions(config, network, parts) });
}

async function dockerRuntime(config: NodeConfig, network: PodNetwork, parts: Parts) {
  const { createDockerRuntime } = await import('../kubelet/cri/docker/driver.ts');
  return createDockerRuntime({ program: 'docker', ...runtimeOptions(config, network, parts) });
}

async function nerdctlRuntime(config: NodeConfig, network: PodNetwork, parts: Parts) {
  const { createNerdctlRuntime } = await import('../kubelet/cri/nerdctl/driver.ts');
  return createNerdctlRuntime({
    program: 'nerdctl',
    address: runtimePlace(config).socket,
    reviveContainerd: () => ensureContainerd(config, parts),
    ...runtimeOptions(config, network, parts),
  });
}

async function criRuntime(config: NodeConfig, { clock, log, ledger }: Parts) {
  const { createCriRuntime } = await import('../kubelet/cri/grpc/driver.ts');
  const { CNI_CACHE, criHost, execInOwn } = await import('./cri.ts');
  const { socket, isOwn } = runtimePlace(config);
  const { cgroup } = instanceOf(config['data-dir']);
  ledger.record({ kind: 'cgroup', path: cgroup });
  for (const folder of [CNI_CACHE, `${CNI_CACHE}/results`]) {
    if (isOwn && !existsSync(folder)) ledger.record({ kind: 'empty-folder', path: folder });
  }
  return createCriRuntime({
    path: socket,
    logs: podLogs(config, ledger),
    logLimits: logLimits(config),
    cgroup,
    instance: cgroup,
    host: criHost(isOwn),
    ...(isOwn
      ? { loadImages: nerdctlImages(config).loadImages, ownImages: [PAUSE_IMAGE], exec: execInOwn(config, clock) }
      : {}),
    revive: () => ensureContainerd(config, { clock, log }),
    clock,
    log: log.child({ component: 'runtime' }),
  });
}

const logLimits = (config: NodeConfig) => ({
  maxBytes: config['container-log-max-size'],
  maxFiles: config['container-log-max-files'],
});

/** Their files go with their pods, the folders as far as nobody else uses them. */
function podLogs(config: NodeConfig, ledger: HostLedger): PodLogs {
  const logs = createPodLogs(config['pod-logs-dir']);
  for (const folder of [logs.root, logs.links]) {
    if (!existsSync(folder)) ledger.record({ kind: 'empty-folder', path: folder });
  }
  return logs;
}

/** The runtime, which adopts what runs, once containerd answers; the pod network meanwhile. */
export async function startNode(node: Node, containerd: Promise<void>): Promise<void> {
  await Promise.all([containerd.then(() => node.runtime.start()), node.network.start()]);
}
