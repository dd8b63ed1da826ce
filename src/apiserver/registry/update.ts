// update and patch over a definition: a function is applied to the current object, the result is admitted,
// validated and written if nothing came in between; else it is applied again to what came (rules 7, 38-43).
import type { WriteContext } from '../../api/definition.ts';
import { validateMetadataUpdate, validatePlainMetadata } from '../../api/validation/metadata.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  badRequest,
  conflict,
  type FieldError,
  fieldError,
  invalid,
  notFound,
  unexpected,
} from '../../apimachinery/status-error.ts';
import { type StorageEntry, WriteConflict } from '../../storage/storage.ts';
import { createObject } from './create.ts';
import { groupResource, keptKind, objectKey, readyView } from './keys.ts';
import { parseRevision, revisionProblem } from './parameters.ts';
import {
  admit,
  commit,
  dropDuplicateOwners,
  hooksOf,
  matchNamespace,
  toStore,
  toStored,
  validateAdmission,
  type WriteEnvironment,
  type WriteTarget,
} from './write.ts';

export interface UpdatePlan {
  /** The new object from the current one (frozen); called again when something came in between. */
  apply(current: AnyObject | undefined): AnyObject | Promise<AnyObject>;
  /** Puts back what this endpoint may not change, and decides generation. Default: the definition's own. */
  prepare?(object: AnyObject, old: AnyObject, context: WriteContext): void;
  validate?(object: AnyObject, old: AnyObject): FieldError[];
  /** Whether a missing object is made. */
  createMissing?: boolean;
  /** Whether an object without resourceVersion may overwrite whatever there is. */
  unconditional?: boolean;
  /** Whether managedFields were settled by apply() itself. */
  managed?: boolean;
  /** What admission sees instead of the object, and how what it made of that is written back: a Scale. */
  admitted?: { of(object: AnyObject): AnyObject; back(object: AnyObject, shown: AnyObject): void };
  /** False where another uid is an invalid change instead of a conflict: in patches. */
  uidIsPrecondition?: boolean;
}

export interface Updated {
  entry: StorageEntry;
  created: boolean;
}

export async function updateObject(env: WriteEnvironment, target: WriteTarget, plan: UpdatePlan): Promise<Updated> {
  const { definition } = target;
  const key = objectKey(definition, target.namespace, target.name);
  for (;;) {
    const current = env.storage.get(key);
    if (!current) {
      if (!plan.createMissing) throw notFound(groupResource(definition), target.name);
      return await createMissing(env, target, plan);
    }
    const old = await readyView(definition, current);
    const object = await plan.apply(old);
    try {
      return { entry: await replace(env, { ...target, plan, current, old, object }), created: false };
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
      // Lost a race. With a resourceVersion of the client's own the next round says so; without, it simply goes on.
    }
  }
}

async function createMissing(env: WriteEnvironment, target: WriteTarget, plan: UpdatePlan): Promise<Updated> {
  const { definition } = target;
  const object = await plan.apply(undefined);
  matchNamespace(object, definition, target.namespace);
  const { uid } = object.metadata;
  if (uid) {
    const why = plan.managed
      ? `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
      : `Precondition failed: UID in precondition: ${uid}, UID in object meta: `;
    throw conflict(groupResource(definition), target.name, why);
  }
  revisionOf(object);
  // A dry run writes nothing that would take it away.
  if (!target.dryRun) delete object.metadata.resourceVersion;
  const creating = { ...target, options: () => ({ ...target.options(), kind: 'CreateOptions' }) };
  return {
    entry: await createObject(env, creating, object, { managed: plan.managed ?? false, byUpdate: true }),
    created: true,
  };
}

interface Replacement extends WriteTarget {
  plan: UpdatePlan;
  current: StorageEntry;
  old: AnyObject;
  object: AnyObject;
}

async function replace(env: WriteEnvironment, r: Replacement): Promise<StorageEntry> {
  const { definition, plan, current, old, object } = r;
  matchNamespace(object, definition, r.namespace);
  requireName(object, r.name);
  dropDuplicateOwners(object, r.warn);
  if (plan.uidIsPrecondition !== false && object.metadata.uid && object.metadata.uid !== old.metadata.uid) {
    throw conflict(
      groupResource(definition),
      r.name,
      `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (!plan.managed) {
    env.fieldManagers.trackUpdate(object, {
      definition,
      live: old,
      manager: r.fieldManager,
      subresource: r.subresource,
    });
  }
  const shown = plan.admitted?.of(object) ?? object;
  const oldObject = plan.admitted?.of(old) ?? old;
  await admit(env, r, { operation: 'UPDATE', object: shown, oldObject });
  plan.admitted?.back(object, shown);
  object.metadata.managedFields = env.fieldManagers.keepTimes(old, object).metadata.managedFields;
  if (!object.metadata.managedFields) delete object.metadata.managedFields;
  checkRevision(r);
  keepMetadata(object, old);
  const hooks = hooksOf(env, definition);
  const reservation = await hooks?.beginUpdate?.(object, old, { dryRun: r.dryRun });
  try {
    (plan.prepare ?? definition.prepareForUpdate)(object, old, { now: env.clock.now() });
    // The generic rules come first and, upstream, once more with the type's own.
    const errors = [
      ...validatePlainMetadata(object.metadata),
      ...validateMetadataUpdate(object.metadata, old.metadata),
      ...(hooks?.validate?.(object, old) ?? []),
      ...(plan.validate ?? definition.validateUpdate)(object, old),
    ];
    if (errors.length > 0) throw invalid(keptKind(definition), r.name, errors);
    // Strategies of subresources warn of nothing.
    if (!plan.prepare) for (const text of definition.warnings(object, old)) r.warn(text);
    await validateAdmission(env, r, { operation: 'UPDATE', object: plan.admitted?.of(object) ?? object, oldObject });
    // What was put back beside a status may give defaults to what was sent: upstream reads what it stored.
    if (plan.prepare) definition.setDefaults(object);
    const entry = await writeOver(env, r, current);
    await reservation?.commit();
    return entry;
  } catch (error) {
    await reservation?.release();
    throw error;
  }
}

function checkRevision({ definition, plan, object, current, name }: Replacement): void {
  const { resourceVersion } = object.metadata;
  if (!resourceVersion || resourceVersion === '0') {
    if (plan.unconditional ?? definition.allowUnconditionalUpdate) return;
    const error = fieldError.invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    // Upstream names the resource here where elsewhere it names the kind.
    throw invalid({ group: definition.group, kind: definition.plural }, name, [error]);
  }
  if (revisionOf(object) !== current.revision) {
    throw conflict(
      groupResource(definition),
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

/** Throws 500 for one that is no number, as upstream. */
function revisionOf({ metadata: { resourceVersion } }: AnyObject): number {
  if (!resourceVersion) return 0;
  const revision = parseRevision(resourceVersion);
  if (revision === undefined) throw unexpected(revisionProblem(resourceVersion));
  return revision;
}

/** An update names its object in the body too. Throws 400. */
export function requireName(object: Pick<AnyObject, 'metadata'>, name: string): void {
  if (object.metadata.name === name) return;
  throw badRequest(
    object.metadata.name
      ? `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`
      : `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  );
}

/** What an update of any endpoint cannot change (rest.BeforeUpdate, ValidateObjectMetaAccessorUpdate). */
function keepMetadata(object: AnyObject, old: AnyObject): void {
  const { metadata } = object;
  const kept = old.metadata;
  metadata.uid ??= kept.uid;
  metadata.creationTimestamp = kept.creationTimestamp;
  if (kept.deletionTimestamp) metadata.deletionTimestamp = kept.deletionTimestamp;
  if (kept.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= kept.deletionGracePeriodSeconds;
  }
  if (kept.generation === undefined) delete metadata.generation;
  else metadata.generation = kept.generation;
  delete metadata.selfLink;
}

/** An update that removes the last thing an object marked for deletion waited for removes the object. */
async function writeOver(env: WriteEnvironment, r: Replacement, current: StorageEntry): Promise<StorageEntry> {
  const { definition, object } = r;
  const stored = await toStored(definition, object);
  const hooks = hooksOf(env, definition);
  if (shouldGo(object) && !hooks?.keepsDeleted?.(object)) {
    if (r.dryRun)
      return await commit(env, true, { op: 'update', key: current.key, expected: current.revision, object: stored });
    const gone = await toStore(env.storage, {
      op: 'delete',
      key: current.key,
      expected: current.revision,
      object: stored,
      origin: r.origin,
    });
    await hooks?.afterDelete?.(object);
    return gone;
  }
  const ttl = definition.ttlSeconds === undefined ? {} : { ttlSeconds: definition.ttlSeconds };
  return await commit(env, r.dryRun, {
    op: 'update',
    key: current.key,
    expected: current.revision,
    object: stored,
    origin: r.origin,
    ...ttl,
  });
}

const shouldGo = ({ metadata }: AnyObject): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (metadata.finalizers ?? []).length === 0 &&
  (metadata.deletionGracePeriodSeconds ?? 0) === 0;
