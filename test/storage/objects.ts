// Objects and keys for storage tests, and short ways to write them and to read watches.
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import type { Storage, StorageEntry, StorageEvent, Watcher } from '../../src/storage/storage.ts';

export const PODS = '/core/pods/';

export const podKey = (name: string, namespace = 'default'): string => `${PODS}${namespace}/${name}`;

export const pod = (name: string, value = ''): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { value },
});

export const textOf = (entry: StorageEntry | undefined): string | undefined =>
  (entry?.object as { spec?: { value: string } } | undefined)?.spec?.value;

export const create = (storage: Storage, name: string, value = ''): Promise<StorageEntry> =>
  storage.write({ op: 'create', key: podKey(name), object: pod(name, value) });

export const update = (storage: Storage, at: StorageEntry, value: string): Promise<StorageEntry> =>
  storage.write({
    op: 'update',
    key: at.key,
    expected: at.revision,
    object: { ...at.object, spec: { value } } as AnyObject,
  });

export const remove = (storage: Storage, at: StorageEntry): Promise<StorageEntry> =>
  storage.write({ op: 'delete', key: at.key, expected: at.revision });

/** Takes until there is nothing left. */
export async function drain(watcher: Watcher, page = 1_000): Promise<StorageEvent[]> {
  const events: StorageEvent[] = [];
  for (;;) {
    const taken = await watcher.take(page);
    if (taken.length === 0) return events;
    events.push(...taken);
  }
}

export const brief = (event: StorageEvent): string => {
  const name = event.entry.key.split('/').at(-1);
  return `${event.type} ${name}=${textOf(event.entry)}@${event.revision}`;
};
