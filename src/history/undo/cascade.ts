// What went because something else went: the contents of a namespace, what an object owned, the objects of a definition.
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ServedResource } from '../../client/rest-mapper.ts';
import type { Session } from '../session.ts';
import type { Change, Revision } from '../types.ts';
import { foldDeletions } from './deletions.ts';
import { forEach, keyOf, statesBefore } from './objects.ts';
import { told } from './outcome.ts';
import type { Step, Subject, Wish } from './plan.ts';

export interface Fallen {
  wishes: Wish[];
  /** What is read when its kind is served again. */
  later: Step[];
  forbidden: ServedResource[];
}

const NAMESPACES = 'namespaces.';
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const resourceOf = ({ plural, group }: { plural: string; group: string }): string => `${plural}.${group}`;

export const isNamespace = ({ type }: Subject): boolean => resourceOf(type) === NAMESPACES;

/** What fell with `subject`, which was `object` and went by `revision`. */
export async function fallenWith(
  session: Session,
  subject: Subject,
  gone: { object: AnyObject; revision: Revision },
): Promise<Fallen> {
  if (isNamespace(subject)) return await contentsOf(session, subject, gone.revision);
  const owned = await ownedBy(session, subject, gone);
  if (resourceOf(subject.type) !== DEFINITIONS) return owned;
  return { ...owned, later: await instancesOf(session, gone) };
}

async function contentsOf(session: Session, { name }: Subject, revision: Revision): Promise<Fallen> {
  const { states, forbidden } = await statesBefore(session, revision, { namespace: name, namespaced: true });
  const wishes: Wish[] = [];
  const there = await session.past.objectAt({ type: NAMESPACE, namespace: undefined, name });
  await forEach(states, async ({ subject, object }) => {
    const current = there && (await session.past.objectAt(subject));
    wishes.push(wishFor(subject, { object, current, reason: `was in the namespace` }));
  });
  return { wishes: inOrderOf(states, wishes), later: [], forbidden };
}

const NAMESPACE = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** Made by a controller in each namespace; what else it held comes back. */
const isDefaultAccount = ({ type, name }: Subject): boolean =>
  resourceOf(type) === 'serviceaccounts.' && name === 'default';

/** More than the controller gives a new one. */
const hasContent = ({ apiVersion: _apiVersion, kind: _kind, metadata, ...fields }: AnyObject): boolean =>
  Object.keys(fields).length > 0 || metadata.labels !== undefined || metadata.annotations !== undefined;

function wishFor(
  subject: Subject,
  { object, current, reason }: { object: AnyObject; current: AnyObject | undefined; reason: string },
): Wish {
  const mayExist = isDefaultAccount(subject) && !(current && hasContent(current));
  const [former, now] = [object.metadata.uid, current?.metadata.uid];
  const successor = former && now ? ([former, now] as const) : undefined;
  if (object.metadata.deletionTimestamp) {
    return { subject, reason, outcome: { action: 'none', reason: 'it was being deleted already', conflicts: [] } };
  }
  if (current && !mayExist) {
    return { subject, reason, successor, outcome: { action: 'none', reason: 'it exists again', conflicts: [] } };
  }
  return { subject, reason, mayExist, outcome: { action: 'create', object, conflicts: [] } };
}

const inOrderOf = (states: readonly { subject: Subject }[], wishes: readonly Wish[]): Wish[] => {
  const byKey = new Map(wishes.map((wish) => [keyOf(wish.subject), wish]));
  return states.flatMap(({ subject }) => byKey.get(keyOf(subject)) ?? []);
};

/** Those that were collected because their owners went; what stayed is none of ours. */
async function ownedBy(
  session: Session,
  root: Subject,
  { object, revision }: { object: AnyObject; revision: Revision },
): Promise<Fallen> {
  const { states, forbidden } = await statesBefore(session, revision, {
    namespace: root.namespace,
    namespaced: root.type.namespaced,
  });
  const owned = ownedFrom(object.metadata.uid, states);
  const wishes: Wish[] = [];
  await forEach(owned, async ({ subject, object: former }) => {
    const current = await session.past.objectAt(subject);
    if (current?.metadata.uid === former.metadata.uid) return;
    wishes.push(
      wishFor(subject, { object: former, current, reason: `belonged to ${root.type.singular} ${root.name}` }),
    );
  });
  return { wishes: inOrderOf(owned, wishes), later: [], forbidden };
}

/** What `uid` owned, what that owned, and so on. Pure. */
export function ownedFrom<T extends { object: AnyObject }>(uid: string | undefined, states: readonly T[]): T[] {
  const owners = new Set([uid]);
  const found = new Set<T>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const state of states) {
      const { metadata } = state.object;
      if (found.has(state) || !metadata.ownerReferences?.some((owner) => owners.has(owner.uid))) continue;
      found.add(state);
      owners.add(metadata.uid);
      grown = true;
    }
  }
  return states.filter((state) => found.has(state));
}

/** Objects of a definition that went with it: told by their changes, as their kind is not served now. */
async function instancesOf(
  { past }: Session,
  { object, revision }: { object: AnyObject; revision: Revision },
): Promise<Step[]> {
  const type = definedBy(object);
  const from = { kind: 'revision', revision: Number(revision.resourceVersion) } as const;
  const { items } = await past.changes({ resource: resourceOf(type), from });
  const byName = Map.groupBy(items, ({ object: { namespace = '', name } }: Change) => `${namespace}/${name}`);
  return [...byName.values()].flatMap((changes): Step[] => {
    const [last] = foldDeletions(changes);
    if (last?.operation !== 'delete') return [];
    const { namespace, name } = last.object;
    return [
      {
        action: 'create',
        subject: { type, namespace, name },
        reason: `deleted by ${told(last)} with its definition`,
        notes: [],
        readAt: Number(last.resourceVersion) - 1,
      },
    ];
  });
}

/** The resource that a CustomResourceDefinition defines, in the version that is stored. */
export function definedBy(definition: AnyObject): ServedResource {
  const { group, names, scope, versions } = definition.spec as {
    group: string;
    names: { plural: string; singular?: string; kind: string; shortNames?: string[] };
    scope: string;
    versions: { name: string; storage: boolean; served: boolean; subresources?: { status?: object } }[];
  };
  const version = versions.find(({ served, storage }) => served && storage) ?? versions.find(({ served }) => served);
  return {
    group,
    version: version?.name ?? '',
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    namespaced: scope === 'Namespaced',
    shortNames: names.shortNames ?? [],
    verbs: ['get', 'list', 'create'],
    subresources: version?.subresources?.status ? ['status'] : [],
  };
}
