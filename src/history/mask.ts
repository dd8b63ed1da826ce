// Values of Secrets do not belong on a screen: lines show that they changed, not what they are, as kubectl diff does. What
// is written for programs (-o json, -o yaml) has them. Pure.
import type { FieldChange } from '../apimachinery/changes.ts';
import type { AnyObject, Json } from '../apimachinery/meta.ts';
import { canonicalEqual, isObject } from '../apimachinery/value.ts';

const MASK = '***';
/** kubectl apply keeps all of what it applied in an annotation. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const HELD = /^\.(?:data|stringData)(?=$|[.[])/;

export const isSecret = ({ group, plural }: { group: string; plural: string }): boolean =>
  group === '' && plural === 'secrets';

export function maskedChange(change: FieldChange): FieldChange {
  if (!HELD.test(change.path) && !change.path.includes(LAST_APPLIED)) return change;
  const masked = { ...change };
  if ('from' in masked) masked.from = maskedValue(masked.from);
  if ('to' in masked) masked.to = maskedValue(masked.to);
  return masked;
}

function maskedValue(value: Json): Json {
  if (!isObject(value)) return MASK;
  return Object.fromEntries(Object.keys(value).map((key) => [key, MASK]));
}

/** Revisions of a Secret, as lines show them. */
export const maskedRevisions = <T extends { changes: FieldChange[] }>(items: readonly T[]): T[] =>
  items.map((item) => ({ ...item, changes: item.changes.map(maskedChange) }));

/** A Secret of then and of now, so that what differs differs still. Others as they are. */
export function maskedPair(
  from: AnyObject | undefined,
  to: AnyObject | undefined,
): [AnyObject | undefined, AnyObject | undefined] {
  const some = from ?? to;
  if (some?.kind !== 'Secret' || some.apiVersion !== 'v1') return [from, to];
  return [from && masked(from, to, 'before'), to && masked(to, from, 'after')];
}

function masked(object: AnyObject, other: AnyObject | undefined, when: 'before' | 'after'): AnyObject {
  const hide = (values: unknown, others: unknown) => {
    if (!isObject(values)) return values;
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => {
        const isSame = isObject(others) && canonicalEqual(others[key], value);
        return [key, isSame || !other ? MASK : `${MASK} (${when})`];
      }),
    );
  };
  const { annotations, ...metadata } = object.metadata;
  const all = { ...annotations, ...only(hide(annotations, other?.metadata.annotations), LAST_APPLIED) };
  return {
    ...object,
    metadata: { ...metadata, ...(annotations ? { annotations: all as Record<string, string> } : {}) },
    ...('data' in object ? { data: hide(object.data, other?.data) } : {}),
    ...('stringData' in object ? { stringData: hide(object.stringData, other?.stringData) } : {}),
  };
}

const only = (values: unknown, key: string): Record<string, unknown> =>
  isObject(values) && key in values ? { [key]: values[key] } : {};
