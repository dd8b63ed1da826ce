// What every write shares: who asks and how, the admission chain, metadata the server owns, and the last step
// that turns a finished object into a change of the store (or, for a dry run, into nothing).
import { randomUUID } from 'node:crypto';
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject, JsonObject, KubeObject } from '../../apimachinery/meta.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { badRequest, StatusError, serviceUnavailable } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import { entryOfObject } from '../../storage/entry.ts';
import {
  type Change,
  type Origin,
  type Storage,
  type StorageEntry,
  StorageFull,
  StorageUnavailable,
  ValueTooLarge,
} from '../../storage/storage.ts';
import type { AdmissionPlugin, AdmissionRequest, Operation, UserInfo } from '../identity.ts';
import type { ResourceHooks } from './hooks.ts';
import { apiVersionOf, isStoredVersion } from './keys.ts';
import type { FieldManagers } from './managed-fields.ts';

/** What the write path needs of the server. */
export interface WriteEnvironment {
  storage: Storage;
  clock: Clock;
  admission: readonly AdmissionPlugin[];
  /** Extra steps of single resources, by `group/resource` of the storage place. */
  hooks: ReadonlyMap<string, ResourceHooks>;
  fieldManagers: FieldManagers;
  /** Resolves the models that built-in definitions name. */
  types: SchemaSet;
  /** 0 ≤ n < 1; for generated names. */
  random: () => number;
}

/** One request to change something. */
export interface WriteTarget {
  definition: ResourceDefinition;
  namespace: string | undefined;
  name: string;
  /** What admission is told instead of the name: nothing of one of a collection. */
  admittedName?: string;
  subresource: string;
  user: UserInfo;
  dryRun: boolean;
  /** Whose fields the written ones become. */
  fieldManager: string;
  /** Kept with every revision that the request leads to. */
  origin: Origin;
  /** As admission sees what the request asked for besides: metav1.CreateOptions and its like. */
  options(): JsonObject | undefined;
  warn(text: string): void;
}

export const hooksOf = (environment: WriteEnvironment, definition: ResourceDefinition): ResourceHooks | undefined =>
  environment.hooks.get(`${definition.storage.group}/${definition.storage.resource}`);

export interface AdmissionStep {
  operation: Operation;
  object: AnyObject | undefined;
  oldObject: AnyObject | undefined;
}

export async function admit(env: WriteEnvironment, target: WriteTarget, step: AdmissionStep): Promise<void> {
  const request = admissionRequest(target, step);
  const { reinvocation, object } = request;
  const managed = object?.metadata?.managedFields;
  await inTurn(env.admission, (plugin) => plugin.admit?.(request));
  if (reinvocation.wanted) {
    reinvocation.again = true;
    await inTurn(env.admission, (plugin) => plugin.admit?.(request));
  }
  if (object?.metadata && object.metadata.managedFields !== managed) {
    env.fieldManagers.restoreInvalid(object.metadata, managed, target.warn);
  }
}

export async function validateAdmission(
  env: WriteEnvironment,
  target: WriteTarget,
  step: AdmissionStep,
): Promise<void> {
  const request = admissionRequest(target, step);
  await inTurn(env.admission, (plugin) => plugin.validate?.(request));
}

/** Most plugins have nothing to wait for, and each turn of the queue of promises costs more than they do. */
async function inTurn(
  plugins: readonly AdmissionPlugin[],
  run: (plugin: AdmissionPlugin) => void | Promise<void>,
): Promise<void> {
  for (const plugin of plugins) {
    const done = run(plugin);
    if (done) await done;
  }
}

const admissionRequest = (target: WriteTarget, step: AdmissionStep): AdmissionRequest => ({
  definition: target.definition,
  subresource: target.subresource,
  namespace: target.namespace ?? '',
  name: target.admittedName ?? target.name,
  user: target.user,
  dryRun: target.dryRun,
  options: target.options,
  reinvocation: { again: false, wanted: false, memory: new Map() },
  warn: target.warn,
  ...step,
});

/** Fills in the namespace of the URL; another one in the body is 400, but means nothing to cluster-scoped types. */
export function matchNamespace(object: AnyObject, definition: ResourceDefinition, namespace: string | undefined): void {
  const given = object.metadata.namespace;
  if (!definition.namespaced) {
    delete object.metadata.namespace;
    return;
  }
  if (given && namespace && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace) object.metadata.namespace = namespace;
}

/** The same owner named twice counts once, with a warning (handlers/create.go dedupOwnerReferencesAndAddWarning). */
export function dropDuplicateOwners({ metadata }: AnyObject, warn: (text: string) => void): void {
  const owners = metadata.ownerReferences ?? [];
  const unique = new Map(owners.map((owner) => [JSON.stringify(owner), owner]));
  if (unique.size === owners.length) return;
  const repeated = owners.filter((owner, i) => owners.findIndex(({ uid }) => uid === owner.uid) !== i);
  metadata.ownerReferences = [...unique.values()];
  warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject ' +
      `such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...new Set(repeated.map(({ uid }) => uid))].join(', ')}`,
  );
}

/** Takes out of a new object what only the server writes, before anybody is said to own it. */
export function wipeSystemFields({ metadata }: AnyObject): void {
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** uid and creationTimestamp are the server's; what marks a deletion is not for clients to set. */
export function stampNew(object: AnyObject, now: string): void {
  const { metadata } = object;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = now;
}

/** The object as the store keeps it: storage version, with type, without resourceVersion. */
export async function toStored(definition: ResourceDefinition, object: AnyObject): Promise<KubeObject> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, selfLink: _selfLink, ...kept } = metadata;
  const typed = { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata: kept, ...rest } as AnyObject;
  if (definition.views) return await definition.views.toStorage(typed);
  return isStoredVersion(definition) ? typed : definition.toStorage(typed);
}

/** Writes, or for a dry run makes the entry that would have come of it. Rejects with WriteConflict. */
export async function commit(
  env: WriteEnvironment,
  dryRun: boolean,
  change: Exclude<Change, { op: 'delete' }>,
): Promise<StorageEntry> {
  if (dryRun) {
    const current = env.storage.get(change.key);
    return entryOfObject(
      { key: change.key, revision: current?.revision ?? 0, createRevision: current?.createRevision ?? 0 },
      withRevision(change.object, current ? String(current.revision) : undefined),
    );
  }
  return await toStore(env.storage, change);
}

export const withRevision = (object: KubeObject, resourceVersion: string | undefined): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...(resourceVersion ? { resourceVersion } : {}) },
});

/** What an API server answers when etcd is out of space, word for word (etcd's ErrNoSpace), then what to do. */
const noSpace = ({ message }: StorageFull): StatusError =>
  new StatusError({ code: 500, message: `etcdserver: mvcc: database space exceeded: ${message}` });

/** A store that cannot write is a 503; when it cannot say whether it did, a 504. */
export async function toStore(storage: Storage, change: Change): Promise<StorageEntry> {
  try {
    return await storage.write(change);
  } catch (error) {
    // The store's limit is etcd's default (rule 51).
    if (error instanceof ValueTooLarge)
      throw new StatusError({ code: 500, message: 'etcdserver: request is too large' });
    if (!(error instanceof StorageUnavailable)) throw error;
    if (error instanceof StorageFull) throw noSpace(error);
    if (error.outcome === 'no') throw serviceUnavailable(error.message);
    throw new StatusError({ code: 504, reason: 'Timeout', message: error.message });
  }
}
