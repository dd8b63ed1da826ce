// Lets a VolumeAttributesClass that is deleted go when no claim and no volume names it (pkg/controller/volume/vacprotection).
import { persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from '../../api/resources.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core/v1.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { isDeletedWith, removeFinalizer } from './finalizer.ts';

const FINALIZER = 'kubernetes.io/vac-protection';

export const vacProtectionController = (): Controller => ({
  name: 'volumeattributesclass-protection-controller',
  watches: [
    watchOf({
      resource: volumeAttributesClasses,
      toKeys: (given) => (isDeletedWith(given, FINALIZER) ? [given.metadata.name ?? ''] : []),
    }),
    // What named a class before the change, or named it when it went.
    watchOf({
      resource: persistentVolumeClaims,
      toKeys: (claim, context, old) => [claim, old].flatMap((one) => (one ? deleted(namedByClaim(one), context) : [])),
    }),
    watchOf({
      resource: persistentVolumes,
      toKeys: (volume, context, old) =>
        [volume, old].flatMap((one) => (one ? deleted(namedByVolume(one), context) : [])),
    }),
  ],
  async reconcile(name, { informers, client }) {
    const given = informers.for(volumeAttributesClasses).lister.get(undefined, name);
    if (!given || !isDeletedWith(given, FINALIZER)) return undefined;
    // Asked of the server: what names it may not be in the cache yet.
    const [volumes, claims] = await Promise.all([client.list(persistentVolumes), client.list(persistentVolumeClaims)]);
    const named = [...volumes.items.flatMap(namedByVolume), ...claims.items.flatMap(namedByClaim)];
    if (named.includes(name)) return undefined;
    await removeFinalizer(client, volumeAttributesClasses, { object: given, finalizer: FINALIZER });
    return undefined;
  },
});

const namedByVolume = ({ spec }: PersistentVolume): string[] => present([spec?.volumeAttributesClassName]);

const namedByClaim = ({ spec, status }: PersistentVolumeClaim): string[] =>
  present([
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]);

const present = (names: readonly (string | undefined)[]): string[] => names.flatMap((name) => name || []);

const deleted = (names: readonly string[], { informers }: ControllerContext): string[] =>
  names.filter((name) => {
    const given = informers.for(volumeAttributesClasses).lister.get(undefined, name);
    return given !== undefined && isDeletedWith(given, FINALIZER);
  });
