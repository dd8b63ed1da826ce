// Everything that lives on the API, in start order. Each component gets its own slice of the configuration and
// nothing more. Each is loaded when its turn comes: loaded at once, they would keep requests waiting.
import path from 'node:path';
import { createClient } from '../client/create-client.ts';
import { createInformers } from '../client/create-informers.ts';
import { createEventRecorder } from '../client/events.ts';
import type { Transport } from '../client/transport.ts';
import type { Component } from '../lifecycle.ts';
import { type HostLedger, readSysctl, writeSysctl } from '../network/host-ledger.ts';
import type { Cluster } from './cluster.ts';
import { LOOPBACK, SCHEDULER } from './identities.ts';
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
  const { createNode, startNode } = has('kubelet') ? await import('./node.ts') : {};
  const node = await createNode?.(config, { clock, log, ledger });
  const nodeStarted = node && startNode ? board.track('runtime', startNode(node, containerd)) : Promise.resolve();
  nodeStarted.catch(() => undefined); // awaited below; until then nobody listens

  if (has('controllers')) {
    await progress.step('controllers', async () => {
      const { controllerComponents } = await import('./controllers.ts');
      for (const component of await controllerComponents(cluster)) await start(component);
    });
  }
  if (has('scheduler')) {
    await progress.step('scheduler', async () => {
      const { createScheduler } = await import('../scheduler/scheduler.ts');
      await start(
        createScheduler({
          client: cluster.client('scheduler', SCHEDULER),
          informers,
          events: cluster.events('default-scheduler', SCHEDULER),
          clock,
          log: log.child({ component: 'scheduler' }),
          random: Math.random,
        }),
      );
    });
  }
  if (has('proxy')) {
    await progress.step('Service rules', async () => {
      const { createProxy } = await import('../proxy/proxy.ts');
      const { instanceOf } = await import('./instance.ts');
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
  if (has('dns')) {
    await progress.step('DNS', async () => {
      const { dnsComponent } = await import('./dns.ts');
      await start(await dnsComponent(cluster));
    });
  }
  if (!node) return;
  await progress.step('container runtime', () => nodeStarted);
  components.push(node.network, node.runtime);
  await progress.step('images', async () => {
    const { loadImageFolder } = await import('../kubelet/cri/image-folder.ts');
    await loadImageFolder({
      folder: path.join(config['data-dir'], 'images'),
      memory: path.join(config['data-dir'], 'images-loaded.json'),
      runtime: node.runtime,
      log,
    });
  });
  await progress.step('kubelet', async () => {
    const { kubeletComponent } = await import('./kubelet.ts');
    await start(kubeletComponent(cluster, node));
  });
}

function changeSysctl(ledger: HostLedger, name: string, value: string): void {
  const previous = readSysctl(name);
  if (previous === value) return;
  ledger.record({ kind: 'sysctl', name, previous });
  writeSysctl(name, value);
}
