// What every runtime is made with that runs containers by a program of nerdctl's arguments.
import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../log.ts';
import type { HostLedger } from '../../../network/host-ledger.ts';
import type { PodNetwork } from '../../../network/pod-network.ts';
import type { LogLimits } from '../../logs/log-file.ts';
import type { PodLogs } from '../pod-logs.ts';

export interface DialectRuntimeOptions {
  /** Path or name of the program. */
  program: string;
  /** What the program keeps of containers lives below. */
  dataDir: string;
  /** Sandbox records, namespaces and short-lived files live in `<runDir>/runtime`. */
  runDir: string;
  network: PodNetwork;
  ledger: HostLedger;
  clock: Clock;
  log: Logger;
  logs: PodLogs;
  /** Of one container; default upstream's. */
  logLimits?: LogLimits;
  /** Parent of the pods' cgroups, one per instance on a host; default "tsukube". */
  cgroup?: string;
  /** Folder of registry settings: config.json with the node's passwords, and for nerdctl HOST/hosts.toml. */
  registries?: string;
}
