// What is around the objects of a plan: owners, namespaces, addresses and volumes, now and when the plan is done. Pure.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import type { ServedResource } from '../../client/rest-mapper.ts';
import type { Step, Subject, Wanted } from './plan.ts';
import { isFor, releaseClaim, type World } from './restore.ts';

/** What there is now, as far as a plan needs it. */
export interface Surroundings {
  /** uids of owners that are still there. */
  owners: ReadonlySet<string>;
  /** uids of owners that are gone, and of what is there under their names. */
  successors: ReadonlyMap<string, string>;
  /** Names of namespaces that are there and not on their way out. */
  namespaces: ReadonlySet<string>;
  services: readonly AnyObject[];
  volumes: readonly AnyObject[];
}

const isOf = (plural: string) => (subject: Subject) => subject.type.plural === plural && subject.type.group === '';

export function worldAfter(
  now: Surroundings,
  { creates, deletes }: { creates: readonly Wanted<'create'>[]; deletes: readonly Wanted<'delete'>[] },
): World {
  const going = (plural: string) =>
    new Set(deletes.filter(({ subject }) => isOf(plural)(subject)).map(({ subject }) => keyOf(subject)));
  const goingServices = going('services');
  const services = now.services
    .filter(({ metadata }) => !goingServices.has(keyOf(metadata)))
    .map(
      ({ spec }) =>
        spec as {
          clusterIPs?: string[];
          clusterIP?: string;
          healthCheckNodePort?: number;
          ports?: { nodePort?: number }[];
        },
    );
  const goingVolumes = going('persistentvolumes');
  const volumes = new Map(
    now.volumes
      .filter(({ metadata }) => !goingVolumes.has(keyOf(metadata)))
      .map((volume) => [volume.metadata.name as string, volume]),
  );
  for (const { subject, outcome } of creates) {
    if (isOf('persistentvolumes')(subject)) volumes.set(subject.name, outcome.object);
  }
  const uids = creates.map(({ outcome }) => outcome.object.metadata.uid).filter((uid) => uid !== undefined);
  return {
    owners: new Set([...now.owners, ...uids]),
    clusterIPs: new Set(services.flatMap(({ clusterIPs, clusterIP }) => clusterIPs ?? (clusterIP ? [clusterIP] : []))),
    nodePorts: new Set(
      services.flatMap(({ ports = [], healthCheckNodePort }) =>
        [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort].filter((port) => port !== undefined),
      ),
    ),
    volumes,
  };
}

const keyOf = ({ namespace, name }: { namespace?: string | undefined; name?: string | undefined }): string =>
  `${namespace ?? ''}/${name}`;

/** Volumes that were kept when their claim went, made free for the claim's new life. */
export function releasedVolumes(creates: readonly Wanted<'create'>[], { volumes }: Surroundings): Step[] {
  const claims = creates.filter(({ subject }) => isOf('persistentvolumeclaims')(subject));
  return volumes.flatMap((volume): Step[] => {
    const wish = claims.find(({ outcome: { object } }) => {
      const { volumeName } = (object.spec ?? {}) as { volumeName?: string };
      return volumeName === volume.metadata.name && isFor(volume, object);
    });
    const uid = ((volume.spec ?? {}) as { claimRef?: { uid?: string } }).claimRef?.uid;
    if (!wish || !uid) return [];
    const object = deepCopy(volume);
    releaseClaim(object.spec as Record<string, unknown>);
    return [
      {
        action: 'update',
        subject: { ...wish.subject, type: VOLUMES, namespace: undefined, name: volume.metadata.name as string },
        reason: `kept the data of ${wish.subject.type.singular} ${wish.subject.name}, and is bound to it again`,
        notes: [],
        object,
        changes: [{ op: 'remove', path: '.spec.claimRef.uid', from: uid }],
      },
    ];
  });
}

const VOLUMES: ServedResource = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  kind: 'PersistentVolume',
  namespaced: false,
  shortNames: [],
  verbs: ['update'],
  subresources: ['status'],
};
