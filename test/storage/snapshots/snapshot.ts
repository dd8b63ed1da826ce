// A cluster's store in a folder of its own, and snapshots of it, as the tests of snapshots need them.
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { type Restored, type RestoreOptions, restoreSnapshot } from '../../../src/storage/snapshots/restore.ts';
import { type Saved, type SaveOptions, saveSnapshot } from '../../../src/storage/snapshots/save.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { open, temporaryDirectory } from '../drivers.ts';

export const NOW = Date.UTC(2026, 10, 21, 17, 3, 1);
const KEYS = new Map([
  ['pki/ca.crt', Buffer.from('the authority')],
  ['pki/ca.key', Buffer.from('its key')],
]);

export interface Place {
  dataDir: string;
  stateFile: string;
  /** The folder of snapshots. */
  into: string;
}

export const placeIn = (dataDir: string): Place => ({
  dataDir,
  stateFile: path.join(dataDir, 'state.db'),
  into: path.join(dataDir, 'snapshots'),
});

export const place = async (t: TestContext): Promise<Place> => placeIn(await temporaryDirectory(t));

export const openAt = (t: TestContext, { stateFile }: Place): Promise<Storage> => open(t, `sqlite:${stateFile}`);

/** What a cluster is known by. */
export const nameCluster = (storage: Storage, uid: string): Promise<unknown> =>
  storage.write({
    op: 'create',
    key: '/core/namespaces/kube-system',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid } } as AnyObject,
  });

export const save = (storage: Storage, { into }: Place, options: Partial<SaveOptions> = {}): Promise<Saved> =>
  saveSnapshot({
    into,
    name: 'a',
    how: 'manual',
    version: '1.2.3',
    time: NOW,
    databaseBytes: 0,
    copy: (to, onProgress) => storage.backup(to, onProgress),
    files: KEYS,
    tell: () => undefined,
    ...options,
  });

export const restore = (
  { dataDir, stateFile, into }: Place,
  options: Partial<RestoreOptions> = {},
): Promise<Restored> =>
  restoreSnapshot({
    folder: path.join(into, 'a'),
    stateFile,
    dataDir,
    snapshots: into,
    otherCluster: false,
    now: NOW,
    tell: () => undefined,
    ...options,
  });
