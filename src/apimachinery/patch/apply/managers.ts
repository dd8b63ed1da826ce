// metadata.managedFields as sets by manager, and back, in upstream's order
// (k8s.io/apimachinery/pkg/util/managedfields/internal: managedfields.go, capmanagers.go, stripmeta.go).
import type { JsonObject, ManagedFieldsEntry } from '../../meta.ts';
import {
  difference,
  EMPTY,
  type FieldSet,
  fieldElement,
  fromFieldsV1,
  isEmpty,
  setOf,
  toFieldsV1,
  union,
} from './field-set.ts';

/** Who a set of fields belongs to. Entries differ by these and, for updates, by apiVersion. */
export interface ManagerId {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
}

export interface Manager extends ManagerId {
  fields: FieldSet;
  /** `fields` as they were read; whoever changes the fields leaves it out. */
  encoded?: JsonObject;
  /** RFC 3339 in seconds; undefined for an entry that says none. */
  time: string | undefined;
}

/** By identity (`managerKey`). */
export type Managers = ReadonlyMap<string, Manager>;

export const managerKey = ({ manager, operation, apiVersion, subresource }: ManagerId): string =>
  JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);

/** More update entries than this are merged, oldest first, into one per version. */
const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

const metadata = (name: string) => [fieldElement('metadata'), fieldElement(name)];

/** What no manager ever owns. */
export const neverTracked = setOf(
  [fieldElement('apiVersion')],
  [fieldElement('kind')],
  [fieldElement('metadata')],
  metadata('name'),
  metadata('namespace'),
  metadata('creationTimestamp'),
  metadata('selfLink'),
  metadata('uid'),
  metadata('clusterName'),
  metadata('generation'),
  metadata('managedFields'),
  metadata('resourceVersion'),
);

export const tracked = (fields: FieldSet): FieldSet => difference(fields, neverTracked);

/** Undefined when an entry cannot be read: upstream then goes on as if there were none. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries ?? []) {
    const manager = decodeManager(entry);
    if (!manager) return undefined;
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

function decodeManager(entry: ManagedFieldsEntry): Manager | undefined {
  const { operation, apiVersion, fieldsType, fieldsV1 } = entry;
  if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || fieldsType !== 'FieldsV1') return undefined;
  const fields = readFields(fieldsV1);
  if (!fields) return undefined;
  return {
    manager: entry.manager ?? '',
    operation,
    apiVersion,
    subresource: entry.subresource ?? '',
    fields,
    ...(fieldsV1 ? { encoded: fieldsV1 } : {}),
    time: entry.time,
  };
}

function readFields(fieldsV1: ManagedFieldsEntry['fieldsV1']): FieldSet | undefined {
  try {
    return fieldsV1 ? fromFieldsV1(fieldsV1) : EMPTY;
  } catch {
    // Clients may write anything here; what is no FieldsV1 counts as no entry.
    return undefined;
  }
}

export const encodeManagers = (managers: Managers): ManagedFieldsEntry[] =>
  [...managers.values()]
    .toSorted(inOrder)
    .map((manager) => entryOf(manager, manager.encoded ?? toFieldsV1(manager.fields)));

export const entryOf = (
  { manager, operation, apiVersion, subresource, time }: ManagerId & Pick<Manager, 'time'>,
  fieldsV1: JsonObject,
): ManagedFieldsEntry => ({
  ...(manager === '' ? {} : { manager }),
  operation,
  apiVersion,
  ...(time === undefined ? {} : { time }),
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...(subresource === '' ? {} : { subresource }),
});

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const inOrder = (a: Manager, b: Manager): number =>
  byText(a.operation, b.operation) ||
  seconds(a.time) - seconds(b.time) ||
  byText(a.manager, b.manager) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.subresource, b.subresource);

export function capUpdateManagers(managers: Managers): Managers {
  const updates = [...managers.values()].filter((m) => m.operation === 'Update');
  if (updates.length <= MAX_UPDATE_MANAGERS) return managers;
  const oldest = updates.toSorted((a, b) => seconds(a.time) - seconds(b.time) || byText(managerKey(a), managerKey(b)));
  const result = new Map(managers);
  const firstOf = new Map<string, Manager>();
  let count = updates.length;
  for (const manager of oldest) {
    if (count <= MAX_UPDATE_MANAGERS) break;
    const first = firstOf.get(manager.apiVersion);
    if (!first) {
      firstOf.set(manager.apiVersion, manager);
      continue;
    }
    // The first of a version only moves into the bucket when a second one joins it.
    const bucket = { manager: ANCIENT, operation: 'Update', apiVersion: manager.apiVersion, subresource: '' } as const;
    const key = managerKey(bucket);
    let held = result.get(key);
    if (!held) {
      held = first;
      result.delete(managerKey(first));
    }
    result.delete(managerKey(manager));
    result.set(key, { ...bucket, fields: union(manager.fields, held.fields), time: manager.time });
    count--;
  }
  return result;
}

/** Without the managers that own nothing any more. */
export const withoutEmpty = (managers: Managers): Map<string, Manager> =>
  new Map([...managers].filter(([, manager]) => !isEmpty(manager.fields)));
