// Writes one pod's status, in order and only when it changed, by strategic merge patch with the uid as precondition
// (pkg/util/pod PatchPodStatus). A failed write is tried again with the newest status until it succeeds.
import { isDeepStrictEqual } from 'node:util';
import { pods } from '../../api/resources.ts';
import type { Pod, PodStatus } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { createBackoff } from '../../client/backoff.ts';
import type { Client } from '../../client/client.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../log.ts';

export interface StatusWriter {
  /** The status told last; undefined before the first. */
  current(): PodStatus | undefined;
  set(status: PodStatus): void;
  /** Resolves when everything set so far is stored, or the pod is gone. */
  flush(): Promise<void>;
  stop(): void;
}

export function createStatusWriter(options: {
  client: Client;
  clock: Clock;
  log: Logger;
  /** Whose status it is; undefined: nobody's yet. */
  pod: () => Pod | undefined;
}): StatusWriter {
  const { client, clock, log } = options;
  const stopping = new AbortController();
  const backoff = createBackoff({ initialMs: 100, maxMs: 10_000, jitter: 0.2, random: Math.random });
  let current: PodStatus | undefined;
  let stored: { uid: string | undefined; status: PodStatus } | undefined;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (;;) {
      const pod = options.pod();
      if (!current || !pod || stopping.signal.aborted) return;
      const next = current;
      const { namespace, name = '', uid } = pod.metadata;
      const before = stored?.uid === uid ? stored?.status : undefined;
      if (isDeepStrictEqual(next, before)) return;
      try {
        const body = statusPatch(pod, before ?? pod.status ?? {}, next);
        const at = { subresource: 'status' } as const;
        if (body) await client.patch(pods, namespace, name, { type: 'strategic', body }, at);
        stored = { uid, status: next };
        backoff.reset();
      } catch (error) {
        // A conflict is the uid's: another pod bears the name. Nobody is left to tell.
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
        log.warn({ err: error, pod: name }, 'pod status not written, trying again');
        await sleep(clock, backoff.next(), stopping.signal).catch(() => undefined); // stopped: the loop ends
      }
    }
  }

  return {
    current: () => current,
    set(status) {
      current = status;
      writing ??= write().finally(() => {
        writing = undefined;
      });
    },
    async flush() {
      await writing;
    },
    stop: () => stopping.abort(),
  };
}

/** Fields that differ; lists with a merge key go whole, with what is gone named for deletion. undefined: no change. */
export function statusPatch(pod: Pod, before: PodStatus, next: PodStatus): object | undefined {
  const status: Record<string, unknown> = {};
  const old = before as Record<string, unknown>;
  for (const [field, value] of Object.entries(next)) if (!same(old[field], value)) status[field] = value;
  for (const field of Object.keys(old)) {
    const isForeign = field === 'nominatedNodeName' || field === 'resourceClaimStatuses' || field === 'resize';
    if (!(field in next) && !isForeign) status[field] = null;
  }
  if (status.conditions) status.conditions = mergedBy('type', before.conditions, next.conditions);
  if (status.hostIPs) status.hostIPs = mergedBy('ip', before.hostIPs, next.hostIPs);
  if (status.podIPs) status.podIPs = mergedBy('ip', before.podIPs, next.podIPs);
  if (Object.keys(status).length === 0) return undefined;
  return { metadata: { uid: pod.metadata.uid }, status };
}

/** A list with a merge key says what is gone: items by $patch, fields of kept items by null. */
function mergedBy<T extends object>(
  key: keyof T & string,
  before: readonly T[] = [],
  next: readonly T[] = [],
): object[] {
  const gone = before.filter((old) => !next.some((item) => item[key] === old[key]));
  const items = next.map((item) => {
    const old = before.find((o) => o[key] === item[key]) ?? {};
    const dropped = Object.keys(old).filter((field) => !(field in item));
    return { ...item, ...Object.fromEntries(dropped.map((field) => [field, null])) };
  });
  return [...items, ...gone.map((old) => ({ $patch: 'delete', [key]: old[key] }))];
}

const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));

/** Without nulls and undefineds, which the server does not keep. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value, (_, v: unknown) => (v === null ? undefined : v)));
