// What the components of one process share: settings, clock, logger, the control plane and the caches over it.
import type { UserInfo } from '../apiserver/identity.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Informers } from '../client/informer.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { HostLedger } from '../network/host-ledger.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Config } from './options.ts';

export interface Cluster {
  config: Config;
  clock: Clock;
  log: Logger;
  plane: ControlPlane;
  informers: Informers;
  ledger: HostLedger;
  /** A client that asks as `identity`; its requests are counted as the component's. */
  client(component: string, identity: UserInfo): Client;
  /** A recorder that writes as `identity` under the component's name. */
  events(component: string, identity: UserInfo): EventRecorder;
}
