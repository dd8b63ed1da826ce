// The kubelet's slice: its own identity towards the API, the runtime, and where it keeps pods.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openCgroups } from '../kubelet/cgroups/cgroups.ts';
import { type CredentialProvider, parseCredentialProviders } from '../kubelet/images/credential-provider-config.ts';
import { createKubelet } from '../kubelet/kubelet.ts';
import type { Component } from '../lifecycle.ts';
import { nodeAddress } from './addresses.ts';
import type { Cluster } from './cluster.ts';
import { rememberedHostAddress } from './host.ts';
import { nodeIdentity } from './identities.ts';
import { registriesOf } from './images.ts';
import { instanceOf } from './instance.ts';
import type { Node } from './node.ts';
import { nodeSettings } from './node-settings.ts';
import type { Config } from './options.ts';

export function kubeletComponent(cluster: Cluster, { runtime }: Node): Component {
  const { config, clock, informers, ledger, plane } = cluster;
  const identity = nodeIdentity(config['node-name']);
  const host = rememberedHostAddress(clock);
  return createKubelet({
    client: cluster.client('kubelet', identity),
    informers,
    runtime,
    clock,
    log: cluster.log.child({ component: 'kubelet' }),
    events: cluster.events('kubelet', identity),
    nodeName: config['node-name'],
    nodeIPs: () => [nodeAddress(config, host())],
    dataDir: path.join(config['data-dir'], 'kubelet'),
    clusterDns: config.components.includes('dns') ? [plane.dnsIp] : [],
    clusterDomain: config['cluster-domain'],
    podCidr: config['cluster-cidr'],
    tls: { ...plane.pki.kubeletServing, ca: plane.pki.ca.cert },
    door: plane.kubeletDoor,
    port: config['kubelet-port'],
    bindAddress: config['bind-address'],
    settings: nodeSettings(config),
    cgroups: { host: openCgroups(), root: `/${instanceOf(config['data-dir']).cgroup}` },
    podManifestPath: config['pod-manifest-path'],
    maxContainerRestartPeriodMs: config['max-container-restart-period'],
    allowedUnsafeSysctls: config['allowed-unsafe-sysctls'],
    registryConfig: path.join(registriesOf(config), 'config.json'),
    credentialProviders: credentialProviders(config),
    parallelPulls: config['max-parallel-image-pulls'],
    ledger,
  });
}

function credentialProviders(config: Config): CredentialProvider[] {
  const file = config['image-credential-provider-config'];
  if (file === '') return [];
  try {
    return parseCredentialProviders(readFileSync(file, 'utf8'), config['image-credential-provider-bin-dir']);
  } catch (cause) {
    throw new Error(`--image-credential-provider-config ${file}: ${(cause as Error).message}`, { cause });
  }
}
