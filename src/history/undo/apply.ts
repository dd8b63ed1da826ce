// A plan, done step by step in its order. A step that fails is told and the others go on, but for those that need it.
import type { ResourceType } from '../../api/definition.ts';
import { type AnyObject, controllerOf } from '../../apimachinery/meta.ts';
import { hasReason, StatusError } from '../../apimachinery/status-error.ts';
import { atRevision } from '../past.ts';
import type { Session } from '../session.ts';
import { isNamespace } from './cascade.ts';
import type { Plan, Step, Subject } from './plan.ts';
import { restored, withOwners } from './restore.ts';

export interface Done {
  step: Step;
  result: 'created' | 'updated' | 'deleted' | 'there already' | 'failed';
  /** Why it failed. */
  message?: string;
}

/** As the history names the means. */
const FIELD_MANAGER = 'tsukube-undo';
/** How long a definition may take to be served. */
const ESTABLISHED_SECONDS = 30;

interface State {
  /** New uids of former ones. */
  uids: Map<string, string>;
  /** Former uids, and namespaces, that did not come back. */
  missing: Set<string>;
}

/** What a step needs is not there. */
class MissingNeed extends Error {}

/** `onDone` is told after each step. Rejects with TransportError only, when the server does not answer any more. */
export async function applyPlan(
  session: Session,
  plan: Pick<Plan, 'steps' | 'successors'>,
  onDone: (done: Done) => void = () => undefined,
): Promise<Done[]> {
  const state: State = { uids: new Map(plan.successors), missing: new Set() };
  const all: Done[] = [];
  for (const step of plan.steps) {
    let done: Done;
    try {
      done = { step, result: await doStep(session, step, state) };
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof MissingNeed)) throw error;
      done = { step, result: 'failed', message: messageOf(error, step) };
      if (isNamespace(step.subject)) state.missing.add(step.subject.name);
      if ('formerUid' in step && step.formerUid) state.missing.add(step.formerUid);
    }
    all.push(done);
    onDone(done);
  }
  return all;
}

function messageOf(error: Error, { action }: Step): string {
  if (action === 'update' && hasReason(error, 'Conflict')) return 'it was changed meanwhile: run undo again';
  return error.message;
}

async function doStep(session: Session, step: Step, state: State): Promise<Done['result']> {
  const { client } = session;
  const { type, namespace, name } = step.subject;
  if (step.action === 'update') {
    await client.update<AnyObject>(type as ResourceType<AnyObject>, step.object, { fieldManager: FIELD_MANAGER });
    return 'updated';
  }
  if (step.action === 'delete') {
    const preconditions = step.uid ? { preconditions: { uid: step.uid } } : {};
    await client.delete(type, namespace, name, { ...preconditions, propagationPolicy: 'Background' });
    return 'deleted';
  }
  if (namespace && state.missing.has(namespace)) throw new MissingNeed(`its namespace ${namespace} was not made`);
  const what = 'readAt' in step ? await readLater(session, step, state) : step;
  const lost = what.object.metadata.ownerReferences?.find(({ uid }) => state.missing.has(uid));
  if (lost) throw new MissingNeed(`its owner ${lost.kind} ${lost.name} was not made`);
  return await create(session, step.subject, { ...what, state });
}

interface Created {
  object: AnyObject;
  formerUid: string | undefined;
  mayExist: boolean;
}

async function create(
  session: Session,
  subject: Subject,
  { object, formerUid, mayExist, state }: Created & { state: State },
): Promise<Done['result']> {
  const type = subject.type as ResourceType<AnyObject>;
  const wanted = withOwners(object, state.uids);
  const learn = (made: AnyObject) => {
    if (formerUid && made.metadata.uid) state.uids.set(formerUid, made.metadata.uid);
  };
  try {
    learn(await session.client.create<AnyObject>(type, wanted, { fieldManager: FIELD_MANAGER }));
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists') || !(mayExist || controllerOf(object))) throw error;
    const there = await session.client.get<AnyObject>(type, subject.namespace, subject.name);
    learn(there);
    if (!mayExist) return 'there already'; // Its owner was first to make it anew.
    const { uid, resourceVersion } = there.metadata;
    const onto = { ...wanted, metadata: { ...wanted.metadata, uid, resourceVersion } } as AnyObject;
    await session.client.update<AnyObject>(type, onto, { fieldManager: FIELD_MANAGER });
    return 'there already';
  }
  if (isDefinition(subject)) await established(session, subject);
  return 'created';
}

const isDefinition = ({ type }: Subject): boolean =>
  type.plural === 'customresourcedefinitions' && type.group === 'apiextensions.k8s.io';

/** Resolves when the definition's objects are served. */
async function established({ client, mapper }: Session, { type, name }: Subject): Promise<void> {
  const events = client.watch<AnyObject>(type as ResourceType<AnyObject>, {
    fieldSelector: `metadata.name=${name}`,
    timeoutSeconds: ESTABLISHED_SECONDS,
  });
  for await (const { object } of events) {
    const { conditions = [] } = (object.status ?? {}) as { conditions?: { type: string; status: string }[] };
    if (!conditions.some((one) => one.type === 'Established' && one.status === 'True')) continue;
    mapper.refresh();
    return;
  }
  throw new MissingNeed(`it was created, and its kind is not served after ${ESTABLISHED_SECONDS} s`);
}

async function readLater({ past }: Session, step: Step & { readAt: number }, { uids }: State): Promise<Created> {
  const { subject, readAt } = step;
  const former = await past.objectAt(subject, atRevision(readAt));
  if (!former) throw new MissingNeed('what it was is not kept any more, or its definition did not come back');
  const world = {
    owners: new Set(uids.keys()),
    clusterIPs: new Set<string>(),
    nodePorts: new Set<number>(),
    volumes: new Map(),
  };
  const keepStatus = !subject.type.subresources.includes('status');
  const { object } = restored(former, subject.type, { world, keepStatus });
  return { object, formerUid: former.metadata.uid, mayExist: false };
}
