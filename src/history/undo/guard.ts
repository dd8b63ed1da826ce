// What a plan must know of the rest of the cluster before anything is done: what would go with a namespace, and what
// there is that objects lean on.
import { namespaces, persistentVolumes, services } from '../../api/resources.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { ServedResource } from '../../client/rest-mapper.ts';
import { formatName, type Session } from '../session.ts';
import { isNamespace } from './cascade.ts';
import { forEach, keyOf } from './objects.ts';
import type { Subject, Wish } from './plan.ts';
import { isNeverRestored, leftOut } from './remade.ts';
import type { Surroundings } from './surroundings.ts';

const SHOWN = 3;

/** A namespace that was created is not deleted with what others have put into it, unless `force`. */
export async function guardNamespaces(session: Session, wishes: readonly Wish[], force: boolean): Promise<Wish[]> {
  const going = new Set(
    wishes.filter(({ outcome }) => outcome.action === 'delete').map(({ subject }) => keyOf(subject)),
  );
  const guarded: Wish[] = [];
  for (const wish of wishes) {
    const { subject, outcome } = wish;
    if (force || outcome.action !== 'delete' || !isNamespace(subject)) {
      guarded.push(wish);
      continue;
    }
    const others = (await contentsNow(session, subject.name)).filter((one) => !going.has(keyOf(one)));
    if (others.length === 0) {
      guarded.push(wish);
      continue;
    }
    const named = others.slice(0, SHOWN).map(formatName).join(', ');
    const more = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : '';
    const reason = `it holds ${named}${more}, which would go with it: --force deletes it nevertheless`;
    guarded.push({ ...wish, outcome: { action: 'none', reason, conflicts: outcome.conflicts } });
  }
  return guarded;
}

/** What somebody put into a namespace, rather than a controller. */
async function contentsNow({ past, mapper }: Session, namespace: string): Promise<Subject[]> {
  const found: Subject[] = [];
  const isListed = ({ namespaced, verbs }: ServedResource) =>
    namespaced && verbs.includes('list') && verbs.includes('create');
  const types = (await mapper.preferred()).filter((type) => isListed(type) && !isNeverRestored(type));
  await forEach(types, async (type) => {
    for (const object of await past.listAt(type, { namespace })) {
      const { name = '', ownerReferences = [] } = object.metadata;
      const isDefault = type.plural === 'serviceaccounts' && name === 'default';
      if (isDefault || ownerReferences.length > 0 || leftOut(object, type, new Set())) continue;
      found.push({ type, namespace, name });
    }
  });
  return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export async function surroundingsOf(session: Session, wishes: readonly Wish[]): Promise<Surroundings> {
  const coming = wishes.flatMap(({ subject, outcome }) =>
    outcome.action === 'create' ? [{ subject, object: outcome.object }] : [],
  );
  const has = (plural: string) =>
    coming.some(({ subject }) => subject.type.plural === plural && subject.type.group === '');
  return {
    ...(await ownersThere(session, coming)),
    namespaces: await namespacesThere(session, coming),
    services: has('services') ? await servicesThere(session, coming) : [],
    volumes: has('persistentvolumeclaims') ? await volumesThere(session, coming) : [],
  };
}

interface Coming {
  subject: Subject;
  object: AnyObject;
}

async function ownersThere(
  { past, mapper }: Session,
  coming: readonly Coming[],
): Promise<Pick<Surroundings, 'owners' | 'successors'>> {
  const uids = new Set(coming.map(({ object }) => object.metadata.uid));
  const owners = new Map(
    coming.flatMap(({ subject, object }) =>
      (object.metadata.ownerReferences ?? [])
        .filter(({ uid }) => !uids.has(uid))
        .map((owner) => [owner.uid, { owner, namespace: subject.namespace }] as const),
    ),
  );
  const there = new Set<string>();
  const successors = new Map<string, string>();
  await forEach([...owners.values()], async ({ owner, namespace }) => {
    const type = await mapper.ofKind(owner.apiVersion, owner.kind);
    if (!type) return;
    const name = { type, namespace: type.namespaced ? namespace : undefined, name: owner.name };
    const uid = (await past.objectAt(name))?.metadata.uid;
    if (uid === owner.uid) there.add(owner.uid);
    else if (uid) successors.set(owner.uid, uid);
  });
  return { owners: there, successors };
}

async function namespacesThere({ past }: Session, coming: readonly Coming[]): Promise<Set<string>> {
  const names = new Set(coming.map(({ subject }) => subject.namespace).filter((name) => name !== undefined));
  const there = new Set<string>();
  await forEach([...names], async (name) => {
    const namespace = await past.objectAt({ type: namespaces, namespace: undefined, name });
    if (namespace && !namespace.metadata.deletionTimestamp) there.add(name);
  });
  return there;
}

/** Addresses are the cluster's: of all Services, or of those the user may see. A conflict is then the server's to tell. */
async function servicesThere({ past }: Session, coming: readonly Coming[]): Promise<AnyObject[]> {
  try {
    return await past.listAt(services, {});
  } catch (error) {
    if (!hasReason(error, 'Forbidden')) throw error;
    const places = new Set(coming.map(({ subject }) => subject.namespace).filter((name) => name !== undefined));
    const lists = await Promise.all([...places].map((namespace) => past.listAt(services, { namespace })));
    return lists.flat();
  }
}

async function volumesThere({ past }: Session, coming: readonly Coming[]): Promise<AnyObject[]> {
  const volumes: AnyObject[] = [];
  await forEach(coming, async ({ subject, object }) => {
    const name = ((object.spec ?? {}) as { volumeName?: string }).volumeName;
    if (subject.type.plural !== 'persistentvolumeclaims' || !name) return;
    try {
      const volume = await past.objectAt({ type: persistentVolumes, namespace: undefined, name });
      if (volume) volumes.push(volume);
    } catch (error) {
      if (!hasReason(error, 'Forbidden')) throw error;
      // Not for this user to see: the claim asks for it as before, and the volume controller decides.
      volumes.push({ metadata: { name }, spec: { claimRef: { namespace: subject.namespace, name: subject.name } } });
    }
  });
  return volumes;
}
