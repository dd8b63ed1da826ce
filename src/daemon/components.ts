// Everything that lives on the API, in start order. Each component gets its own slice of the configuration and
// nothing more.
import path from 'node:path';
import { createClient } from '../client/create-client.ts';
import { createInformers } from '../client/create-informers.ts';
import { createEventRecorder } from '../client/events.ts';
import type { Transport } from '../client/transport.ts';
import { loadImageFolder } from '../kubelet/cri/image-folder.ts';
import type { Component } from '../lifecycle.ts';
import { type HostLedger, readSysctl, writeSysctl } from '../network/host-ledger.ts';
import { createProxy } from '../proxy/proxy.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import type { Cluster } from './cluster.ts';
import { controllerComponents } from './controllers.ts';
import { dnsComponent } from './dns.ts';
import { LOOPBACK, SCHEDULER } from './identities.ts';
import { instanceOf } from './instance.ts';
import { kubeletComponent } from './kubelet.ts';
import { createNode, startNode } from './node.ts';
import type { ComponentName } from './options.ts';
import type { Progress } from './progress.ts';
import type { StatusBoard } from './status.ts';

export function connect(parts: Omit<Cluster, 'informers' | 'events' | 'client'>, board: StatusBoard): Cluster {
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

interface StartOptions {
  /** Resolves when containerd answers. */
  containerd: Promise<void>;
  progress: Progress;
  board: StatusBoard;
  /** What was started is added to it. */
  components: Component[];
}

/** Everything that lives on the API. What is listed later may rely on what is listed before. */
export async function startComponents(cluster: Cluster, options: StartOptions): Promise<void> {
  const { config, clock, log, informers, ledger } = cluster;
  const { containerd, progress, board, components } = options;
  const has = (name: ComponentName) => config.components.includes(name);
  const start = async (component: Component): Promise<void> => {
    components.push(component);
    await board.track(component.name, component.start());
  };

  // Adopting containers needs no API: it runs beside the rest.
  const node = has('kubelet') ? createNode(config, { clock, log, ledger }) : undefined;
  const nodeStarted = node ? board.track('runtime', startNode(node, containerd)) : Promise.resolve();
  nodeStarted.catch(() => undefined); // awaited below; until then nobody listens

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
          chainPrefix: instanceOf(config['data-dir']).chainPrefix,
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
