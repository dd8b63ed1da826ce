// StorageObjectInUseProtection: volumes and claims carry a finalizer that their controllers take off when nobody uses
// them any more.
import type { AdmissionPlugin } from '../identity.ts';
import { isFor } from './request.ts';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(request) {
    const { metadata } = request.object ?? { metadata: {} };
    for (const [resource, finalizer] of Object.entries(FINALIZERS)) {
      if (!isFor(request, resource, ['CREATE']) || metadata.finalizers?.includes(finalizer)) continue;
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    }
  },
};
