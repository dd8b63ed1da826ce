// What a quota counts of claims: their storage, in all and by storage class (k8s.io/kubernetes
// pkg/quota/v1/evaluator/core/persistent_volume_claims.go), and devices by device class (resource_claims.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { addQuantity, parseQuantity, type Quantity, quantityOf, ZERO } from '../../apimachinery/quantity.ts';
import type { PersistentVolumeClaim } from '../types/core/v1.ts';
import { amountsOf, equal } from './amounts.ts';
import { ONE, type QuotaEvaluator, selects } from './evaluator.ts';

const CLAIMS = 'persistentvolumeclaims';
const STORAGE = 'requests.storage';
const OF_CLASS = '.storageclass.storage.k8s.io/';
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const NANO = 1_000_000_000n;

const asClaim = (object: AnyObject): PersistentVolumeClaim => object as unknown as PersistentVolumeClaim;

/** An attributes class counts while it is wanted, in place, or being changed to. */
const attributesClasses = ({ spec, status }: PersistentVolumeClaim): Set<string> =>
  new Set(
    [
      spec?.volumeAttributesClassName,
      status?.currentVolumeAttributesClassName,
      status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ].filter((name): name is string => !!name),
  );

/** Whether a status tells of other storage or other attributes. */
export function changesClaimUsage(object: AnyObject, old: AnyObject): boolean {
  const [claim, before] = [asClaim(object), asClaim(old)];
  const allocated = ({ status }: PersistentVolumeClaim) => amountsOf(status?.allocatedResources);
  const classes = attributesClasses(claim);
  const classesBefore = attributesClasses(before);
  return (
    !equal(allocated(claim), allocated(before)) ||
    classes.size !== classesBefore.size ||
    [...classes].some((name) => !classesBefore.has(name))
  );
}

/** Whole bytes, of what is asked for or, while it shrinks after a failed expansion, still allocated. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const text = spec?.resources?.requests?.storage;
  if (text === undefined) return undefined;
  const asked = wholeUnits(parseQuantity(text));
  const allocated = status?.allocatedResources?.storage;
  const kept = allocated === undefined ? asked : wholeUnits(parseQuantity(allocated));
  return kept.nano > asked.nano ? kept : asked;
}

const wholeUnits = (quantity: Quantity): Quantity =>
  quantity.nano % NANO === 0n ? quantity : quantityOf((quantity.nano + NANO - 1n) / NANO, quantity.format);

export const claimEvaluator: QuotaEvaluator = {
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === 'status') return !!object && !!oldObject && changesClaimUsage(object, oldObject);
    return subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
  },
  counts: (name) =>
    name === `count/${CLAIMS}` || [CLAIMS, STORAGE].some((one) => name === one || name.endsWith(`${OF_CLASS}${one}`)),
  inScope: (requirement, object) =>
    requirement.scopeName === 'VolumeAttributesClass' && selects(requirement, attributesClasses(asClaim(object))),
  usage(object) {
    const claim = asClaim(object);
    const storage = storageOf(claim);
    const used = new Map([
      [CLAIMS, ONE],
      [`count/${CLAIMS}`, ONE],
    ]);
    if (storage) used.set(STORAGE, storage);
    const storageClass = claim.metadata.annotations?.[CLASS_ANNOTATION] ?? claim.spec?.storageClassName;
    if (!storageClass) return used;
    used.set(`${storageClass}${OF_CLASS}${CLAIMS}`, ONE);
    if (storage) used.set(`${storageClass}${OF_CLASS}${STORAGE}`, storage);
    return used;
  },
};

const DEVICES = '.deviceclass.resource.k8s.io/devices';
/** As many as one claim can be given: what "all" may come to. */
const MOST_DEVICES = 32;

interface DeviceRequest {
  deviceClassName?: string;
  allocationMode?: string;
  count?: number;
  exactly?: DeviceRequest;
  firstAvailable?: DeviceRequest[];
}

function devicesOf({ allocationMode, count = 0 }: DeviceRequest): Quantity {
  if (allocationMode === 'ExactCount') return quantityOf(count);
  return allocationMode === 'All' ? quantityOf(MOST_DEVICES) : ZERO;
}

/** Of alternatives the most that each class could be asked for. */
function devicesByClass(request: DeviceRequest): Map<string, Quantity> {
  const most = new Map<string, Quantity>();
  const alternatives = request.firstAvailable?.length ? request.firstAvailable : [request.exactly ?? request];
  for (const alternative of alternatives) {
    const name = `${alternative.deviceClassName ?? ''}${DEVICES}`;
    const devices = devicesOf(alternative);
    if (devices.nano > (most.get(name)?.nano ?? -1n)) most.set(name, devices);
  }
  return most;
}

export const resourceClaimEvaluator: QuotaEvaluator = {
  handles: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: (name) => name === 'count/resourceclaims.resource.k8s.io' || name.endsWith(DEVICES),
  usage(object) {
    const { devices } = (object.spec ?? {}) as { devices?: { requests?: DeviceRequest[] } };
    const used = new Map([['count/resourceclaims.resource.k8s.io', ONE]]);
    for (const request of devices?.requests ?? []) {
      for (const [name, amount] of devicesByClass(request)) used.set(name, addQuantity(used.get(name) ?? ZERO, amount));
    }
    return used;
  },
};
