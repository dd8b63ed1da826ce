// The controllers as components: each acts under its own service account, all read from the shared caches.
import { runController } from '../client/run-controller.ts';
import { createControllers } from '../controllers/index.ts';
import type { Component } from '../lifecycle.ts';
import type { Cluster } from './cluster.ts';
import { controllerIdentity } from './identities.ts';

export function controllerComponents(cluster: Cluster): Component[] {
  const { clock, informers, plane } = cluster;
  const controllers = createControllers({
    resources: plane.api.catalogue,
    rootCa: plane.pki.ca.cert,
    signToken: (account, secret) =>
      plane.tokens.issue({
        namespace: account.metadata.namespace as string,
        serviceAccount: { name: account.metadata.name as string, uid: account.metadata.uid as string },
        secret: { name: secret.metadata.name as string, uid: secret.metadata.uid as string },
        audiences: plane.tokens.audiences,
      }),
  });
  const stopping = new AbortController();
  const stopSignal: Component = {
    name: 'controllers',
    start: async () => {},
    stop: async () => stopping.abort(),
  };
  const components = controllers.map((controller) => {
    const identity = controllerIdentity(controller);
    return runController(controller, {
      client: cluster.client(controller.name, identity),
      informers,
      events: cluster.events(controller.name, identity),
      clock,
      log: cluster.log.child({ component: controller.name }),
      signal: stopping.signal,
    });
  });
  return [...components, stopSignal];
}
