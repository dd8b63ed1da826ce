// The Service proxy: watches Services and EndpointSlices and keeps the kernel's rules equal to them.
// Changes that come while rules are being written are taken together in the next round.
import { endpointSlices, services } from '../api/resources.ts';
import type { Informers } from '../client/informer.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { deleteFlows, staleFlows } from './conntrack.ts';
import { applyRules, ensureJumps } from './iptables/apply.ts';
import { type ServicePort, servicePorts } from './service-ports.ts';

/** After a failed write of rules. */
const RETRY_MS = 2_000;

export interface ProxyOptions {
  informers: Informers;
  clock: Clock;
  log: Logger;
  nodeName: string;
  clusterCidr: string;
  /** Of the names of our iptables chains. */
  chainPrefix: string;
  /** Changes a setting of the host, such as net.ipv4.conf.all.route_localnet, so that uninstall can undo it. */
  setSysctl(name: string, value: string): void;
}

export interface Proxy extends Component {
  /** Resolves when all changes seen so far are in the kernel. */
  settled(): Promise<void>;
}

export function createProxy(options: ProxyOptions): Proxy {
  const { informers, clock, log, nodeName, clusterCidr, chainPrefix: prefix } = options;
  let applied: readonly ServicePort[] = [];
  let written = '';
  let dirty = false;
  let running: Promise<void> | undefined;
  let retry: Timer | undefined;
  let stopped = false;
  const unsubscribe: (() => void)[] = [];

  async function sync(): Promise<void> {
    while (dirty && !stopped) {
      dirty = false;
      const wanted = servicePorts(
        informers.for(services).lister.list(),
        informers.for(endpointSlices).lister.list(),
        nodeName,
      );
      const text = JSON.stringify(wanted);
      if (text === written) continue;
      try {
        await applyRules(wanted, { prefix, clusterCidr });
        await deleteFlows(staleFlows(applied, wanted));
        applied = wanted;
        written = text;
      } catch (error) {
        log.error({ error }, `Service rules could not be written, trying again in ${RETRY_MS / 1000} s`);
        retry = clock.after(RETRY_MS, changed);
        return;
      }
    }
  }

  function changed(): void {
    dirty = true;
    retry?.cancel();
    running ??= Promise.resolve()
      .then(sync)
      .finally(() => {
        running = undefined;
      });
  }

  return {
    name: 'proxy',
    async start() {
      options.setSysctl('net.ipv4.conf.all.route_localnet', '1'); // node ports answer on 127.0.0.1 as well
      await Promise.all([informers.for(services).synced, informers.for(endpointSlices).synced]);
      dirty = true;
      await sync(); // the chains must be there before anything jumps to them
      await ensureJumps(prefix);
      const handler = { added: changed, updated: changed, deleted: changed };
      unsubscribe.push(informers.for(services).addHandler(handler), informers.for(endpointSlices).addHandler(handler));
    },
    async stop() {
      stopped = true;
      retry?.cancel();
      for (const fn of unsubscribe.splice(0)) fn();
      await running; // the rules stay: pods run on while the server is away
    },
    async settled() {
      while (running) await running;
    },
  };
}
