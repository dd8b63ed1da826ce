// For each field of an object: which revision made it what it is. Pure, from the object's history, newest first.
//
// A field belongs to the newest revision that set it or something it is part of. Places in lists move with what was put
// in or taken out before them, so they are followed back from the newest revision on.
import type { FieldChange } from '../apimachinery/changes.ts';
import type { AnyObject, Json, JsonObject } from '../apimachinery/meta.ts';
import { canonicalEqual, isObject } from '../apimachinery/value.ts';
import { parsePath, type Step } from './field-path.ts';
import type { Revision } from './types.ts';
import { type Place, type YamlLine, yamlLines } from './yaml-lines.ts';

export interface BlamedLine extends YamlLine {
  /** Undefined: it is older than what is known of the object. */
  revision: Revision | undefined;
}

/** `revisions` are those of this object's uid, the newest first, down to its creation or as far as they are kept. */
export function blame(object: AnyObject, revisions: readonly Revision[]): BlamedLine[] {
  const lines = yamlLines(object);
  const open = lines.map((line, at) => ({ at, trail: trailOf(object as unknown as Json, line.place) }));
  const blamed: BlamedLine[] = lines.map((line) => ({ ...line, revision: undefined }));
  let left = open;
  for (const revision of revisions) {
    if (left.length === 0) break;
    const changes = revision.changes.map((change) => ({ change, steps: parsePath(change.path) }));
    left = left.filter(({ at, trail }) => {
      const written = revision.operation === 'create' || isWrittenBy(trail, changes.toReversed());
      if (written) (blamed[at] as BlamedLine).revision = revision;
      return !written;
    });
  }
  return blamed;
}

/** A field's way down: for each step its name or place, and the item there, by which lists that merge know it. */
type Trail = { place: Place; value: Json | undefined }[];

function trailOf(root: Json, place: readonly Place[]): Trail {
  let value: Json | undefined = root;
  return place.map((one) => {
    value = isObject(value) || Array.isArray(value) ? (value as JsonObject)[one as string] : undefined;
    return { place: one, value };
  });
}

/** `changes` from the last of a revision to its first. Moves the trail's places to where they were before. */
function isWrittenBy(trail: Trail, changes: readonly { change: FieldChange; steps: readonly Step[] }[]): boolean {
  for (const { change, steps } of changes) {
    const last = steps.at(-1);
    if (last?.kind === 'index' && change.op !== 'replace') {
      if (moved(trail, steps, change.op)) return true;
    } else if (change.op !== 'remove' && covers(steps, trail)) return true;
  }
  return false;
}

/** True when the item itself was put in; what lay behind it is moved back. */
function moved(trail: Trail, steps: readonly Step[], op: 'add' | 'remove'): boolean {
  const { index } = steps.at(-1) as { index: number };
  const step = trail[steps.length - 1];
  if (!step || typeof step.place !== 'number' || !covers(steps.slice(0, -1), trail)) return false;
  if (op === 'add' && step.place === index) return true;
  if (op === 'add' && step.place > index) step.place--;
  else if (op === 'remove' && step.place >= index) step.place++;
  return false;
}

/** Whether `steps` lead to the trail's field or to what it is part of. */
const covers = (steps: readonly Step[], trail: Trail): boolean =>
  steps.length <= trail.length && steps.every((step, i) => isAt(step, trail[i] as Trail[number]));

function isAt(step: Step, { place, value }: Trail[number]): boolean {
  switch (step.kind) {
    case 'member':
      return place === step.name;
    case 'index':
      return place === step.index;
    case 'value':
      return typeof place === 'number' && canonicalEqual(value, step.value);
    case 'keys':
      return typeof place === 'number' && isObject(value) && hasKeys(value as JsonObject, step.keys);
  }
}

/** A key that is left out stands for its default, which the path names. */
const hasKeys = (item: JsonObject, keys: JsonObject): boolean =>
  Object.entries(keys).every(([key, value]) => !Object.hasOwn(item, key) || canonicalEqual(item[key], value));
