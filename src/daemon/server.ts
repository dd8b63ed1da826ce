// The whole cluster in start order: the API first, since everything else hangs on it; what does not depend on it
// starts meanwhile. Each component gets its own slice of the configuration and nothing more.
import path from 'node:path';
import { createClient } from '../client/create-client.ts';
import { createInformers } from '../client/create-informers.ts';
import { createEventRecorder } from '../client/events.ts';
import type { Transport } from '../client/transport.ts';
import { systemClock } from '../clock.ts';
import { PRODUCT } from '../constants.ts';
import { type Component, stopAll } from '../lifecycle.ts';
import { createLogger } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import { type HostLedger, readSysctl, writeSysctl } from '../network/host-ledger.ts';
import { createProxy } from '../proxy/proxy.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import { writeBootstrapObjects } from './bootstrap.ts';
import type { Cluster } from './cluster.ts';
import { openControlPlane } from './control-plane.ts';
import { controllerComponents } from './controllers.ts';
import { dnsComponent } from './dns.ts';
import { hostAddress } from './host.ts';
import { LOOPBACK, SCHEDULER } from './identities.ts';
import { loadImageFolder } from './image-folder.ts';
import { saveKubeconfig } from './kubeconfig.ts';
import { kubeletComponent } from './kubelet.ts';
import { createNode, type Node, openLedger, startNode } from './node.ts';
import type { ComponentName, Config } from './options.ts';
import type { Progress } from './progress.ts';
import { createStatusBoard, type ProcessStatus, type StatusBoard } from './status.ts';

export interface RunningServer {
  url: string;
  /** Where it was written; undefined when the admin's home is not ours to write to. */
  kubeconfig: string | undefined;
  /** Resolves when every component has started. */
  started: Promise<void>;
  /** Rejects when the server can serve no longer, with what only a restart mends. */
  failed: Promise<never>;
  status(): Promise<ProcessStatus>;
  stop(): Promise<void>;
}

/** Resolves when the API answers; `started` tells when the rest runs as well. */
export async function startServer(config: Config, progress: Progress): Promise<RunningServer> {
  const clock = systemClock;
  const log = createLogger({ level: config['log-level'], pretty: process.stderr.isTTY });
  const metrics = createMetrics();
  const has = (name: ComponentName) => config.components.includes(name);
  const board = createStatusBoard(clock);
  const components: Component[] = [];
  let bootstrapped = false;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // told by whoever waits for it

  // Adopting containers needs no API: it runs beside the opening of the store.
  const ledger = openLedger(config);
  const node = has('kubelet') ? createNode(config, { clock, log, ledger }) : undefined;
  const nodeStarted = node ? board.track('runtime', startNode(node, config, { clock, log })) : Promise.resolve();
  nodeStarted.catch(() => undefined); // awaited below; until then nobody listens

  const plane = await progress.step('store and keys', () =>
    openControlPlane({
      config,
      clock,
      log,
      metrics,
      advertiseAddress: config['advertise-address'] || hostAddress(),
      onStorageFailure: (reason) => failure.reject(new Error(`the store can serve no longer: ${reason}`)),
      ready() {
        if (!bootstrapped) throw new Error('bootstrap objects are being written');
      },
    }),
  );
  const { api, storage } = plane;
  const closeStorage: Component = { name: 'storage', start: async () => {}, stop: () => storage.close() };
  components.push(closeStorage);
  const stop = () => stopAll(components);

  try {
    await progress.step('API server', async () => {
      await board.track('apiserver', api.start());
      components.push(api);
      await writeBootstrapObjects({
        client: createClient(api.transport(LOOPBACK)),
        reader: api.reader,
        serviceIp: plane.serviceIp,
        dnsIp: plane.dnsIp,
        apiPort: config.port,
        advertiseAddress: plane.advertiseAddress,
        clientCa: plane.pki.ca.cert,
        frontProxyCa: plane.pki.frontProxyCa.cert,
      });
      bootstrapped = true;
    });
    const kubeconfig = await saveKubeconfig(config, { url: api.url, pki: plane.pki });
    const cluster = connect({ config, clock, log, plane, ledger }, board);
    components.push({ name: 'informers', start: async () => {}, stop: () => cluster.informers.stop() });
    const started = startRest(cluster, { node, nodeStarted, progress, board, components, has });
    return { url: api.url, kubeconfig, started, failed: failure.promise, status: board.report, stop };
  } catch (error) {
    await stop().catch((cause: unknown) => log.error({ error: cause }, 'stopping after a failed start'));
    throw error;
  }
}

function connect(parts: Omit<Cluster, 'informers' | 'events' | 'client'>, board: StatusBoard): Cluster {
  const { clock, log, plane } = parts;
  const client: Cluster['client'] = (component, identity) =>
    createClient(counted(plane.api.transport(identity), () => board.countRequest(component)));
  return {
    ...parts,
    client,
    informers: createInformers({ client: client('informers', LOOPBACK), clock, log }),
    events: (component, identity) =>
      createEventRecorder({ client: client(component, identity), clock, log, component }),
  };
}

function counted(transport: Transport, count: () => void): Transport {
  return {
    request(request) {
      count();
      return transport.request(request);
    },
    stream(request) {
      count();
      return transport.stream(request);
    },
  };
}

interface RestOptions {
  node: Node | undefined;
  nodeStarted: Promise<void>;
  progress: Progress;
  board: StatusBoard;
  components: Component[];
  has(name: ComponentName): boolean;
}

/** Everything that lives on the API. What is listed later may rely on what is listed before. */
async function startRest(cluster: Cluster, options: RestOptions): Promise<void> {
  const { config, clock, log, informers, ledger } = cluster;
  const { node, nodeStarted, progress, board, components, has } = options;
  const start = async (component: Component): Promise<void> => {
    components.push(component);
    await board.track(component.name, component.start());
  };

  if (has('controllers')) {
    await progress.step('controllers', async () => {
      for (const component of await controllerComponents(cluster)) await start(component);
    });
  }
  if (has('scheduler')) {
    await progress.step('scheduler', () =>
      start(
        createScheduler({
          client: cluster.client('scheduler', SCHEDULER),
          informers,
          events: cluster.events('default-scheduler', SCHEDULER),
          clock,
          log: log.child({ component: 'scheduler' }),
          random: Math.random,
        }),
      ),
    );
  }
  if (has('proxy')) {
    await progress.step('Service rules', async () => {
      await start(
        createProxy({
          informers,
          clock,
          log: log.child({ component: 'proxy' }),
          nodeName: config['node-name'],
          clusterCidr: config['cluster-cidr'],
          setSysctl: (name, value) => changeSysctl(ledger, name, value),
        }),
      );
    });
  }
  if (has('dns')) await progress.step('DNS', async () => start(await dnsComponent(cluster)));
  if (!node) return;
  await progress.step('container runtime', () => nodeStarted);
  components.push(node.network, node.runtime);
  await progress.step('images', () =>
    loadImageFolder({
      folder: path.join(config['data-dir'], 'images'),
      memory: path.join(config['data-dir'], 'images-loaded.json'),
      runtime: node.runtime,
      log,
    }),
  );
  await progress.step('kubelet', () => start(kubeletComponent(cluster, node)));
}

function changeSysctl(ledger: HostLedger, name: string, value: string): void {
  const previous = readSysctl(name);
  if (previous === value) return;
  ledger.record({ kind: 'sysctl', name, previous });
  writeSysctl(name, value);
}

export const started = (ms: number, server: RunningServer): string =>
  [
    `${PRODUCT} is up in ${(ms / 1000).toFixed(2)} s at ${server.url}`,
    ...(server.kubeconfig ? [`kubeconfig: ${server.kubeconfig} (context ${PRODUCT})`] : []),
    'first command to try: kubectl get nodes',
  ].join('\n');
