// Server-side apply and the bookkeeping of field managers for every other write, as
// k8s.io/apimachinery/pkg/util/managedfields does it over structured-merge-diff. Pure: inputs may be frozen.
import { DecodeError } from '../../codec/decoded.ts';
import { decodeTyped } from '../../codec/strict.ts';
import { kindText } from '../../go-text.ts';
import type { AnyObject, Json, JsonObject, ManagedFieldsEntry } from '../../meta.ts';
import type { SchemaSet, TypeSchema } from '../../schema.ts';
import { badRequest, unexpected } from '../../status-error.ts';
import { canonicalEqual } from '../../value.ts';
import { joinErrors, keyErrors, typeErrors } from './check.ts';
import { createdFields } from './created.ts';
import { EMPTY, type FieldSet, fieldElement, setOf } from './field-set.ts';
import { allowedByLastApplied, withLastApplied } from './last-applied.ts';
import {
  capUpdateManagers,
  decodeManagers,
  encodeManagers,
  entryOf,
  type ManagerId,
  type Managers,
  managerKey,
} from './managers.ts';
import { afterApply, afterUpdate, type Ownership } from './ownership.ts';
import { objectShape, type Shape } from './shape.ts';
import { zeroObject } from './zero.ts';

export interface WriteContext {
  /** The field manager's name; '' becomes "unknown". */
  manager: string;
  /** Of the request, as in metadata.managedFields: v1, apps/v1. */
  apiVersion: string;
  /** Undefined or '' for the main resource. */
  subresource?: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Undefined for custom resources without a schema. */
  schema: TypeSchema | undefined;
  /** Of types made at run time, which have no model. */
  shape?: Shape | undefined;
  types: SchemaSet;
  /** Paths by field names that this endpoint resets and therefore nobody can own here: [['status']]. */
  resetFields?: readonly (readonly string[])[];
  /** The apiVersions this kind is served in; entries of others are dropped. Undefined keeps all. */
  versions?: readonly string[];
  /** Reads FieldsV1; objects that are alike may share what comes of it. */
  readFields?: (text: string) => JsonObject;
}

const BEFORE_FIRST_APPLY = 'before-first-apply';
const NONE: Managers = new Map();

/**
 * `next` with metadata.managedFields as they are after `manager` wrote it. `live` is undefined on create. Managed
 * fields that `next` brings along replace the live ones; an empty list, or one empty entry, forgets all.
 */
export function updateManagedFields(live: AnyObject | undefined, next: AnyObject, context: WriteContext): AnyObject {
  const ownership = ownershipOf(context);
  if (!live && !next.metadata.managedFields && ownership.ignored.children.size === 0) {
    return withEntries(next, entriesOfCreator(next, context, ownership));
  }
  const managers = managersOfUpdate(live, next, context.subresource ?? '');
  const bare = withManagers(next, NONE);
  // An object nobody's fields were tracked on stays that way until it is applied.
  if (managers.size === 0 && live?.metadata.uid) return bare;
  const before = live ? withManagers(live, NONE) : zeroObject(context.schema, context.types);
  const after = afterUpdate(before as Json, bare as Json, {
    managers: served(managers, context),
    writer: writerOf(context, 'Update'),
    time: timeOf(context),
    ownership,
  });
  return withManagers(bare, capUpdateManagers(after));
}

function entriesOfCreator(
  object: AnyObject,
  context: WriteContext,
  { shape, ignored }: Ownership,
): ManagedFieldsEntry[] {
  const zero = zeroObject(context.schema, context.types);
  const text = createdFields(object as unknown as JsonObject, { shape, zero, ignored: ignored.members });
  if (text === undefined) return [];
  const fieldsV1 = context.readFields?.(text) ?? (JSON.parse(text) as JsonObject);
  return [entryOf({ ...writerOf(context, 'Update'), time: timeOf(context) }, fieldsV1)];
}

export interface ApplyRequest extends WriteContext {
  /** What is stored; undefined when the apply creates. */
  live: AnyObject | undefined;
  /** The applied configuration. */
  patch: AnyObject;
  /** Takes over what others own instead of answering 409. */
  force: boolean;
}

/**
 * The object that applying `patch` to `live` gives, with its managed fields. When nothing changes it equals `live`.
 * Throws 409 for conflicts, 400 for a patch with managed fields or of another version, 500 for one that does not fit
 * the type.
 */
export function applyPatch(request: ApplyRequest): AnyObject {
  const { live, patch } = request;
  if (patch.apiVersion !== request.apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${patch.apiVersion}, expected: ${request.apiVersion}`,
    );
  }
  if (patch.metadata?.managedFields !== undefined && patch.metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const ownership = ownershipOf(request);
  requireTyped(patch, ownership.shape);
  if (live) requireKeys(live, ownership.shape);
  const base = (live ? withManagers(live, NONE) : zeroObject(request.schema, request.types)) as AnyObject;
  const managers = managersOfApply(base, request);
  const writer = writerOf(request, 'Apply');
  const allowed = request.force ? 'all' : allowedByLastApplied(base, request.manager, ownership.shape);
  const { object, managers: owned } = afterApply(base as Json, patch as Json, { managers, writer, allowed, ownership });
  if (object === undefined && live) return withManagers(base, owned);
  const outcome = typed(object ?? (base as Json), request);
  const result = { ...outcome, metadata: outcome.metadata ?? {} };
  return withManagers(withLastApplied(result, patch, request.manager), stampedAt(owned, writer, timeOf(request)));
}

/**
 * `next`, or with live's managed fields when nothing but their times would change: such a write changes nothing
 * (k8s.io/apiserver, handlers/fieldmanager/equality.go).
 */
export function keepTimesIfUnchanged(live: AnyObject, next: AnyObject): AnyObject {
  const timeless = (object: AnyObject) => ({
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: '',
      managedFields: object.metadata.managedFields?.map(({ time: _, ...entry }) => entry) ?? [],
    },
  });
  if (!canonicalEqual(timeless(live), timeless(next))) return next;
  const { managedFields: _, ...metadata } = next.metadata;
  const { managedFields } = live.metadata;
  return { ...next, metadata: managedFields ? { ...metadata, managedFields } : metadata };
}

/** As Go's type would hold the outcome: without nulls, texts of times and quantities as they are written. */
function typed(value: Json, { schema, types }: WriteContext): AnyObject {
  if (!schema || schema.model === '') return value as AnyObject;
  try {
    const decoded = { value, duplicates: [], literals: new Map(), problems: [], wrapsIntegers: true };
    return decodeTyped(decoded, schema, types).value as unknown as AnyObject;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unexpected(
      `failed to convert new typed object (${describe(value as AnyObject)}) to object: ${error.message}`,
    );
  }
}

const writerOf = (context: WriteContext, operation: ManagerId['operation']): ManagerId => ({
  manager: context.manager || 'unknown',
  operation,
  apiVersion: context.apiVersion,
  subresource: context.subresource ?? '',
});

const ownershipOf = ({ schema, shape, types, resetFields }: WriteContext): Ownership => ({
  shape: shape ?? objectShape(schema, types),
  ignored: resetFields ? fieldsNamed(resetFields) : EMPTY,
});

const fieldSets = new WeakMap<readonly (readonly string[])[], FieldSet>();

/** The same lists are named in every write. */
function fieldsNamed(paths: readonly (readonly string[])[]): FieldSet {
  let set = fieldSets.get(paths);
  if (!set) {
    set = setOf(...paths.map((path) => path.map(fieldElement)));
    fieldSets.set(paths, set);
  }
  return set;
}

/** Whole seconds, as metav1.Time is written. */
const timeOf = ({ now }: WriteContext): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

/** What a request says about managed fields counts on the main resource only. */
function managersOfUpdate(live: AnyObject | undefined, next: AnyObject, subresource: string): Managers {
  const stored = decodeManagers(live?.metadata.managedFields) ?? NONE;
  const sent = next.metadata.managedFields;
  if (subresource !== '' || sent === undefined || sent === null) return stored;
  if (isReset(sent)) return NONE;
  const managers = decodeManagers(sent);
  return managers && managers.size > 0 ? managers : stored;
}

const served = (managers: Managers, { versions }: WriteContext): Managers =>
  versions ? new Map([...managers].filter(([, { apiVersion }]) => versions.includes(apiVersion))) : managers;

const isReset = (entries: readonly ManagedFieldsEntry[]): boolean =>
  entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);

/** When an object that nobody's fields were tracked on is first applied, what it has is somebody's already. */
function managersOfApply(base: AnyObject, request: ApplyRequest): Managers {
  const managers = decodeManagers(request.live?.metadata.managedFields);
  if (!managers) throw unexpected('failed to decode managed fields');
  if (managers.size > 0 || !request.live) return served(managers, request);
  const context = { ...request, manager: BEFORE_FIRST_APPLY };
  return afterUpdate(zeroObject(request.schema, request.types), base as Json, {
    managers,
    writer: writerOf(context, 'Update'),
    time: timeOf(request),
    ownership: ownershipOf(request),
  });
}

function stampedAt(managers: Managers, writer: ManagerId, time: string): Managers {
  const key = managerKey(writer);
  const own = managers.get(key);
  return own ? new Map(managers).set(key, { ...own, time }) : managers;
}

const withManagers = (object: AnyObject, managers: Managers): AnyObject =>
  withEntries(object, encodeManagers(managers));

function withEntries(object: AnyObject, entries: ManagedFieldsEntry[]): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: entries.length > 0 ? { ...metadata, managedFields: entries } : metadata };
}

/** Throws 500 for an applied configuration that does not fit its type. */
export function requireTyped(patch: AnyObject, shape: Shape): void {
  const problems = typeErrors(patch as Json, shape);
  if (problems.length === 0) return;
  throw unexpected(`failed to create typed patch object (${describe(patch)}): ${joinErrors(problems)}`);
}

/** Throws 500 for an object that was stored without keys that items are told apart by. */
function requireKeys(live: AnyObject, shape: Shape): void {
  const problems = keyErrors(live as Json, shape);
  if (problems.length === 0) return;
  throw unexpected(`failed to create typed live object (${describe(live)}): ${joinErrors(problems)}`);
}

function describe(object: AnyObject): string {
  const { namespace, name } = object.metadata ?? {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return `${text(namespace)}/${text(name)}; ${kindText(object)}`;
}
