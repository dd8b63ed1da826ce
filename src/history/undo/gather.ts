// What an undo is asked for, as wishes for single objects, and then as a plan: reads only.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isByIntent, isOfStatusOnly } from '../actors.ts';
import { formatMoment, type Moment } from '../moment.ts';
import type { Session } from '../session.ts';
import type { Change, Revision } from '../types.ts';
import { fallenWith, isNamespace } from './cascade.ts';
import { type FoldedRevision, foldDeletions } from './deletions.ts';
import { guardNamespaces, surroundingsOf } from './guard.ts';
import { forEach, type Known, keyOf, knownOf, outcomeWithout } from './objects.ts';
import { between, type Outcome, told } from './outcome.ts';
import { type Plan, planOf, type Step, type Subject, type Wish } from './plan.ts';

/** There is nothing that could be undone; the message says why. */
export class NothingToUndo extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingToUndo';
  }
}

export interface ObjectUndo {
  subject: Subject;
  /** Make it as it was then, whoever changed it since. */
  to?: Moment | undefined;
  /** Undo this revision alone, instead of the last change. */
  revision?: number | undefined;
  force?: boolean | undefined;
}

export interface UserUndo {
  user: string;
  from: Moment;
  to?: Moment | undefined;
  namespace?: string | undefined;
  force?: boolean | undefined;
}

export interface Proposal extends Plan {
  /** What is undone, a line each. */
  undoes: string[];
  /** What could not be looked at. */
  notes: string[];
}

const PAST_TENSE = { create: 'created', update: 'changed', delete: 'deleted' } as const;
const reasonOf = (revision: Revision): string => `${PAST_TENSE[revision.operation]} by ${told(revision)}`;

export async function proposeObject(session: Session, request: ObjectUndo): Promise<Proposal> {
  const { subject, to, force = false } = request;
  const known = await knownOf(session, subject);
  if (to) {
    const wanted = await session.past.objectAt(subject, to);
    const reason = `as it was at ${formatMoment(to)}`;
    const outcome = known.current?.metadata.deletionTimestamp ? beingDeleted : between(known.current, wanted);
    return await propose(session, {
      wishes: [{ subject, outcome, reason }],
      undoes: [reason],
      known: new Map([[keyOf(subject), known]]),
      force,
    });
  }
  const revision = chosenRevision(subject, known.revisions, request.revision);
  const undone = (one: Revision) => one.resourceVersion === revision.resourceVersion;
  const outcome = await outcomeWithout(session, subject, { known, undone, force });
  const reason = reasonOf(revision);
  return await propose(session, {
    wishes: [{ subject, outcome, reason }],
    undoes: [`${subject.type.singular} ${subject.name} was ${reason}`],
    known: new Map([[keyOf(subject), known]]),
    deletions: new Map([[keyOf(subject), revision]]),
    force,
  });
}

const beingDeleted: Outcome = {
  action: 'none',
  reason: 'it is being deleted still: try again when it is gone',
  conflicts: [],
};

function chosenRevision(
  subject: Subject,
  revisions: readonly FoldedRevision[],
  asked: number | undefined,
): FoldedRevision {
  const what = `${subject.type.singular} ${subject.name}`;
  if (asked !== undefined) {
    const found = revisions.find(({ resourceVersion }) => resourceVersion === String(asked));
    if (found) return found;
    throw new NothingToUndo(`revision ${asked} is no change of ${what}: "tsukube history" lists them`);
  }
  const newest = revisions.find((one) => isByIntent(one) || one.operation === 'delete');
  if (!newest) {
    throw new NothingToUndo(
      `only the control plane has changed ${what} since its history begins: name a revision with --revision, or a moment with --to`,
    );
  }
  // Of a namespace people want back what was in it, also when they have made a new one of its name.
  const last = revisions.find(({ operation }) => operation === 'delete');
  return isNamespace(subject) && newest.operation === 'create' && last ? last : newest;
}

/** Changes of one identity beyond which a span is asked to be narrowed. */
const MOST_CHANGES = 5_000;

export async function proposeUser(session: Session, request: UserUndo): Promise<Proposal> {
  const { user, from, to, namespace, force = false } = request;
  const { items, more } = await session.past.changes({ user, from, to, namespace, limit: MOST_CHANGES });
  if (more)
    throw new NothingToUndo(
      `${user} made more than ${MOST_CHANGES} changes in that span: narrow it with --from and --to`,
    );
  const meant = items.filter((change) => !isOfStatusOnly(change));
  if (meant.length === 0) {
    throw new NothingToUndo(
      `${user} changed nothing from ${formatMoment(from)} to ${to ? formatMoment(to) : 'now'}${namespace ? ` in ${namespace}` : ''}`,
    );
  }
  const revisions = new Set(meant.map(({ resourceVersion }) => resourceVersion));
  const undone = ({ resourceVersion }: Revision) => revisions.has(resourceVersion);
  const groups = [...Map.groupBy(meant, ({ object }) => JSON.stringify(object)).values()];
  const wishes: Wish[] = [];
  const known = new Map<string, Known>();
  const unserved: Change[][] = [];
  await forEach(groups, async (changes) => {
    const [newest] = changes as [Change, ...Change[]];
    const { apiVersion, kind, namespace: place, name } = newest.object;
    const type = await session.mapper.ofKind(apiVersion, kind);
    if (!type) {
      unserved.push(changes);
      return;
    }
    const subject: Subject = { type, namespace: place, name };
    const all = await knownOf(session, subject);
    known.set(keyOf(subject), all);
    const outcome = await outcomeWithout(session, subject, { known: all, undone, force });
    wishes.push({ subject, outcome, reason: reasonOf(foldDeletions(changes)[0] ?? newest) });
  });
  wishes.sort((a, b) => (keyOf(a.subject) < keyOf(b.subject) ? -1 : 1));
  return await propose(session, {
    wishes,
    undoes: [
      `what ${user} changed: ${meant.length === 1 ? '1 change' : `${meant.length} changes`} of ${groups.length === 1 ? '1 object' : `${groups.length} objects`}`,
    ],
    known,
    undone,
    unserved,
    force,
  });
}

interface Gathered {
  wishes: Wish[];
  undoes: string[];
  /** Histories that were read, by key. */
  known: Map<string, Known>;
  /** Which deletion is undone, where that is known already. */
  deletions?: ReadonlyMap<string, FoldedRevision>;
  /** What is undone of objects that fall with others. */
  undone?: (revision: Revision) => boolean;
  /** Changes of objects whose kind is not served now. */
  unserved?: Change[][];
  force: boolean;
}

async function propose(session: Session, gathered: Gathered): Promise<Proposal> {
  const { wishes, known, undone, force } = gathered;
  const byKey = new Map(wishes.map((wish) => [keyOf(wish.subject), wish]));
  const later: Step[] = [];
  const notes = new Set<string>();
  for (const wish of wishes) {
    const deletion =
      gathered.deletions?.get(keyOf(wish.subject)) ?? known.get(keyOf(wish.subject))?.revisions.find(isDeletion);
    const former = formerOf(wish, deletion);
    if (!former) continue;
    const fallen = await fallenWith(session, wish.subject, former);
    later.push(...fallen.later);
    for (const { plural } of fallen.forbidden)
      notes.add(`you may not list ${plural}: what went of them is not put back`);
    for (const one of fallen.wishes) {
      const key = keyOf(one.subject);
      const own = known.get(key);
      if (!byKey.has(key)) byKey.set(key, one);
      else if (own && undone && one.outcome.action === 'create') {
        // It fell with another, and its own changes are undone as well.
        const fell = own.revisions.find(isDeletion)?.resourceVersion;
        const both = (revision: Revision) => undone(revision) || revision.resourceVersion === fell;
        const outcome = await outcomeWithout(session, one.subject, { known: own, undone: both, force });
        byKey.set(key, { ...one, outcome });
      }
    }
  }
  const all = await guardNamespaces(session, [...byKey.values()], force);
  const plan = planOf(all, await surroundingsOf(session, all));
  const waiting = new Set(later.map(({ subject }) => keyOf(subject)));
  for (const changes of gathered.unserved ?? []) {
    const [{ object }] = changes as [Change, ...Change[]];
    const subject = unservedSubject(object);
    if (waiting.has(keyOf(subject))) continue;
    plan.leftOut.push({
      subject,
      reason: `the server serves no ${object.kind} now: undo the deletion of its definition first`,
    });
  }
  return { ...plan, steps: [...plan.steps, ...later], undoes: gathered.undoes, notes: [...notes] };
}

const isDeletion = ({ operation }: Revision): boolean => operation === 'delete';

/** What comes back, or, of a namespace that exists again, what was before. */
function formerOf(
  { subject, outcome }: Wish,
  revision: FoldedRevision | undefined,
): { object: AnyObject; revision: Revision } | undefined {
  if (!revision || revision.unfinished || revision.operation !== 'delete') return undefined;
  if (outcome.action === 'create') return { object: outcome.object, revision };
  return isNamespace(subject) && outcome.action === 'none' ? { object: { metadata: {} }, revision } : undefined;
}

function unservedSubject({ apiVersion, kind, resource, namespace, name }: Change['object']): Subject {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const type = { group, version, plural: resource, singular: kind.toLowerCase(), kind };
  return {
    type: { ...type, namespaced: namespace !== undefined, shortNames: [], verbs: [], subresources: [] },
    namespace,
    name,
  };
}
