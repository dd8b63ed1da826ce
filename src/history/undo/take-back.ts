// Field changes taken back on what an object is now. Pure. A field that holds something else than the change left there
// was changed since: that is a conflict, and the field stays unless `force`.
import type { FieldChange } from '../../apimachinery/changes.ts';
import type { AnyObject, Json, JsonObject } from '../../apimachinery/meta.ts';
import { canonicalEqual, deepCopy, isObject } from '../../apimachinery/value.ts';
import { locate, parsePath, type Step, steadyPart, valueAt } from '../field-path.ts';

/** A field that holds neither what the change left nor what was there before it. */
export interface FieldConflict {
  path: string;
  /** Undefined: absent. */
  now: Json | undefined;
  before: Json | undefined;
}

export interface TakenBack {
  object: AnyObject;
  /** What was set, in the form of changes: from now to then. */
  changes: FieldChange[];
  conflicts: FieldConflict[];
}

/** What the server keeps by itself; nobody means these when they undo. */
const KEPT_BY_SERVER =
  /^\.(?:status(?:\W|$)|metadata\.(?:generation|resourceVersion|uid|creationTimestamp|deletionTimestamp|deletionGracePeriodSeconds|selfLink|managedFields)(?:\W|$))/;

export const isKeptByServer = (path: string): boolean => KEPT_BY_SERVER.test(path);

export interface TakeBackOptions {
  /** Overwrite what was changed since. */
  force?: boolean;
  /** Whether someone changed what is at this path, in it or around it since: a place in a list may be another's by then. */
  changedSince?: (path: string) => boolean;
}

/** `changes` are of one revision or several, the newest revision's last; they are taken back from the end. */
export function takeBack(object: AnyObject, changes: readonly FieldChange[], options: TakeBackOptions = {}): TakenBack {
  const root = deepCopy(object) as unknown as JsonObject;
  const done: FieldChange[] = [];
  const conflicts: FieldConflict[] = [];
  for (const change of changes.toReversed()) {
    if (isKeptByServer(change.path)) continue;
    const after = 'to' in change ? change.to : undefined;
    const before = 'from' in change ? change.from : undefined;
    const steps = parsePath(change.path);
    const now = valueAt(root, steps);
    // An index says where, not what: an item of the same content may be elsewhere by now.
    const positional = steps.at(-1)?.kind === 'index' && change.op !== 'replace';
    if (!positional && same(now, before)) continue;
    const fits = positional && change.op === 'remove' ? true : same(now, after);
    const untouched = fits && !options.changedSince?.(steadyPart(change.path));
    if (!untouched && !options.force) {
      conflicts.push({ path: change.path, now, before });
      continue;
    }
    if (!put(root, steps, { value: before, insert: positional })) conflicts.push({ path: change.path, now, before });
    else done.push(asChange(change.path, positional && change.op === 'remove' ? undefined : now, before));
  }
  return { object: root as unknown as AnyObject, changes: done, conflicts };
}

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalEqual(a, b);

function asChange(path: string, from: Json | undefined, to: Json | undefined): FieldChange {
  if (from === undefined) return { op: 'add', path, to: to as Json };
  return to === undefined ? { op: 'remove', path, from } : { op: 'replace', path, from, to };
}

/** Sets, or with undefined removes, what is at `steps`; false when what should hold it is not there. */
function put(root: JsonObject, steps: readonly Step[], what: { value: Json | undefined; insert: boolean }): boolean {
  const last = steps.at(-1);
  const parent = valueAt(root, steps.slice(0, -1));
  if (!last) return false;
  if (Array.isArray(parent)) return putItem(parent, last, what);
  if (!isObject(parent) || last.kind !== 'member') return false;
  if (what.value === undefined) delete parent[last.name];
  else (parent as JsonObject)[last.name] = deepCopy(what.value);
  return true;
}

function putItem(items: Json[], step: Step, { value, insert }: { value: Json | undefined; insert: boolean }): boolean {
  const place = locate(items, step) as number | undefined;
  if (value === undefined) {
    if (place !== undefined) items.splice(place, 1);
    return place !== undefined;
  }
  if (step.kind === 'index' && insert) {
    if (step.index > items.length) return false;
    items.splice(step.index, 0, deepCopy(value));
  } else if (place !== undefined) items[place] = deepCopy(value);
  else if (step.kind === 'index') return false;
  else items.push(deepCopy(value));
  return true;
}
