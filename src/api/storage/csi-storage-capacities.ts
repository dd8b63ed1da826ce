// CSIStorageCapacities: how much a class can still provision where; both are for good (pkg/apis/storage/validation).
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import type { Behaviour } from '../behaviour.ts';
import type { CSIStorageCapacity } from '../types/storage/v1.ts';
import { immutable } from '../validation/change.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach, nonNegativeQuantity } from '../validation/rules.ts';

export const csiStorageCapacities: Behaviour = {
  validate(object) {
    const { nodeTopology, storageClassName = '', capacity } = object as AnyObject & CSIStorageCapacity;
    return [
      ...validateLabelSelector(nodeTopology as LabelSelector | undefined, 'nodeTopology'),
      ...invalidEach('storageClassName', storageClassName, isDNS1123Subdomain(storageClassName)),
      ...(capacity === undefined ? [] : nonNegativeQuantity(capacity, 'capacity')),
    ];
  },
  validateUpdate: (object, old) =>
    ['nodeTopology', 'storageClassName'].flatMap((field) => immutable(object[field], old[field], field)),
};
