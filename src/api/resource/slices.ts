// ResourceSlices: devices of one pool that one driver offers on one node, on some, or on all
// (pkg/apis/resource/validation ValidateResourceSlice, pkg/registry/resource/resourceslice).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { CounterSet, Device, ResourcePool, ResourceSliceSpec } from '../types/resource/v1.ts';
import { immutable } from '../validation/change.ts';
import { driverName } from '../validation/driver-name.ts';
import { deviceErrors, dropGated } from './devices.ts';
import { boundedMap, boundedSet, label, poolName } from './names.ts';
import { nodeErrors } from './nodes.ts';

const MAX_DEVICES = 128;
/** Taints and counters make a device heavier to look at. */
const MAX_HEAVY_DEVICES = 64;
const MAX_COUNTER_SETS = 8;
const MAX_COUNTERS = 32;

const specOf = (object: AnyObject): Partial<ResourceSliceSpec> => (object.spec ?? {}) as Partial<ResourceSliceSpec>;
const isHeavy = ({ taints, consumesCounters }: Device): boolean => Boolean(taints?.length || consumesCounters?.length);

function validate(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const { devices = [], sharedCounters, perDeviceNodeSelection } = spec;
  const errors = [
    ...driverName(spec.driver, 'spec.driver'),
    ...poolErrors(spec.pool, 'spec.pool'),
    ...placeErrors(spec, 'spec'),
  ];
  if (sharedCounters && spec.devices) {
    errors.push(fieldError.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  }
  return [
    ...errors,
    ...boundedSet(devices, 'spec.devices', {
      max: devices.some(isHeavy) ? MAX_HEAVY_DEVICES : MAX_DEVICES,
      key: ({ name }) => name,
      check: (device, at) => deviceErrors(device, at, { ownNode: perDeviceNodeSelection === true }),
    }),
    ...boundedSet(sharedCounters, 'spec.sharedCounters', {
      max: MAX_COUNTER_SETS,
      key: ({ name }) => name,
      check: counterSetErrors,
    }),
  ];
}

function poolErrors(pool: Partial<ResourcePool> | undefined, path: string): FieldError[] {
  const { name, resourceSliceCount: count = 0, generation = 0 } = pool ?? {};
  const errors = poolName(name, `${path}.name`);
  if (count <= 0) errors.push(fieldError.invalid(`${path}.resourceSliceCount`, count, 'must be greater than zero'));
  if (generation >= 0) return errors;
  return [...errors, fieldError.invalid(`${path}.generation`, generation, 'must be greater than or equal to zero')];
}

function placeErrors(spec: Partial<ResourceSliceSpec>, path: string): FieldError[] {
  const { perDeviceNodeSelection: perDevice, nodeSelector } = spec;
  const { errors, given } = nodeErrors(spec, path);
  if (nodeSelector && nodeSelector.nodeSelectorTerms?.length !== 1) {
    const at = `${path}.nodeSelector.nodeSelectorTerms`;
    errors.push(
      fieldError.invalid(at, nodeSelector.nodeSelectorTerms ?? null, 'must have exactly one node selector term'),
    );
  }
  if (perDevice === true) given.push('perDeviceNodeSelection');
  else if (perDevice === false) {
    errors.push(fieldError.invalid(`${path}.perDeviceNodeSelection`, perDevice, 'must be either unset or set to true'));
  }
  const text = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (given.length === 0) return [...errors, fieldError.required(path, text)];
  if (given.length === 1) return errors;
  return [...errors, fieldError.invalid(path, `{${given.join(', ')}}`, `${text}, but multiple fields are set`)];
}

function counterSetErrors({ name, counters }: CounterSet, path: string): FieldError[] {
  const at = `${path}.counters`;
  return [
    ...(name ? label(name, `${path}.name`) : [fieldError.required(`${path}.name`)]),
    ...(Object.keys(counters ?? {}).length === 0
      ? [fieldError.required(at)]
      : boundedMap(counters, at, { max: MAX_COUNTERS, key: label, check: () => [] })),
  ];
}

const devicesOf = (object: AnyObject): Device[] => (specOf(object).devices ?? []) as Device[];

/** A taint began when it was first seen. */
function stampTaints(object: AnyObject, now: number): void {
  for (const taint of devicesOf(object).flatMap(({ taints }) => taints ?? [])) {
    taint.timeAdded ??= `${new Date(now).toISOString().slice(0, 19)}Z`;
  }
}

export const resourceSlices: Behaviour = {
  prepareForCreate(object, { now }) {
    devicesOf(object).forEach(dropGated);
    stampTaints(object, now);
  },
  prepareForUpdate(object, old, { now }) {
    if (!isDeepStrictEqual(object.spec, old.spec)) {
      // What is dropped counts as a change too.
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      devicesOf(object).forEach(dropGated);
    }
    stampTaints(object, now);
  },
  validate,
  validateUpdate: (object, old) => [
    ...immutable(specOf(object).pool?.name, specOf(old).pool?.name, 'spec.pool.name'),
    ...immutable(specOf(object).driver, specOf(old).driver, 'spec.driver'),
    ...immutable(specOf(object).nodeName, specOf(old).nodeName, 'spec.nodeName'),
  ],
  warnings(object) {
    const { driver = '' } = specOf(object);
    if (driver === driver.toLowerCase()) return [];
    const shown = JSON.stringify(driver);
    return [`spec.driver: driver names should be lowercase; ${shown} contains uppercase characters`];
  },
};
