// What makes this host a node: containerd, the runtime over it, the pod network, and the record of all that
// they change on the host.
import { mkdirSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { containerdAddress } from '../kubelet/cri/containerd-process.ts';
import { createNerdctlRuntime } from '../kubelet/cri/nerdctl/driver.ts';
import type { Runtime } from '../kubelet/cri/runtime.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { createCniNetwork } from '../network/cni.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import { CNI_FOLDERS } from './check.ts';
import { ensureContainerd } from './containerd.ts';
import { registriesOf } from './images.ts';
import { instanceOf } from './instance.ts';
import type { Config } from './options.ts';

export interface Node {
  runtime: Runtime & Component;
  network: Component;
}

type NodeConfig = Pick<Config, 'data-dir' | 'run-dir' | 'containerd' | 'cluster-cidr' | 'cni-conf-dir' | 'registries'>;

/** Makes the parts; nothing runs yet. */
export function createNode(
  config: NodeConfig,
  { clock, log, ledger }: { clock: Clock; log: Logger; ledger: HostLedger },
): Node {
  const dataDir = config['data-dir'];
  const runDir = config['run-dir'];
  const { bridge, cgroup } = instanceOf(dataDir);
  mkdirSync(runDir, { recursive: true, mode: 0o711 });
  const network = createCniNetwork({
    binDirs: CNI_FOLDERS,
    ...(config['cni-conf-dir'] ? { confDir: config['cni-conf-dir'] } : {}),
    podCIDR: config['cluster-cidr'],
    bridge,
    runDir,
    ledger,
    log: log.child({ component: 'network' }),
  });
  const runtime = createNerdctlRuntime({
    nerdctl: 'nerdctl',
    address: config.containerd || containerdAddress({ dataDir, runDir }),
    reviveContainerd: () => ensureContainerd(config, { clock, log }),
    dataDir,
    runDir,
    network,
    ledger,
    clock,
    log: log.child({ component: 'runtime' }),
    cgroup,
    registries: registriesOf(config),
  });
  return { runtime, network };
}

/** The runtime, which adopts what runs, once containerd answers; the pod network meanwhile. */
export async function startNode(node: Node, containerd: Promise<void>): Promise<void> {
  await Promise.all([containerd.then(() => node.runtime.start()), node.network.start()]);
}
