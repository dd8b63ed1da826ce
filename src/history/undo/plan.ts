// From what single objects should be to a plan: steps in an order in which each can be done, and what is left out and
// why. Pure; what was left out or given up is always told.
import type { FieldChange } from '../../apimachinery/changes.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ServedResource } from '../../client/rest-mapper.ts';
import type { ObjectName } from '../past.ts';
import { inOrder, rankOf } from './order.ts';
import type { Conflict, Outcome } from './outcome.ts';
import { leftOut } from './remade.ts';
import { restored } from './restore.ts';
import { releasedVolumes, type Surroundings, worldAfter } from './surroundings.ts';

export interface Subject extends ObjectName {
  type: ServedResource;
}

/** What came out for one object, and what it undoes. */
export interface Wish {
  subject: Subject;
  outcome: Outcome;
  /** "deleted by alice at … (revision 7)" */
  reason: string;
  /** Whether somebody may make it meanwhile, so that it is enough that it is there. */
  mayExist?: boolean;
  /** uids of a former life and of the one that is there in its place: what the former owned is then the other's. */
  successor?: readonly [former: string, now: string] | undefined;
}

export type Step = {
  subject: Subject;
  reason: string;
  notes: string[];
} & (
  | { action: 'create'; object: AnyObject; formerUid: string | undefined; mayExist: boolean }
  /** What it was is read when its kind is served again, which an earlier step sees to. */
  | { action: 'create'; readAt: number }
  | { action: 'update'; object: AnyObject; changes: FieldChange[] }
  | { action: 'delete'; uid: string | undefined }
);

export interface LeftOut {
  subject: Subject;
  reason: string;
}

export interface Plan {
  steps: Step[];
  leftOut: LeftOut[];
  conflicts: { subject: Subject; conflict: Conflict }[];
  /** uids of former owners and of those that are there in their place. */
  successors: ReadonlyMap<string, string>;
}

export type Wanted<A extends Outcome['action']> = Wish & { outcome: Extract<Outcome, { action: A }> };

const isA = <A extends Outcome['action']>(wish: Wish, action: A): wish is Wanted<A> => wish.outcome.action === action;

export function planOf(wishes: readonly Wish[], surroundings: Surroundings): Plan {
  const successors = new Map([
    ...surroundings.successors,
    ...wishes.flatMap(({ successor }) => (successor ? [successor] : [])),
  ]);
  const now = { ...surroundings, owners: new Set([...surroundings.owners, ...successors.keys()]) };
  const left: LeftOut[] = [];
  for (const { subject, outcome } of wishes) {
    if (outcome.action === 'none') left.push({ subject, reason: outcome.reason });
    else if (outcome.stopped) left.push({ subject, reason: `older changes of it: ${outcome.stopped}` });
  }
  const deletes = wishes.filter((wish) => isA(wish, 'delete'));
  const { chosen, reasons } = chooseCreates(
    wishes.filter((wish) => isA(wish, 'create')),
    now,
  );
  left.push(...reasons);
  const world = worldAfter(now, { creates: chosen, deletes });
  const creates = chosen.map((wish): Step => {
    const { subject, outcome, reason, mayExist = false } = wish;
    const keepStatus = !subject.type.subresources.includes('status');
    const { object, notes } = restored(outcome.object, subject.type, { world, keepStatus });
    return { action: 'create', subject, reason, notes, object, formerUid: outcome.object.metadata.uid, mayExist };
  });
  const updates = wishes
    .filter((wish) => isA(wish, 'update'))
    .map(({ subject, reason, outcome }): Step => {
      const { object, changes } = outcome;
      return { action: 'update', subject, reason, notes: [], object, changes };
    });
  return {
    // What goes makes room first: names, ports, addresses.
    steps: [
      ...sorted(deletes.map(deletion)).reverse(),
      ...releasedVolumes(chosen, now),
      ...updates,
      ...sorted(creates),
    ],
    leftOut: left,
    successors,
    conflicts: wishes.flatMap(({ subject, outcome }) => outcome.conflicts.map((conflict) => ({ subject, conflict }))),
  };
}

const deletion = ({ subject, reason, outcome }: Wanted<'delete'>): Step => ({
  action: 'delete',
  subject,
  reason,
  notes: isNamespace(subject) ? ['with everything in it'] : [],
  uid: outcome.uid,
});

function sorted(steps: readonly Step[]): Step[] {
  const ordered = steps.map((step) => ({
    step,
    rank: rankOf(step.subject.type),
    uid: 'formerUid' in step ? step.formerUid : undefined,
    owners: 'object' in step ? (step.object.metadata.ownerReferences ?? []).map(({ uid }) => uid) : [],
  }));
  return inOrder(ordered).map(({ step }) => step);
}

/** Leaves out what others make anew, then what belonged to that, and what has no namespace to be in. */
function chooseCreates(
  wishes: readonly Wanted<'create'>[],
  { owners, namespaces }: Surroundings,
): { chosen: Wanted<'create'>[]; reasons: LeftOut[] } {
  const coming = new Set(wishes.map(({ outcome }) => outcome.object.metadata.uid));
  const alive = new Set<string>([...owners, ...[...coming].filter((uid) => uid !== undefined)]);
  const made = new Set([
    ...namespaces,
    ...wishes.filter(({ subject }) => isNamespace(subject)).map(({ subject }) => subject.name),
  ]);
  const reasons: LeftOut[] = [];
  let chosen = [...wishes];
  const leave = (why: (wish: Wanted<'create'>) => string | undefined): boolean => {
    const before = chosen.length;
    chosen = chosen.filter((wish) => {
      const reason = why(wish);
      if (reason) reasons.push({ subject: wish.subject, reason });
      return !reason;
    });
    return chosen.length < before;
  };
  leave(({ subject: { namespace } }) =>
    namespace && !made.has(namespace)
      ? `its namespace ${namespace} is gone, or going: undo namespace ${namespace} first`
      : undefined,
  );
  leave(({ subject, outcome }) => leftOut(outcome.object, subject.type, alive));
  for (;;) {
    const staying = new Set([...owners, ...chosen.map(({ outcome }) => outcome.object.metadata.uid)]);
    const orphaned = leave(({ outcome }) => {
      const owner = outcome.object.metadata.ownerReferences?.find(
        ({ uid, controller }) => controller && alive.has(uid) && !staying.has(uid),
      );
      return owner && `it belonged to ${owner.kind} ${owner.name}, which is left out`;
    });
    if (!orphaned) return { chosen, reasons };
  }
}

const isNamespace = ({ type }: Subject): boolean => type.plural === 'namespaces' && type.group === '';
