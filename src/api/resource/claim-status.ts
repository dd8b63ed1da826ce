// What a claim got, who may use it, and what the devices report (pkg/apis/resource/validation
// ValidateResourceClaimStatusUpdate, pkg/registry/resource/resourceclaim).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceClaim,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from '../types/resource/v1.ts';
import { interfaceAddress } from '../validation/address.ts';
import { validateNodeSelector } from '../validation/affinity.ts';
import { immutable } from '../validation/change.ts';
import { type Condition, validateConditions } from '../validation/conditions.ts';
import { driverName } from '../validation/driver-name.ts';
import { required, requiredOneOf } from '../validation/rules.ts';
import { configurationErrors, rawObject } from './configuration.ts';
import { bindingErrors, bounded, boundedSet, label, poolName, uuid } from './names.ts';
import { MAX_CONFIGS, type RequestNames, requestNames, requestRef, requestRefs } from './requests.ts';

const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_CONDITIONS = 8;
const MAX_DATA = 10 * 1024;
const MAX_IPS = 16;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;

const statusOf = (object: AnyObject): ResourceClaimStatus => (object.status ?? {}) as ResourceClaimStatus;

interface DeviceReference {
  driver: string;
  pool: string;
  device: string;
  shareID?: string;
}

const idOf = ({ driver, pool, device, shareID }: DeviceReference): string =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');

const allocatedIds = ({ allocation }: ResourceClaimStatus): ReadonlySet<string> =>
  new Set((allocation?.devices?.results ?? []).map(idOf));

export function claimStatusErrors(object: AnyObject, old: AnyObject, claim: DeviceClaim): FieldError[] {
  const status = statusOf(object);
  const before = statusOf(old);
  const allocated = allocatedIds(status);
  return [
    ...reservationErrors(status, before, { deleted: object.metadata.deletionTimestamp !== undefined }),
    ...boundedSet(status.devices, 'status.devices', {
      max: Number.POSITIVE_INFINITY,
      key: idOf,
      check: (device, at) => deviceErrors(device, allocated, at),
    }),
    ...allocationChange(status.allocation, before.allocation, requestNames(claim)),
  ];
}

function reservationErrors(
  { reservedFor = [], allocation }: ResourceClaimStatus,
  before: ResourceClaimStatus,
  { deleted }: { deleted: boolean },
): FieldError[] {
  const path = 'status.reservedFor';
  const errors = boundedSet(reservedFor, path, { max: MAX_CONSUMERS, key: ({ uid }) => uid, check: consumerErrors });
  if (reservedFor.length === 0) return errors;
  if (!allocation) {
    return [...errors, fieldError.forbidden(path, 'may not be specified when `allocated` is not set')];
  }
  const known = (consumer: ResourceClaimConsumerReference) =>
    (before.reservedFor ?? []).some((other) => isDeepStrictEqual(other, consumer));
  if (!deleted || reservedFor.every(known)) return errors;
  const text = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
  return [...errors, fieldError.forbidden(path, text)];
}

const consumerErrors = ({ resource, name, uid }: ResourceClaimConsumerReference, path: string): FieldError[] => [
  ...required(resource, `${path}.resource`),
  ...required(name, `${path}.name`),
  ...required(uid, `${path}.uid`),
];

function allocationChange(
  now: AllocationResult | undefined,
  before: AllocationResult | undefined,
  names: RequestNames,
): FieldError[] {
  const path = 'status.allocation';
  if (!now) return [];
  if (before) return immutable(now, before, path);
  const { results, config } = now.devices ?? {};
  return [
    ...bounded(results, MAX_RESULTS, `${path}.devices.results`, (result, at) => resultErrors(result, names, at)),
    ...bounded(config, 2 * MAX_CONFIGS, `${path}.devices.config`, (part, at) => configErrors(part, names, at)),
    ...(now.nodeSelector ? validateNodeSelector(now.nodeSelector, `${path}.nodeSelector`) : []),
  ];
}

const resultErrors = (result: DeviceRequestAllocationResult, names: RequestNames, path: string): FieldError[] => [
  ...requestRef(result.request ?? '', names, `${path}.request`),
  ...driverName(result.driver, `${path}.driver`),
  ...poolName(result.pool, `${path}.pool`),
  ...label(result.device, `${path}.device`),
  ...bindingErrors(result, path),
  ...(result.shareID === undefined ? [] : uuid(result.shareID, `${path}.shareID`)),
];

const configErrors = (config: DeviceAllocationConfiguration, names: RequestNames, path: string): FieldError[] => [
  ...requiredOneOf(config.source, ['FromClaim', 'FromClass'], `${path}.source`),
  ...requestRefs(config.requests, names, `${path}.requests`),
  ...configurationErrors(config, path),
];

function deviceErrors(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, path: string): FieldError[] {
  const { data, networkData } = device;
  const conditions: readonly Condition[] = device.conditions ?? [];
  const errors = [
    ...driverName(device.driver, `${path}.driver`),
    ...poolName(device.pool, `${path}.pool`),
    ...label(device.device, `${path}.device`),
    ...(device.shareID === undefined ? [] : uuid(device.shareID, `${path}.shareID`)),
  ];
  const id = idOf(device);
  if (!allocated.has(id)) errors.push(fieldError.invalid(path, id, 'must be an allocated device in the claim'));
  if (conditions.length > MAX_CONDITIONS) {
    errors.push(fieldError.tooMany(`${path}.conditions`, conditions.length, MAX_CONDITIONS));
  }
  errors.push(...validateConditions(conditions, `${path}.conditions`));
  if (data !== undefined) errors.push(...rawObject(data, `${path}.data`, MAX_DATA));
  return networkData ? [...errors, ...networkErrors(networkData, `${path}.networkData`)] : errors;
}

function networkErrors(
  { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData,
  path: string,
): FieldError[] {
  const tooLong = (text: string, max: number, field: string) =>
    Buffer.byteLength(text) > max ? [fieldError.tooLong(`${path}.${field}`, max)] : [];
  return [
    ...tooLong(interfaceName, MAX_INTERFACE_NAME, 'interfaceName'),
    ...tooLong(hardwareAddress, MAX_HARDWARE_ADDRESS, 'hardwareAddress'),
    ...boundedSet(ips, `${path}.ips`, { max: MAX_IPS, key: (ip) => ip, check: interfaceAddress }),
  ];
}

/** What devices reported goes with their allocation. */
export function dropDeallocated(object: AnyObject, old: AnyObject): void {
  const status = statusOf(object);
  const still = allocatedIds(status);
  const gone = [...allocatedIds(statusOf(old))].filter((id) => !still.has(id));
  if (gone.length === 0 || !status.devices) return;
  status.devices = status.devices.filter((device) => !gone.includes(idOf(device)));
  if (status.devices.length === 0) delete status.devices;
}
