// CSINodes: the storage drivers of one node; what one says of itself stays (pkg/apis/storage/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { CSINodeDriver, CSINodeSpec } from '../types/storage/v1.ts';
import { immutable } from '../validation/change.ts';
import { driverName } from '../validation/driver-name.ts';
import { duplicates, invalidEach, nonNegative } from '../validation/rules.ts';

const MAX_NODE_ID = 256;
const PATH = 'spec.drivers';

const driversOf = (object: AnyObject): readonly CSINodeDriver[] =>
  ((object.spec ?? {}) as Partial<CSINodeSpec>).drivers ?? [];

function driverErrors(driver: CSINodeDriver, path: string): FieldError[] {
  const { name, nodeID = '', allocatable } = driver;
  const topologyKeys: readonly string[] = driver.topologyKeys ?? [];
  const errors = driverName(name, `${path}.name`);
  if (!nodeID) errors.push(fieldError.required(`${path}.nodeID`));
  if (nodeID.length > MAX_NODE_ID) {
    errors.push(fieldError.invalid(`${path}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`));
  }
  errors.push(...nonNegative(allocatable?.count, `${path}.allocatable.count`));
  for (const [i, key] of topologyKeys.entries()) {
    if (!key) errors.push(fieldError.required(path));
    if (topologyKeys.indexOf(key) < i) errors.push(fieldError.duplicate(path, key));
    errors.push(...invalidEach(path, key, isQualifiedName(key)));
  }
  return errors;
}

export const csiNodes: Behaviour = {
  validate(object) {
    const drivers = driversOf(object);
    return [
      ...drivers.flatMap((driver, i) => driverErrors(driver, `${PATH}[${i}]`)),
      ...duplicates(
        drivers,
        ({ name }) => name,
        (i, name) => fieldError.duplicate(`${PATH}[${i}].name`, name),
      ),
    ];
  },
  validateUpdate(object, old) {
    // How many volumes fit may change while the node runs.
    const fixed = ({ allocatable: _allocatable, ...rest }: CSINodeDriver) => rest;
    return driversOf(old).flatMap((before) =>
      driversOf(object)
        .filter(({ name }) => name === before.name)
        .flatMap((driver) => immutable(fixed(driver), fixed(before), PATH)),
    );
  },
};
