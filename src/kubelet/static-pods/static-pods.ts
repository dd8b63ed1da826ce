// Static pods: run from manifests on this node, with a mirror in the API of each, which shows them and can do nothing
// for them (pkg/kubelet/pod/mirror_client.go, Kubelet.tryReconcileMirrorPods). One uid here, another in the API.
import { nodes, pods } from '../../api/resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { HASH, MIRROR } from './annotations.ts';
import type { ManifestFolder } from './manifest-folder.ts';

/** Who runs pods. */
export interface PodSink {
  put(pod: Pod): void;
  /** Resolves when nothing of it is left. */
  remove(uid: string): Promise<void>;
  poke(uid: string): void;
}

export interface StaticPods {
  /** Resolves when all that stand in manifests now have been put. */
  start(sink: PodSink): Promise<void>;
  stop(): Promise<void>;
  mirrorOf(pod: Pod): Pod | undefined;
  /** The API has such a mirror. */
  seen(mirror: Pod): void;
  gone(mirror: Pod): void;
}

const keyOf = ({ metadata: { namespace, name } }: Pod): string => `${namespace}/${name}`;
const uidOf = (pod: Pod): string => pod.metadata.uid as string;

export function createStaticPods(options: {
  /** undefined: there are none, and their mirrors go. */
  manifests: ManifestFolder | undefined;
  nodeName: string;
  client: Client;
  clock: Clock;
  log: Logger;
  /** Pause before the API is asked again after a failure, ms. */
  retryMs: number;
}): StaticPods {
  const { client, clock, log } = options;
  const current = new Map<string, Pod>();
  const mirrors = new Map<string, Pod>();
  let sink: PodSink;
  let isReady = false; // all manifests have been read
  let stopped = false;

  const isMirrorOf = (mirror: Pod, pod: Pod) =>
    mirror.metadata.annotations?.[MIRROR] === pod.metadata.annotations?.[HASH];

  function apply(next: readonly Pod[]): void {
    const wanted = new Map(next.map((pod) => [keyOf(pod), pod]));
    for (const [key, pod] of [...current]) if (!wanted.has(key)) void replace(key, pod, undefined);
    for (const [key, pod] of wanted) {
      const before = current.get(key);
      if (before && uidOf(before) !== uidOf(pod)) void replace(key, before, pod);
      else if (!before) begin(key, pod);
    }
  }

  function begin(key: string, pod: Pod): void {
    current.set(key, pod);
    sink.put(pod);
    mirror(key);
  }

  /** Two of one name never run at a time. */
  async function replace(key: string, before: Pod, next: Pod | undefined): Promise<void> {
    if (next) current.set(key, next);
    else current.delete(key);
    await sink.remove(uidOf(before));
    if (stopped) return;
    const wanted = current.get(key);
    if (wanted === next && wanted) sink.put(wanted);
    mirror(key);
  }

  /** Makes the mirror what it is to be; a failure is tried again. */
  function mirror(key: string): void {
    reconcile(key).catch((error: unknown) => {
      if (stopped) return;
      log.warn({ err: error, pod: key }, 'the mirror of a static pod is not as it should be, trying again');
      clock.after(options.retryMs, () => mirror(key));
    });
  }

  async function reconcile(key: string): Promise<void> {
    if (stopped || !isReady) return;
    const pod = current.get(key);
    const known = mirrors.get(key);
    if (known && (!pod || known.metadata.deletionTimestamp || !isMirrorOf(known, pod))) return remove(known);
    if (pod && !known) await create(pod);
    else if (pod) sink.poke(uidOf(pod)); // whose status can be told by now
  }

  async function remove({ metadata: { namespace, name = '', uid } }: Pod): Promise<void> {
    try {
      await client.delete(pods, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid: uid as string } });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  async function create(pod: Pod): Promise<void> {
    const node = await client.get(nodes, undefined, options.nodeName);
    const { uid: _, ...metadata } = pod.metadata;
    const owner = { apiVersion: 'v1', kind: 'Node', name: options.nodeName, uid: node.metadata.uid as string };
    const { status: __, ...rest } = pod;
    const copy: Pod = {
      ...rest,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [MIRROR]: metadata.annotations?.[HASH] ?? '' },
        ownerReferences: [{ ...owner, controller: true }],
      },
    };
    await client.create(pods, copy).catch((error: unknown) => {
      if (!hasReason(error, 'AlreadyExists')) throw error; // it is about to be seen
    });
  }

  return {
    async start(to) {
      sink = to;
      await options.manifests?.start(apply);
      isReady = true;
      for (const key of new Set([...current.keys(), ...mirrors.keys()])) mirror(key);
    },
    async stop() {
      stopped = true;
      await options.manifests?.stop();
    },
    mirrorOf: (pod) => {
      const found = mirrors.get(keyOf(pod));
      return found && isMirrorOf(found, pod) ? found : undefined;
    },
    seen(pod) {
      mirrors.set(keyOf(pod), pod);
      mirror(keyOf(pod));
    },
    gone(pod) {
      if (mirrors.get(keyOf(pod))?.metadata.uid === pod.metadata.uid) mirrors.delete(keyOf(pod));
      mirror(keyOf(pod));
    },
  };
}
