// What a kubelet is given.
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Informers } from '../client/informer.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import type { Cgroups } from './cgroups/cgroups.ts';
import type { Runtime } from './cri/runtime.ts';
import type { CredentialProvider } from './images/credential-provider-config.ts';
import type { Mounter } from './mounts.ts';
import type { NodeSettings } from './node/node-settings.ts';
import type { KubeletEntrance, KubeletTls } from './server/server.ts';

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
  /** Where the API server of the same process comes in. */
  door?: KubeletEntrance;
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
  credentialProviders?: readonly CredentialProvider[];
  /** How many images are pulled at a time; default 3. */
  parallelPulls?: number;
  /** File or folder of manifests of static pods. */
  podManifestPath?: string;
  /** Pause before a failed step is tried again; default 10 s. */
  retryMs?: number;
  /** Sysctls beyond the safe ones that pods may have, as checkSysctlPatterns takes them. */
  allowedUnsafeSysctls?: readonly string[];
}
