// Runs a Controller: its watches fill a queue of its own, workers take keys once every cache is complete.
// Starting does not wait for the caches, so that one resource that may not be read holds up nobody else.
import type { KubeObject } from '../apimachinery/meta.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Component } from '../lifecycle.ts';
import type { Controller, ControllerContext, ControllerWatch } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const DEFAULT_CONCURRENCY = 4;

export function runController(controller: Controller, context: ControllerContext): Component {
  const stopping = new AbortController();
  const own: ControllerContext = { ...context, signal: AbortSignal.any([context.signal, stopping.signal]) };
  const queue = new WorkQueue({ clock: context.clock });
  const removals: (() => void)[] = [];
  let workers: Promise<unknown> = Promise.resolve();

  function follow(watch: ControllerWatch<KubeObject>): Promise<void> {
    const informer = own.informers.for(watch.resource);
    const enqueue = (object: KubeObject, old?: KubeObject) => {
      for (const key of watch.toKeys(object, own, old)) queue.add(key);
    };
    const handler = {
      added: (object: KubeObject) => enqueue(object),
      updated: enqueue,
      deleted: (o: KubeObject) => enqueue(o),
    };
    removals.push(informer.addHandler(handler));
    return informer.synced;
  }

  async function work(): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await reconcile(key);
      queue.done(key);
    }
  }

  async function reconcile(key: string): Promise<void> {
    try {
      const result = await controller.reconcile(key, own);
      queue.forget(key);
      if (result?.requeueAfter !== undefined) queue.addAfter(key, result.requeueAfter);
    } catch (error) {
      if (own.signal.aborted) return;
      const failures = queue.retry(key);
      // Somebody wrote or deleted in between, and the cache will say so: nothing to be told about.
      const late = hasReason(error, 'Conflict') || (failures === 0 && hasReason(error, 'NotFound'));
      own.log[late ? 'debug' : 'warn']({ key, err: error }, 'reconcile failed, trying again');
    }
  }

  return {
    name: controller.name,
    async start() {
      controller.setup?.(own, (key) => queue.add(key));
      const synced = controller.watches.map((watch) => follow(watch as unknown as ControllerWatch<KubeObject>));
      const stopped = new Promise<void>((resolve) => own.signal.addEventListener('abort', () => resolve()));
      workers = Promise.race([Promise.all(synced), stopped]).then(() =>
        Promise.all(Array.from({ length: controller.concurrency ?? DEFAULT_CONCURRENCY }, work)),
      );
      own.signal.addEventListener('abort', () => queue.stop());
    },
    async stop() {
      stopping.abort();
      for (const remove of removals.splice(0)) remove();
      await workers;
    },
  };
}
