// What one object should be when some of its revisions are undone: taken back one by one from the newest on, over what
// the object is now. What others changed since is a conflict. Pure.
import { changesBetween, type FieldChange } from '../../apimachinery/changes.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isByIntent } from '../actors.ts';
import { steadyPart } from '../field-path.ts';
import type { Revision } from '../types.ts';
import type { FoldedRevision } from './deletions.ts';
import { type FieldConflict, isKeptByServer, takeBack } from './take-back.ts';

export interface UndoCase {
  current: AnyObject | undefined;
  /** All that is known of the object, deletions folded, the newest first. */
  revisions: readonly FoldedRevision[];
  undone(revision: Revision): boolean;
  /** What the object was before it was deleted by `revision`; undefined when that is not known any more. */
  contentBefore(revision: Revision): AnyObject | undefined;
  /** Overwrite what others changed since. */
  force?: boolean;
}

/** A field that stays as it is, with who made it so. */
export interface Conflict extends FieldConflict {
  by: Revision | undefined;
}

export type Outcome = (
  | { action: 'create'; object: AnyObject }
  | { action: 'update'; object: AnyObject; changes: FieldChange[] }
  | { action: 'delete'; uid: string | undefined }
  | { action: 'none'; reason: string }
) & {
  conflicts: Conflict[];
  /** Why older revisions were not undone. */
  stopped?: string;
};

export function outcomeOf(undoCase: UndoCase): Outcome {
  const { current, revisions, force = false } = undoCase;
  const conflicts: Conflict[] = [];
  const set: FieldChange[] = [];
  let stopped: string | undefined;
  let state = current;
  for (const [i, revision] of revisions.entries()) {
    if (!undoCase.undone(revision)) continue;
    const later = revisions.slice(0, i).filter((one) => !undoCase.undone(one));
    stopped = obstacle(revision, { state, later, force });
    if (stopped) break;
    if (revision.operation === 'create') {
      if (state?.metadata.uid === revision.uid) state = undefined;
    } else if (revision.operation === 'delete') {
      state = undoCase.contentBefore(revision);
      stopped = state ? undefined : 'what it was before its deletion is not kept any more';
      if (stopped) break;
    } else {
      const back = takeBack(state as AnyObject, revision.changes, {
        force,
        changedSince: (path) => writerOf(path, later) !== undefined,
      });
      set.push(...back.changes);
      conflicts.push(...back.conflicts.map((one) => ({ ...one, by: writerOf(steadyPart(one.path), later) })));
      state = back.object;
    }
  }
  if (stopped && state === current) return { action: 'none', reason: stopped, conflicts };
  const outcome = between(current, state, conflicts);
  // As the history names the fields, when each was set once and the object is the same.
  const isNamed =
    current?.metadata.uid === state?.metadata.uid && new Set(set.map(({ path }) => path)).size === set.length;
  return {
    ...outcome,
    ...(outcome.action === 'update' && isNamed && set.length > 0 ? { changes: set } : {}),
    ...(stopped ? { stopped } : {}),
  };
}

interface Situation {
  state: AnyObject | undefined;
  /** Newer revisions that stay. */
  later: readonly Revision[];
  force: boolean;
}

/** Why `revision` cannot be undone at all, in a sentence. */
function obstacle(revision: FoldedRevision, { state, later, force }: Situation): string | undefined {
  if (revision.unfinished) return 'it is being deleted still: try again when it is gone';
  if (revision.operation === 'delete') {
    if (!state) return undefined;
    const again = later.findLast(({ operation }) => operation === 'create');
    return `it exists again${again ? `, created by ${told(again)}` : ''}`;
  }
  if (revision.operation === 'create') {
    const touched = later.find((one) => one.uid === revision.uid && one.operation === 'update' && isByIntent(one));
    if (state && state.metadata.uid !== revision.uid) return 'it was deleted and created anew since';
    if (!touched || !state || force) return undefined;
    return `it was changed since by ${told(touched)}: --force deletes it nevertheless`;
  }
  const deleted = later.find(({ operation }) => operation === 'delete');
  if (!state) return `it was deleted since${deleted ? ` by ${told(deleted)}` : ''}`;
  if (state.metadata.uid !== revision.uid) return 'it was deleted and created anew since';
  return undefined;
}

export const told = ({ user, time, resourceVersion }: Revision): string =>
  `${user} at ${time} (revision ${resourceVersion})`;

/** The newest of `revisions` that changed `path`, something in it, or what it is part of. */
const writerOf = (path: string, revisions: readonly Revision[]): Revision | undefined =>
  revisions.find(({ changes }) =>
    changes.some(
      (change) => !isKeptByServer(change.path) && (isWithin(change.path, path) || isWithin(path, change.path)),
    ),
  );

const isWithin = (path: string, outer: string): boolean =>
  path.startsWith(outer) && (path.length === outer.length || /[.[]/.test(path[outer.length] as string));

/** What leads from `current` to `wanted`. Where both are there, the life that is there goes on. */
export function between(
  current: AnyObject | undefined,
  wanted: AnyObject | undefined,
  conflicts: Conflict[] = [],
): Outcome {
  if (!wanted) {
    if (!current) return { action: 'none', reason: 'it is gone already', conflicts };
    return { action: 'delete', uid: current.metadata.uid, conflicts };
  }
  if (!current) return { action: 'create', object: wanted, conflicts };
  const object = onto(current, wanted);
  const changes = changesBetween(current, object, { kind: 'deduced' }).filter(({ path }) => !isKeptByServer(path));
  if (changes.length > 0) return { action: 'update', object, changes, conflicts };
  const reason = conflicts.length > 0 ? 'all of it was changed since: --force sets it back' : 'it is so already';
  return { action: 'none', reason, conflicts };
}

/** `wanted` as an update of `current`: identity, status and what the server keeps are those of now. */
function onto(current: AnyObject, wanted: AnyObject): AnyObject {
  const { uid, resourceVersion, creationTimestamp, generation, managedFields } = current.metadata;
  const now = { uid, resourceVersion, creationTimestamp, generation, managedFields };
  const known = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined));
  // Owners of an earlier life are none of this one's.
  const owners = wanted.metadata.uid === uid ? wanted.metadata.ownerReferences : current.metadata.ownerReferences;
  const {
    deletionTimestamp: _t,
    deletionGracePeriodSeconds: _g,
    managedFields: _m,
    ownerReferences: _o,
    ...metadata
  } = wanted.metadata;
  const { status: _s, ...fields } = wanted;
  const annotations = { ...without(metadata.annotations, isKept), ...only(current.metadata.annotations, isKept) };
  return {
    ...fields,
    metadata: {
      ...metadata,
      ...(metadata.annotations || Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...known,
      ...(owners ? { ownerReferences: owners } : {}),
    },
    ...('status' in current ? { status: current.status } : {}),
  };
}

/** Annotations by which the deployment controller counts (kubectl rollout undo leaves them, too). */
const isKept = (name: string): boolean => name.startsWith('deployment.kubernetes.io/');

const only = (values: Record<string, string> = {}, wanted: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)));

const without = (values: Record<string, string> | undefined, unwanted: (name: string) => boolean) =>
  only(values, (name) => !unwanted(name));
