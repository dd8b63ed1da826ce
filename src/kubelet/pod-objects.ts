// Objects that pods refer to: from the shared cache, or asked for when the cache has not seen them yet; and tokens of
// service accounts, kept until they are old (pkg/kubelet/token).
import type { ResourceType } from '../api/definition.ts';
import {
  configMaps,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  runtimeClasses,
  secrets,
  serviceAccounts,
} from '../api/resources.ts';
import type { TokenRequest } from '../api/types/authentication/v1.ts';
import type { ConfigMap, Pod, Secret } from '../api/types/core/v1.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer.ts';
import type { Clock } from '../clock.ts';
import { allContainers, specOf } from './pod-record.ts';
import { claimOf } from './volumes/persistent-volume-claim.ts';
import type { VolumeObjects } from './volumes/volume.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export interface PodObjects {
  of(pod: Pod): VolumeObjects;
  /** The runtime's name for the pod's RuntimeClass; undefined: the default. Throws when there is no such class. */
  runtimeHandler(pod: Pod): Promise<string | undefined>;
  forget(podUid: string): void;
}

export function createPodObjects(options: { client: Client; informers: Informers; clock: Clock }): PodObjects {
  const { client, informers, clock } = options;
  const tokens = new Map<string, { token: string; refreshAt: number; expires: number }>();
  const immutable = new Map<string, ConfigMap | Secret>();

  async function find<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
  ): Promise<T | undefined> {
    const known = informers.for(type).lister.get(namespace, name);
    if (known) return known;
    try {
      return await client.get(type, namespace, name);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** What cannot change is not looked for again: another of its name is none of this pod's (pkg/kubelet/util/manager). */
  async function findMutable<T extends ConfigMap | Secret>(
    type: ResourceType<T>,
    pod: Pod,
    name: string,
  ): Promise<T | undefined> {
    const key = `${pod.metadata.uid}/${type.plural}/${name}`;
    const kept = immutable.get(key) as T | undefined;
    if (kept) return kept;
    const found = await find(type, pod.metadata.namespace, name);
    if (found?.immutable) immutable.set(key, found);
    return found;
  }

  async function token(pod: Pod, request: { audience: string; expirationSeconds: number }) {
    const key = `${pod.metadata.uid}/${request.audience}/${request.expirationSeconds}`;
    const known = tokens.get(key);
    if (known && known.refreshAt > clock.now()) return known;
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    const account = specOf(pod).serviceAccountName || 'default';
    const body: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: request.audience ? [request.audience] : [],
        expirationSeconds: request.expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    let answer: TokenRequest;
    try {
      answer = await client.createSubresource<TokenRequest>(serviceAccounts, namespace, account, 'token', body);
    } catch (cause) {
      // One that is still good serves on while the API does not answer (token_manager.go).
      if (known && known.expires > clock.now()) return { ...known, refreshAt: clock.now() + MINUTE };
      throw new Error(`failed to fetch token: ${(cause as Error).message}`, { cause });
    }
    const expires =
      Date.parse(answer.status?.expirationTimestamp ?? '') || clock.now() + request.expirationSeconds * 1000;
    // Upstream renews at 80 % of a token's life, and daily.
    const refreshAt = clock.now() + Math.min(0.8 * (expires - clock.now()), DAY);
    const fresh = { token: answer.status?.token ?? '', refreshAt, expires };
    tokens.set(key, fresh);
    return fresh;
  }

  return {
    of(pod) {
      const { namespace } = pod.metadata;
      return {
        configMap: (name) => findMutable(configMaps, pod, name),
        secret: (name) => findMutable(secrets, pod, name),
        persistentVolumeClaim: (name) => find(persistentVolumeClaims, namespace, name),
        persistentVolume: (name) => find(persistentVolumes, undefined, name),
        node: () => find(nodes, undefined, specOf(pod).nodeName as string),
        serviceAccountToken: (request) => token(pod, request),
      };
    },
    async runtimeHandler(pod) {
      const name = specOf(pod).runtimeClassName;
      if (!name) return undefined;
      const found = await find(runtimeClasses, undefined, name);
      if (!found) throw new Error(`runtimeclass.node.k8s.io "${name}" not found`);
      return found.handler;
    },
    forget(podUid) {
      for (const kept of [tokens, immutable]) {
        for (const key of kept.keys()) if (key.startsWith(`${podUid}/`)) kept.delete(key);
      }
    },
  };
}

export interface References {
  configMaps: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  persistentVolumeClaims: ReadonlySet<string>;
}

/** Names of what a pod's environment and volumes use. */
export function referencesOf(pod: Pod): References {
  const maps = new Set<string | undefined>();
  const secretNames = new Set<string | undefined>();
  const claims = new Set<string | undefined>();
  const spec = specOf(pod);
  for (const container of allContainers(spec)) {
    for (const source of container.envFrom ?? []) {
      maps.add(source.configMapRef?.name);
      secretNames.add(source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      maps.add(valueFrom?.configMapKeyRef?.name);
      secretNames.add(valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    maps.add(volume.configMap?.name);
    secretNames.add(volume.secret?.secretName);
    claims.add(claimOf(pod, volume));
    for (const source of volume.projected?.sources ?? []) {
      maps.add(source.configMap?.name);
      secretNames.add(source.secret?.name);
    }
  }
  const known = (names: Set<string | undefined>) => new Set([...names].filter((n): n is string => Boolean(n)));
  return { configMaps: known(maps), secrets: known(secretNames), persistentVolumeClaims: known(claims) };
}
