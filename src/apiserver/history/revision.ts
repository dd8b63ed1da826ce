// One committed change as history shows it: when, who, by what means, and which fields.
import { changesBetween, type FieldChange } from '../../apimachinery/changes.ts';
import type { AnyObject, Json } from '../../apimachinery/meta.ts';
import type { Shape } from '../../apimachinery/patch/apply/shape.ts';
import type { Revision } from '../../apimachinery/revision.ts';
import type { Revised, StorageEntry } from '../../storage/storage.ts';

export type { Revision };

export interface Sight {
  shape: Shape;
  /** The object in the version that is shown. */
  view(entry: StorageEntry): AnyObject;
  /** Whether it is a Secret whose values are not to be seen. */
  masked: boolean;
}

/** The object after a change and, where there was one, before. */
export const statesOf = ({ entry, previous }: Revised): StorageEntry[] => (previous ? [entry, previous] : [entry]);

const OPERATIONS = { ADDED: 'create', MODIFIED: 'update', DELETED: 'delete' } as const;

export function toRevision(revised: Revised, { shape, view, masked }: Sight): Revision {
  const { type, entry, previous, origin } = revised;
  const operation = OPERATIONS[type];
  const object = view(entry);
  const changes = operation === 'update' && previous ? changesBetween(view(previous), object, shape) : [];
  const { uid = '', generation } = object.metadata;
  return {
    resourceVersion: String(revised.revision),
    time: new Date(revised.time).toISOString(),
    operation,
    verb: origin?.verb ?? operation,
    ...(origin?.subresource ? { subresource: origin.subresource } : {}),
    user: origin?.user ?? '',
    ...(origin?.userAgent ? { userAgent: origin.userAgent } : {}),
    ...(origin?.fieldManager ? { fieldManager: origin.fieldManager } : {}),
    uid,
    ...(generation === undefined ? {} : { generation }),
    changes: masked ? changes.map(maskSecret) : changes,
  };
}

export const isSecret = ({ group, resource }: { group: string; resource: string }): boolean =>
  group === '' && resource === 'secrets';

const MASK = '***';
/** Annotations too: kubectl apply keeps the whole Secret in one. */
const SECRET = /^\.(?:data|stringData|metadata\.annotations)(?=$|[.[])/;

/** The change of a Secret without its values; keys are told. */
export function maskSecret(change: FieldChange): FieldChange {
  if (!SECRET.test(change.path)) return change;
  const masked = { ...change };
  if ('from' in masked) masked.from = mask(masked.from);
  if ('to' in masked) masked.to = mask(masked.to);
  return masked;
}

function mask(value: Json): Json {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return MASK;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
}
