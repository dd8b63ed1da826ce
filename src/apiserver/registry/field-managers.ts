// FieldManagers over the algorithms of apimachinery/patch/apply.
import { STATUS_KEEPS_METADATA } from '../../api/strategies.ts';
import type { AnyObject, JsonObject } from '../../apimachinery/meta.ts';
import {
  applyPatch,
  keepTimesIfUnchanged,
  updateManagedFields,
  type WriteContext,
} from '../../apimachinery/patch/apply/apply.ts';
import { decodeManagers } from '../../apimachinery/patch/apply/managers.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { deepFreeze } from '../../apimachinery/value.ts';
import type { Clock } from '../../clock.ts';
import { apiVersionOf } from './keys.ts';
import type { FieldManagers, OwnershipChange } from './managed-fields.ts';

export interface FieldManagersOptions {
  clock: Clock;
  types: SchemaSet;
  /** The apiVersions a stored type is served in; what others own there is forgotten. */
  versionsOf(definition: OwnershipChange['definition']): readonly string[];
}

export function createFieldManagers({ clock, types, versionsOf }: FieldManagersOptions): FieldManagers {
  const readFields = createFieldsReader();
  const contextOf = ({ definition, manager, subresource }: OwnershipChange): WriteContext => ({
    manager,
    apiVersion: apiVersionOf(definition),
    subresource,
    now: clock.now(),
    schema: definition.schema.model === '' ? undefined : definition.schema,
    shape: definition.applyShape?.(types),
    types,
    versions: versionsOf(definition),
    readFields,
    resetFields: resetFieldsOf(definition, subresource),
  });
  return {
    trackUpdate(object, change) {
      const owned = change.definition.ownedForm?.(object) ?? object;
      const { managedFields } = timeless(updateManagedFields(change.live, owned, contextOf(change)), change).metadata;
      if (managedFields?.length) object.metadata.managedFields = managedFields;
      else delete object.metadata.managedFields;
    },
    apply: (patch, change) =>
      timeless(
        applyPatch({
          ...contextOf(change),
          live: change.live,
          patch: patch as unknown as AnyObject,
          force: change.force,
        }),
        change,
      ),
    keepTimes: keepTimesIfUnchanged,
    restoreInvalid(metadata, before, warn) {
      if (decodeManagers(metadata.managedFields)) return;
      if (before) metadata.managedFields = [...before];
      else delete metadata.managedFields;
      warn(
        '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating ' +
          'admission controller; please fix your requests: error decoding managed fields',
      );
    },
  };
}

const MAX_SHARED = 512;

/** Objects made of one template have one set of fields, which is as large as the rest of them and hardly ever read. */
function createFieldsReader(): (text: string) => JsonObject {
  const known = new Map<string, JsonObject>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size === MAX_SHARED) known.delete(oldest);
    const read = deepFreeze(JSON.parse(text) as JsonObject);
    known.set(text, read);
    return read;
  };
}

/** What was asked to be signed cannot be changed; approvers and signers have a part each. */
const SIGNING_REQUEST_RESETS: Readonly<Record<string, readonly string[][]>> = {
  '': [['spec'], ['status']],
  status: [['spec'], ['status', 'conditions']],
  approval: [['spec'], ['status', 'certificate']],
};

/** Single fields of metadata that /status puts back. */
const STATUS_KEEPS: Readonly<Record<string, readonly string[][]>> = {
  '/pods': [
    ['metadata', 'deletionTimestamp'],
    ['metadata', 'ownerReferences'],
  ],
  'apps/deployments': [['metadata', 'labels']],
};

/** Who scales is remembered without a time (k8s.io/apimachinery managedfields/scalehandler.go). */
function timeless(object: AnyObject, { manager, subresource }: OwnershipChange): AnyObject {
  if (subresource !== 'scale') return object;
  const managedFields = object.metadata.managedFields?.map((entry) => {
    if (entry.subresource !== 'scale' || entry.manager !== manager) return entry;
    const { time: _time, ...rest } = entry;
    return rest;
  });
  return { ...object, metadata: { ...object.metadata, ...(managedFields ? { managedFields } : {}) } };
}

const NOTHING: readonly string[][] = [];
const STATUS: readonly string[][] = [['status']];

/** Each endpoint puts back what the other writes, so nobody owns that here (GetResetFields of the strategies). */
function resetFieldsOf(definition: OwnershipChange['definition'], subresource: string): readonly string[][] {
  if (definition.kind === 'CertificateSigningRequest') return SIGNING_REQUEST_RESETS[subresource] ?? NOTHING;
  if (!Object.hasOwn(definition.subresources, 'status')) return NOTHING;
  if (subresource === '' || subresource === 'finalize') return STATUS;
  if (subresource !== 'status') return NOTHING;
  const id = `${definition.group}/${definition.plural}`;
  const keepsMetadata = definition.fit || STATUS_KEEPS_METADATA.has(id);
  return keepsMetadata ? [['metadata'], ['spec']] : [['spec'], ...(STATUS_KEEPS[id] ?? [])];
}
