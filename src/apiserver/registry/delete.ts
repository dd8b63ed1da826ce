// delete over a definition: preconditions, grace, finalizers for dependents, or removal at once
// (docs/guarantees.md, rules 41-49). The steps are those of registry/generic/registry/store.go Delete and
// registry/rest/delete.go BeforeDelete.
import type { AnyObject, Status } from '../../apimachinery/meta.ts';
import { conflict, notFound } from '../../apimachinery/status-error.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import { timestamp } from '../../clock.ts';
import { type StorageEntry, WriteConflict } from '../../storage/storage.ts';
import { type DeleteOptions, deletionOptions } from './delete-options.ts';
import { groupResource, keptKind, objectKey, readyView } from './keys.ts';
import { finalizersForPropagation } from './propagation.ts';
import {
  admit,
  commit,
  hooksOf,
  toStore,
  toStored,
  validateAdmission,
  type WriteEnvironment,
  type WriteTarget,
} from './write.ts';

export interface Deleted {
  /** What is told: the object, or that it is gone. */
  result: { entry: StorageEntry } | { status: Status };
  /** False while finalizers or grace keep the object. */
  removed: boolean;
}

export async function deleteObject(
  env: WriteEnvironment,
  target: WriteTarget,
  options: DeleteOptions,
): Promise<Deleted> {
  const { definition } = target;
  const key = objectKey(definition, target.namespace, target.name);
  const first = env.storage.get(key);
  const oldObject = first && (await readyView(definition, first));
  const step = { operation: 'DELETE' as const, object: undefined, oldObject };
  const asked = { ...target, options: () => deletionOptions(options) };
  // Before it is known to exist: what may not be deleted is refused either way.
  await admit(env, asked, step);
  if (first) await validateAdmission(env, asked, step);
  for (;;) {
    const current = env.storage.get(key);
    if (!current) throw notFound(groupResource(definition), target.name);
    checkPreconditions(target, options, { current, inOwnWords: hooksOf(env, definition)?.deletesItself ?? false });
    try {
      return await deleteCurrent(env, target, { options, current });
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

/** What a precondition is about, and what may have become of an object that does not meet it. */
const PRECONDITIONS = {
  uid: ['UID', 'deleted and then recreated'],
  resourceVersion: ['ResourceVersion', 'modified'],
} as const;

function checkPreconditions(
  { definition, name }: WriteTarget,
  { preconditions = {} }: DeleteOptions,
  { current, inOwnWords }: { current: StorageEntry; inOwnWords: boolean },
): void {
  const { metadata } = current.object;
  for (const field of ['uid', 'resourceVersion'] as const) {
    const wanted = preconditions[field];
    if (wanted === undefined || wanted === metadata[field]) continue;
    const [title, fate] = PRECONDITIONS[field];
    if (inOwnWords) {
      const why = `Precondition failed: ${title} in precondition: ${wanted}, ${title} in object meta: ${metadata[field]}`;
      throw conflict(groupResource(definition), name, why);
    }
    // Upstream names the kind here where elsewhere it names the resource.
    const { group, kind: resource } = keptKind(definition);
    const why = `the ${title} in the precondition (${wanted}) does not match the ${title} in record (${metadata[field]}). The object might have been ${fate}`;
    throw conflict({ group, resource }, name, why);
  }
}

interface Step {
  options: DeleteOptions;
  current: StorageEntry;
}

async function deleteCurrent(env: WriteEnvironment, target: WriteTarget, { options, current }: Step): Promise<Deleted> {
  const { definition, dryRun } = target;
  const hooks = hooksOf(env, definition);
  const object = deepCopy(await readyView(definition, current));
  const now = timestamp(env.clock);
  const grace = markGraceful(env, target, { object, options });
  if (grace === 'pending') {
    return { result: told(target, current), removed: false };
  }
  const held = hooks?.beginDelete?.(object, { now }) ?? false;
  object.metadata.finalizers = finalizersForPropagation(object, definition.defaultPropagation, options);
  const finalizers = object.metadata.finalizers.length > 0;
  if (!finalizers) delete object.metadata.finalizers;
  if (grace === 'none' && finalizers && !held) markDeleting(object, now);
  const waits = finalizers || held || (grace !== 'none' && grace > 0);
  if (waits) {
    const entry = await commit(env, dryRun, {
      op: 'update',
      key: current.key,
      expected: current.revision,
      object: await toStored(definition, object),
      origin: target.origin,
    });
    return { result: { entry }, removed: false };
  }
  if (dryRun) {
    const change = { key: current.key, expected: current.revision, object: await toStored(definition, object) };
    return { result: told(target, await commit(env, true, { op: 'update', ...change })), removed: true };
  }
  const entry = await toStore(env.storage, {
    op: 'delete',
    key: current.key,
    expected: current.revision,
    object: await toStored(definition, object),
    origin: target.origin,
  });
  await hooks?.afterDelete?.(object);
  return { result: told(target, entry), removed: true };
}

/**
 * Sets or shortens the grace of types that have one. 'none': the type goes at once; 'pending': it is going
 * already and nothing changes; else the seconds that are left.
 */
function markGraceful(
  env: WriteEnvironment,
  { definition }: WriteTarget,
  { object, options }: { object: AnyObject; options: DeleteOptions },
): number | 'none' | 'pending' {
  const { metadata } = object;
  // A negative grace is the shortest (rule 41).
  const requested =
    options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  const grace = definition.deletionGrace(object, requested);
  if (grace === undefined) return 'none';
  if (metadata.deletionTimestamp) {
    const left = metadata.deletionGracePeriodSeconds ?? 0;
    if (left === 0) return 'none';
    if (requested === undefined || grace >= left) return 'pending';
    metadata.deletionTimestamp = shifted(shifted(metadata.deletionTimestamp, -left), grace);
    metadata.deletionGracePeriodSeconds = grace;
    return grace;
  }
  metadata.deletionTimestamp = shifted(timestamp(env.clock), grace);
  metadata.deletionGracePeriodSeconds = grace;
  if (metadata.generation) metadata.generation++;
  return grace;
}

/** Go's durations are 64 bits of nanoseconds: a grace beyond 292 years ends somewhere in between. */
function shifted(time: string, seconds: number | bigint): string {
  const nanoseconds = BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n);
  return `${new Date(Date.parse(time) + Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19)}Z`;
}

function markDeleting(object: AnyObject, now: string): void {
  const { metadata } = object;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  metadata.deletionTimestamp ??= now;
  metadata.deletionGracePeriodSeconds = 0;
}

function told({ definition, name }: WriteTarget, entry: StorageEntry): Deleted['result'] {
  if (definition.returnDeletedObject) return { entry };
  return {
    status: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(definition.group ? { group: definition.group } : {}),
        kind: definition.plural,
        ...(entry.object.metadata.uid ? { uid: entry.object.metadata.uid } : {}),
      },
    },
  };
}
