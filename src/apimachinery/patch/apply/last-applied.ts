// Moving from client-side to server-side apply with kubectl: what its annotation says was applied before is no
// conflict, and the annotation keeps up with what is applied now (lastappliedmanager.go, lastappliedupdater.go).
import type { AnyObject, Json, JsonObject } from '../../meta.ts';
import { isObject } from '../../value.ts';
import { compare } from './compare.ts';
import { fieldSetOf } from './extract.ts';
import { difference, EMPTY, type FieldSet } from './field-set.ts';
import type { Shape } from './shape.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const KUBECTL = 'kubectl';

/** The fields that still are as kubectl's annotation says, which kubectl may take from others. */
export function allowedByLastApplied(live: AnyObject, manager: string, shape: Shape): FieldSet {
  const text = live.metadata?.annotations?.[LAST_APPLIED];
  if (manager !== KUBECTL || !text) return EMPTY;
  const applied = parsed(text);
  if (applied?.apiVersion !== live.apiVersion) return EMPTY;
  const { added, modified, removed } = compare(applied as Json, live as Json, shape);
  return [added, modified, removed].reduce(difference, fieldSetOf(applied as Json, shape));
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as JsonObject) : undefined;
  } catch {
    // The annotation is anybody's to write; an unreadable one allows nothing.
    return undefined;
  }
}

/** `object` with the annotation brought up to `patch`, if it has one and kubectl applies. */
export function withLastApplied(object: AnyObject, patch: AnyObject, manager: string): AnyObject {
  const { annotations } = object.metadata;
  if (manager !== KUBECTL || !annotations || !Object.hasOwn(annotations, LAST_APPLIED)) return object;
  const { annotations: said, ...metadata } = patch.metadata ?? {};
  const { [LAST_APPLIED]: _, ...others } = said ?? {};
  const shown = {
    ...patch,
    metadata: { ...metadata, ...(Object.keys(others).length > 0 ? { annotations: others } : {}) },
  };
  const text = `${JSON.stringify(sorted(shown as unknown as Json))}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.entries(value as JsonObject).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}
