// Lets a volume that is deleted go when it is bound to no claim (pkg/controller/volume/pvprotection).
import { persistentVolumes } from '../../api/resources.ts';
import { type Controller, watchOf } from '../../client/controller.ts';
import { isDeletedWith, removeFinalizer } from './finalizer.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

export const pvProtectionController = (): Controller => ({
  name: 'pv-protection-controller',
  watches: [
    watchOf({
      resource: persistentVolumes,
      toKeys: (volume) => (isDeletedWith(volume, FINALIZER) ? [volume.metadata.name ?? ''] : []),
    }),
  ],
  async reconcile(name, { informers, client }) {
    const volume = informers.for(persistentVolumes).lister.get(undefined, name);
    if (!volume || !isDeletedWith(volume, FINALIZER) || volume.status?.phase === 'Bound') return undefined;
    await removeFinalizer(client, persistentVolumes, { object: volume, finalizer: FINALIZER });
    return undefined;
  },
});
