// A worker for each pod of this node: from the shared cache when the kubelet starts and whenever a pod comes, changes
// or goes. Also takes away what the runtime still has of pods that exist no more.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { qosClass } from '../api/core/qos.ts';
import { configMaps, persistentVolumeClaims, pods, secrets } from '../api/resources.ts';
import type { ConfigMap, PersistentVolumeClaim, Pod, Secret } from '../api/types/core/v1.ts';
import type { Informers } from '../client/informer.ts';
import { type Clock, timestamp } from '../clock.ts';
import type { Logger } from '../log.ts';
import { ifMissing } from '../missing-file.ts';
import { normalizeReference } from './cri/image-reference.ts';
import type { Runtime } from './cri/runtime.ts';
import type { Mounter } from './mounts.ts';
import { type References, referencesOf } from './pod-objects.ts';
import { allContainers, specOf } from './pod-record.ts';
import { removePodDirectory } from './pod-volumes.ts';
import { type PodWorker, podDirectory } from './pod-worker.ts';
import { isMirrorPod, SEEN, SOURCE } from './static-pods/annotations.ts';
import type { StaticPods } from './static-pods/static-pods.ts';

export interface PodWorkersOptions {
  nodeName: string;
  dataDir: string;
  informers: Informers;
  runtime: Runtime;
  mounter: Mounter;
  clock: Clock;
  log: Logger;
  staticPods: StaticPods;
  /** Makes the worker of a pod; `gone` is to be called when nothing of it is left. */
  create(pod: Pod, gone: () => void): PodWorker;
}

export interface PodWorkers {
  start(): Promise<void>;
  stop(): Promise<void>;
  byName(namespace: string, name: string): PodWorker | undefined;
  all(): PodWorker[];
}

/** A container that always pulls gains nothing from an image that has come. */
const waitsFor = (pod: Pod, reference: string): boolean =>
  allContainers(specOf(pod)).some(
    ({ image = '', imagePullPolicy }) => imagePullPolicy !== 'Always' && normalizeReference(image) === reference,
  );

const QOS_RANK = { Guaranteed: 0, Burstable: 1, BestEffort: 2 };

const byPriority = (a: PodWorker, b: PodWorker): number => {
  const [x, y] = [specOf(a.pod()), specOf(b.pod())];
  return (y.priority ?? 0) - (x.priority ?? 0) || QOS_RANK[qosClass(x)] - QOS_RANK[qosClass(y)];
};

export function createPodWorkers(options: PodWorkersOptions): PodWorkers {
  const { informers, runtime, log } = options;
  const workers = new Map<string, PodWorker>();
  const life = new AbortController();
  const undo: (() => void)[] = [];
  const isMine = (pod: Pod) => pod.spec?.nodeName === options.nodeName;

  /** Something has been given back: those that wait for more get it by their priority (sortPendingResizes). */
  function retryResizes(): void {
    const waiting = [...workers.values()].filter((worker) => worker.waitsForRoom());
    for (const worker of waiting.sort(byPriority)) worker.retryResize();
  }

  const remains = new Map<string, () => void>();

  function put(pod: Pod): void {
    const uid = pod.metadata.uid as string;
    const known = workers.get(uid);
    if (known) {
      known.update(pod);
      retryResizes();
      return;
    }
    const worker = options.create(pod, () => {
      workers.delete(uid);
      remains.get(uid)?.();
      retryResizes();
    });
    workers.set(uid, worker);
    worker.poke();
  }

  /** Pods that wait for an object, or show what is in it. */
  function remove(uid: string): Promise<void> {
    const worker = workers.get(uid);
    if (!worker) return Promise.resolve();
    return new Promise((resolve) => {
      remains.set(uid, () => {
        remains.delete(uid);
        resolve();
      });
      worker.removed();
    });
  }

  /** As the kubelet's own copy of a pod says where it is from, and since when it is known (config/config.go). */
  function fromApi(pod: Pod): Pod {
    const known = workers.get(pod.metadata.uid as string)?.pod().metadata.annotations?.[SEEN];
    const own = { [SOURCE]: 'api', [SEEN]: known ?? timestamp(options.clock) };
    return { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...own } } };
  }

  const seen = (pod: Pod) => {
    if (!isMine(pod)) return;
    if (isMirrorPod(pod)) options.staticPods.seen(pod);
    else put(fromApi(pod));
  };

  function followSources(): void {
    const follow = (
      type: typeof configMaps | typeof secrets | typeof persistentVolumeClaims,
      kind: keyof References,
    ) => {
      const changed = ({ metadata: { namespace, name = '' } }: ConfigMap | Secret | PersistentVolumeClaim) => {
        for (const worker of workers.values()) {
          const pod = worker.pod();
          if (pod.metadata.namespace === namespace && referencesOf(pod)[kind].has(name)) worker.poke();
        }
      };
      const { addHandler } = informers.for(type as typeof configMaps);
      undo.push(addHandler({ added: changed, updated: changed, deleted: changed }));
    };
    follow(configMaps, 'configMaps');
    follow(secrets, 'secrets');
    follow(persistentVolumeClaims, 'persistentVolumeClaims');
  }

  async function followRuntime(): Promise<void> {
    for await (const event of runtime.events(life.signal)) {
      if (event.podUid) workers.get(event.podUid)?.poke();
    }
  }

  /** Pods that wait for an image need not wait for their next try. */
  function followImages(): void {
    const arrived = (reference: string) => {
      for (const worker of workers.values()) if (waitsFor(worker.pod(), reference)) worker.poke();
    };
    undo.push(runtime.onImage(arrived));
  }

  /** Containers and directories of pods that were deleted while this kubelet was not there. */
  async function removeOrphans(): Promise<void> {
    for (const sandbox of await runtime.listSandboxes()) {
      if (workers.has(sandbox.pod.uid)) continue;
      log.info({ pod: sandbox.pod }, 'removing what is left of a pod that is gone');
      await runtime.removeSandbox(sandbox.id);
    }
    const directories = await readdir(path.join(options.dataDir, 'pods')).catch(ifMissing([])); // none yet
    for (const uid of directories) {
      if (!workers.has(uid)) await removePodDirectory(podDirectory(options.dataDir, uid), options.mounter);
    }
  }

  return {
    async start() {
      const informer = informers.for(pods);
      followRuntime().catch((error: unknown) => {
        if (!life.signal.aborted) log.error({ err: error }, 'the runtime tells no events any more');
      });
      await informer.synced;
      undo.push(
        informer.addHandler({
          added: seen,
          updated: seen,
          deleted(pod) {
            if (isMirrorPod(pod)) options.staticPods.gone(pod);
            else workers.get(pod.metadata.uid as string)?.removed();
          },
        }),
      );
      followSources();
      followImages();
      await options.staticPods.start({ put, remove, poke: (uid) => workers.get(uid)?.poke() });
      await removeOrphans();
    },
    async stop() {
      life.abort();
      await options.staticPods.stop();
      for (const remove of undo.splice(0)) remove();
      await Promise.all(workers.values().map((worker) => worker.stop()));
      workers.clear();
    },
    byName: (namespace, name) =>
      workers.values().find((w) => w.pod().metadata.namespace === namespace && w.pod().metadata.name === name),
    all: () => [...workers.values()],
  };
}
