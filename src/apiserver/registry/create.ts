// create over a definition: admission, generated names, metadata of the server, validation, one write.
import { validatePlainMetadata } from '../../api/validation/metadata.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  alreadyExists,
  badRequest,
  fieldError,
  hasReason,
  invalid,
  StatusError,
} from '../../apimachinery/status-error.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import { timestamp } from '../../clock.ts';
import { type StorageEntry, WriteConflict } from '../../storage/storage.ts';
import { apiVersionOf, groupResource, keptKind, objectKey } from './keys.ts';
import { generateName } from './names.ts';
import { parseRevision } from './parameters.ts';
import {
  admit,
  commit,
  dropDuplicateOwners,
  hooksOf,
  matchNamespace,
  stampNew,
  toStored,
  validateAdmission,
  type WriteEnvironment,
  type WriteTarget,
  wipeSystemFields,
  withRevision,
} from './write.ts';

const NAME_ATTEMPTS = 8;

/**
 * `object` has its defaults and is the caller's no more; `managed`: its managedFields are settled already;
 * `byUpdate`: an update or apply makes it, and marks of a deletion that it brings along are kept, as upstream does.
 */
export async function createObject(
  env: WriteEnvironment,
  target: WriteTarget,
  object: AnyObject,
  options: { managed?: boolean; byUpdate?: boolean } = {},
): Promise<StorageEntry> {
  const { definition } = target;
  matchNamespace(object, definition, target.namespace);
  dropDuplicateOwners(object, target.warn);
  if (target.name && object.metadata.name && object.metadata.name !== target.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  }
  if (options.byUpdate) delete object.metadata.selfLink;
  else wipeSystemFields(object);
  if (!options.managed) {
    env.fieldManagers.trackUpdate(object, {
      definition,
      live: undefined,
      manager: target.fieldManager,
      subresource: target.subresource,
    });
  }
  await admit(env, target, { operation: 'CREATE', object, oldObject: undefined });
  const generated = !object.metadata.name && object.metadata.generateName;
  let candidate = object;
  for (let attempt = 1; ; attempt++) {
    if (generated) candidate.metadata.name = generateName(generated, env.random);
    try {
      return await createNamed(env, target, candidate);
    } catch (error) {
      if (!generated || !hasReason(error, 'AlreadyExists')) throw error;
      if (attempt === NAME_ATTEMPTS) throw noUniqueName(target, candidate.metadata.name as string);
      // What was about to be stored is frozen; to prepare it once more changes nothing but the name.
      candidate = deepCopy(candidate);
    }
  }
}

const noUniqueName = (target: WriteTarget, name: string): StatusError => {
  const { status } = alreadyExists(groupResource(target.definition), name);
  return new StatusError({
    ...status,
    message: `${status.message}, the server was not able to generate a unique name for the object`,
    details: { ...status.details, retryAfterSeconds: 1 },
  });
};

async function createNamed(env: WriteEnvironment, target: WriteTarget, object: AnyObject): Promise<StorageEntry> {
  const { definition, dryRun } = target;
  stampNew(object, timestamp(env.clock));
  if (definition.hasGeneration) object.metadata.generation = 1;
  object.kind = definition.kind;
  object.apiVersion = apiVersionOf(definition);
  const hooks = hooksOf(env, definition);
  const reservation = await hooks?.beginCreate?.(object, { dryRun, user: target.user });
  try {
    definition.prepareForCreate(object, { now: env.clock.now(), warn: target.warn });
    const { judgesNameLast } = definition;
    const errors = [
      ...(hooks?.validate?.(object, undefined) ?? []),
      ...(judgesNameLast ? [] : nameErrors(target, object)),
      ...definition.validate(object),
      ...(definition.validateCreate?.(object) ?? []),
    ];
    if (judgesNameLast && errors.length === 0) {
      errors.push(...nameErrors(target, object), ...validatePlainMetadata(object.metadata));
    }
    if (errors.length > 0) throw invalid(keptKind(definition), object.metadata.name ?? '', errors);
    for (const text of definition.warnings(object, undefined)) target.warn(text);
    await validateAdmission(
      env,
      { ...target, name: object.metadata.name as string },
      { operation: 'CREATE', object, oldObject: undefined },
    );
    const entry = await writeNew(env, target, object);
    await reservation?.commit();
    return entry;
  } catch (error) {
    await reservation?.release();
    throw error;
  }
}

function nameErrors(target: WriteTarget, object: AnyObject) {
  const { definition } = target;
  const { name, generateName: base } = object.metadata;
  const errors = [];
  if (base && definition.validatesGenerateName) {
    for (const text of definition.validateName(base, true))
      errors.push(fieldError.invalid('metadata.generateName', base, text));
  }
  if (!name) {
    errors.push(fieldError.required('metadata.name', 'name or generateName is required'));
  } else {
    for (const text of definition.validateName(name, false))
      errors.push(fieldError.invalid('metadata.name', name, text));
  }
  return errors;
}

async function writeNew(env: WriteEnvironment, target: WriteTarget, object: AnyObject): Promise<StorageEntry> {
  const { definition, dryRun } = target;
  const name = object.metadata.name as string;
  const key = objectKey(definition, object.metadata.namespace, name);
  const { resourceVersion } = object.metadata;
  // Upstream's storage refuses it, which a dry run never reaches; what is no revision passes there as well.
  if (!dryRun && resourceVersion && parseRevision(resourceVersion)) {
    throw new StatusError({ code: 500, message: 'resourceVersion should not be set on objects to be created' });
  }
  const ttl = definition.ttlSeconds === undefined ? {} : { ttlSeconds: definition.ttlSeconds };
  const existing = env.storage.get(key);
  if (existing) throw exists(target, name, existing);
  try {
    const entry = await commit(env, dryRun, {
      op: 'create',
      key,
      object: await toStored(definition, object),
      origin: target.origin,
      ...ttl,
    });
    return dryRun && resourceVersion ? { ...entry, object: withRevision(entry.object, resourceVersion) } : entry;
  } catch (error) {
    if (error instanceof WriteConflict) throw exists(target, name, error.current);
    throw error;
  }
}

function exists(target: WriteTarget, name: string, current: StorageEntry | undefined): StatusError {
  const error = alreadyExists(groupResource(target.definition), name);
  if (!current?.object.metadata.deletionTimestamp) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` });
}
