// The objects that an undo is about, read once each: what they are, their histories, and what they were.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { ServedResource } from '../../client/rest-mapper.ts';
import { atRevision } from '../past.ts';
import type { Session } from '../session.ts';
import type { Revision } from '../types.ts';
import { type FoldedRevision, foldDeletions } from './deletions.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Subject } from './plan.ts';
import { isNeverRestored } from './remade.ts';

/** Requests under way at a time. */
const AT_ONCE = 8;

export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const run = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, run));
}

export const keyOf = ({ type, namespace, name }: Subject): string =>
  `${type.plural}.${type.group}/${namespace ?? ''}/${name}`;

export interface Known {
  current: AnyObject | undefined;
  revisions: FoldedRevision[];
}

export async function knownOf({ past }: Session, subject: Subject): Promise<Known> {
  const [current, { items }] = await Promise.all([past.objectAt(subject), past.history(subject)]);
  return { current, revisions: foldDeletions(items) };
}

/** `known` with those revisions undone for which `undone` holds. */
export async function outcomeWithout(
  { past }: Session,
  subject: Subject,
  options: { known: Known; undone: (revision: Revision) => boolean; force: boolean },
): Promise<Outcome> {
  const { known, undone, force } = options;
  const contents = new Map<string, AnyObject | undefined>();
  for (const revision of known.revisions) {
    if (!undone(revision) || revision.operation !== 'delete') continue;
    contents.set(revision.resourceVersion, await contentBefore(past, subject, revision));
  }
  return outcomeOf({
    ...known,
    undone,
    force,
    contentBefore: ({ resourceVersion }) => contents.get(resourceVersion),
  });
}

/** undefined when it is not kept any more. */
async function contentBefore(past: Session['past'], subject: Subject, revision: Revision) {
  try {
    return await past.objectAt(subject, before(revision));
  } catch (error) {
    if (hasReason(error, 'Expired')) return undefined;
    throw error;
  }
}

/** The state that a revision found. */
export const before = ({ resourceVersion }: Revision) => atRevision(Number(resourceVersion) - 1);

/** Objects as they were just before `revision`, of every resource that can be put back and that the user may list. */
export async function statesBefore(
  { past, mapper }: Session,
  revision: Revision,
  where: { namespace: string | undefined; namespaced: boolean },
): Promise<{ states: { subject: Subject; object: AnyObject }[]; forbidden: ServedResource[] }> {
  const types = (await mapper.preferred()).filter(
    (type) =>
      (type.namespaced || !where.namespaced) &&
      type.verbs.includes('list') &&
      type.verbs.includes('create') &&
      !isNeverRestored(type),
  );
  const states: { subject: Subject; object: AnyObject }[] = [];
  const forbidden: ServedResource[] = [];
  await forEach(types, async (type) => {
    try {
      for (const object of await past.listAt(type, where, before(revision))) {
        const { namespace, name = '' } = object.metadata;
        states.push({ subject: { type, namespace, name }, object });
      }
    } catch (error) {
      if (!hasReason(error, 'Forbidden')) throw error;
      forbidden.push(type); // Told with the plan.
    }
  });
  states.sort((a, b) => (keyOf(a.subject) < keyOf(b.subject) ? -1 : 1));
  return { states, forbidden };
}
