// Deletions as one revision each. A deletion with grace or finalizers takes several: a deletionTimestamp that someone's
// DELETE sets, updates that lead to the end, and the removal, often by a controller. What people undo is the first. Pure.
import type { Revision } from '../types.ts';

export interface FoldedRevision extends Revision {
  /** The deletion has begun and has not come to its end. */
  unfinished?: boolean;
}

const DELETION_TIMESTAMP = '.metadata.deletionTimestamp';

/** `revisions` of one object, its earlier lives too, the newest first; so is the answer. */
export function foldDeletions<T extends Revision>(revisions: readonly T[]): (T & FoldedRevision)[] {
  const ended = new Set<string>();
  const deleting = new Set<string>();
  for (const { uid, operation, changes } of revisions) {
    if (operation === 'delete') ended.add(uid);
    if (changes.some(isDeletionBegun)) deleting.add(uid);
  }
  /** Lives whose deletion's beginning, going back in time, is still to come. */
  const inDeletion = new Set(deleting);
  const folded: (T & FoldedRevision)[] = [];
  for (const revision of revisions) {
    const { uid } = revision;
    if (!inDeletion.has(uid)) folded.push(revision);
    else if (revision.changes.some(isDeletionBegun)) {
      inDeletion.delete(uid);
      folded.push({ ...revision, operation: 'delete', changes: [], ...(ended.has(uid) ? {} : { unfinished: true }) });
    }
  }
  return folded;
}

const isDeletionBegun = ({ op, path }: Revision['changes'][number]): boolean =>
  op === 'add' && path === DELETION_TIMESTAMP;
