// PersistentVolumeClaimResize: a claim grows only when it is bound and its storage class lets volumes grow.
import type { PersistentVolumeClaim } from '../../api/types/core/v1.ts';
import { compareQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import type { AdmissionPlugin } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { isFor, refuse } from './request.ts';
import { storageClasses } from './resources.ts';

export const persistentVolumeClaimResize = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'PersistentVolumeClaimResize',
  validate(request) {
    if (!isFor(request, 'persistentvolumeclaims', ['UPDATE'])) return;
    const [claim, old] = [request.object, request.oldObject] as unknown as PersistentVolumeClaim[];
    if (!claim || !old || compareQuantity(storageOf(claim), storageOf(old)) <= 0) return;
    if (old.status?.phase !== 'Bound') throw refuse(request, 'Only bound persistent volume claims can be expanded');
    const className = classOf(claim);
    const allowed =
      className &&
      className === classOf(old) &&
      reader.get(storageClasses, undefined, className)?.allowVolumeExpansion === true;
    if (!allowed) {
      throw refuse(
        request,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    }
  },
});

const storageOf = (claim: PersistentVolumeClaim) =>
  parseQuantity((claim.spec?.resources?.requests?.storage as string | undefined) ?? '0');

const classOf = (claim: PersistentVolumeClaim): string =>
  claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName ?? '';
