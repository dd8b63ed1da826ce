// What was, as it can be created again: without what belonged to the life that ended. Addresses that others hold by now,
// and volumes that are gone, are given up and told. Pure.
import type { AnyObject, OwnerReference } from '../../apimachinery/meta.ts';
import { deepCopy } from '../../apimachinery/value.ts';

export interface ResourceName {
  group: string;
  plural: string;
}

/** What there is, and will be, besides the object. */
export interface World {
  /** Owners that exist: those that stay as they are, and those that are restored (told by their former uid). */
  owners: ReadonlySet<string>;
  /** Of the Services that there will be. */
  clusterIPs: ReadonlySet<string>;
  nodePorts: ReadonlySet<number>;
  /** PersistentVolumes that there will be, by name. */
  volumes: ReadonlyMap<string, AnyObject>;
}

export interface Restored {
  /** With the uids of former owners: to be replaced by those of the new ones (withOwners). */
  object: AnyObject;
  notes: string[];
}

type Fields = Record<string, unknown>;
type Restorer = (object: AnyObject & { spec: Fields }, world: World) => string[];

/** Finalizers that the server sets to say how to delete. */
const OF_DELETION = new Set(['foregroundDeletion', 'orphan']);

export function restored(
  before: AnyObject,
  resource: ResourceName,
  options: { world: World; keepStatus: boolean },
): Restored {
  const { spec, status, metadata, ...fields } = deepCopy(before);
  const object: AnyObject = {
    ...fields,
    metadata: ownMetadata(metadata),
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined || !options.keepStatus ? {} : { status }),
  };
  const notes = dropOwners(object, options.world);
  const restorer = RESTORERS[`${resource.plural}.${resource.group}`];
  if (restorer) notes.push(...restorer(object as AnyObject & { spec: Fields }, options.world));
  return { object, notes };
}

function ownMetadata(metadata: AnyObject['metadata']): AnyObject['metadata'] {
  const {
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    selfLink: _selfLink,
    managedFields: _managedFields,
    finalizers,
    ...kept
  } = metadata;
  const staying = finalizers?.filter((name) => !OF_DELETION.has(name)) ?? [];
  return { ...kept, ...(staying.length > 0 ? { finalizers: staying } : {}) };
}

/** An owner that is not there would have the garbage collector delete the object at once. */
function dropOwners(object: AnyObject, { owners }: World): string[] {
  const all = object.metadata.ownerReferences;
  if (!all) return [];
  const kept = all.filter(({ uid }) => owners.has(uid));
  if (kept.length > 0) object.metadata.ownerReferences = kept;
  else delete object.metadata.ownerReferences;
  return all
    .filter(({ uid }) => !owners.has(uid))
    .map(({ kind, name }) => `without its owner ${kind} ${name}, which is gone`);
}

/** Owner references with the uids of new lives in place of former ones. */
export function withOwners(object: AnyObject, uids: ReadonlyMap<string, string>): AnyObject {
  const owners = object.metadata.ownerReferences;
  if (!owners?.some(({ uid }) => uids.has(uid))) return object;
  const renewed: OwnerReference[] = owners.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? owner.uid }));
  return { ...object, metadata: { ...object.metadata, ownerReferences: renewed } };
}

const RESTORERS: Readonly<Record<string, Restorer>> = {
  'namespaces.': (namespace) => {
    delete namespace.spec?.finalizers;
    return [];
  },
  'services.': restoreService,
  'persistentvolumeclaims.': restoreClaim,
  'persistentvolumes.': ({ spec }) => {
    releaseClaim(spec);
    return [];
  },
  'pods.': ({ spec }) => {
    delete spec.nodeName; // The scheduler's to say.
    delete spec.ephemeralContainers; // Refused in a new pod.
    return [];
  },
  'jobs.batch': restoreJob,
  'secrets.': restoreSecret,
};

function restoreService({ spec }: AnyObject & { spec: Fields }, { clusterIPs, nodePorts }: World): string[] {
  const notes: string[] = [];
  const addresses = (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])) as string[];
  // "None" is no address: any number of Services may be headless.
  const taken = addresses.filter((address) => address !== 'None' && clusterIPs.has(address));
  if (taken.length > 0) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    notes.push(`another address than ${taken.join(', ')}, which another Service has by now`);
  }
  for (const port of (spec.ports ?? []) as { nodePort?: number }[]) {
    if (port.nodePort === undefined || !nodePorts.has(port.nodePort)) continue;
    notes.push(`another node port than ${port.nodePort}, which another Service has by now`);
    delete port.nodePort;
  }
  if (typeof spec.healthCheckNodePort === 'number' && nodePorts.has(spec.healthCheckNodePort)) {
    notes.push(`another port for health checks than ${spec.healthCheckNodePort}`);
    delete spec.healthCheckNodePort;
  }
  return notes;
}

const BINDING = ['pv.kubernetes.io/bind-completed', 'pv.kubernetes.io/bound-by-controller'];

function restoreClaim(claim: AnyObject & { spec: Fields }, { volumes }: World): string[] {
  const { spec, metadata } = claim;
  const name = spec.volumeName;
  if (typeof name !== 'string' || !name) return [];
  for (const annotation of BINDING) delete metadata.annotations?.[annotation];
  const volume = volumes.get(name);
  if (volume && isFor(volume, claim)) return [];
  delete spec.volumeName;
  return [
    volume
      ? `not bound to the volume ${name}, which another claim has by now`
      : `with a new, empty volume: ${name} is gone with what was in it`,
  ];
}

/** Whether a PersistentVolume is this claim's, or was. */
export function isFor(volume: AnyObject, claim: AnyObject): boolean {
  const of = (volume.spec as Fields | undefined)?.claimRef as { namespace?: string; name?: string } | undefined;
  return of?.name === claim.metadata.name && of?.namespace === claim.metadata.namespace;
}

/** A volume's claim is then known by its name alone, so that the new life of it may have the volume. */
export function releaseClaim(spec: Fields): void {
  const claim = spec.claimRef as Fields | undefined;
  delete claim?.uid;
  delete claim?.resourceVersion;
}

const JOB_LABELS = ['controller-uid', 'batch.kubernetes.io/controller-uid', 'job-name', 'batch.kubernetes.io/job-name'];

/** The selector and labels that the server makes for a Job hold its uid. */
function restoreJob({ spec }: AnyObject & { spec: Fields }): string[] {
  if (spec.manualSelector === true) return [];
  delete spec.selector;
  const template = spec.template as { metadata?: { labels?: Record<string, string> } } | undefined;
  for (const label of JOB_LABELS) delete template?.metadata?.labels?.[label];
  return [];
}

/** A token is of one life of its ServiceAccount; the token controller makes another. */
function restoreSecret(secret: AnyObject): string[] {
  if (secret.type !== 'kubernetes.io/service-account-token') return [];
  delete secret.metadata.annotations?.['kubernetes.io/service-account.uid'];
  delete secret.data;
  return ['with a new token'];
}
