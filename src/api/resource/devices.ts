// One device of a slice: attributes, capacity, taints, counters (pkg/apis/resource/validation validateDevice).
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Device, DeviceAttribute, DeviceCounterConsumption, DeviceTaint } from '../types/resource/v1.ts';
import { invalidEach, requiredOneOf } from '../validation/rules.ts';
import { requestPolicyErrors } from './capacity.ts';
import { bindingErrors, bounded, boundedMap, boundedSet, label, qualifiedName } from './names.ts';
import { nodeErrors } from './nodes.ts';
import { EFFECTS } from './requests.ts';

const MAX_PROPERTIES = 32;
const MAX_TAINTS = 16;
const MAX_CONSUMPTIONS = 2;
const MAX_COUNTERS = 32;
const MAX_VALUE = 64;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

/** Fields behind the gates DRAListTypeAttributes and DRANodeAllocatableResources, which are off. */
export function dropGated(device: Device): void {
  delete device.nodeAllocatableResourceMappings;
  for (const attribute of Object.values(device.attributes ?? {})) {
    for (const field of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[field];
  }
}

/** `ownNode`: the slice leaves it to each device to say where it is. */
export function deviceErrors(device: Device, path: string, { ownNode }: { ownNode: boolean }): FieldError[] {
  const { attributes = {}, capacity = {}, taints, consumesCounters } = device;
  const properties = Object.keys(attributes).length + Object.keys(capacity).length;
  const errors = label(device.name, `${path}.name`);
  if (properties > MAX_PROPERTIES) {
    const text = `the total number of attributes and capacities must not exceed ${MAX_PROPERTIES}`;
    errors.push(fieldError.invalid(path, properties, text));
  }
  return [
    ...errors,
    ...boundedMap(attributes, `${path}.attributes`, { key: qualifiedName, check: attributeErrors }),
    ...boundedMap(capacity, `${path}.capacity`, {
      key: qualifiedName,
      check: (amount, at) => requestPolicyErrors(amount, at, { shared: device.allowMultipleAllocations === true }),
    }),
    ...bounded(taints, MAX_TAINTS, `${path}.taints`, taintErrors),
    ...boundedSet(consumesCounters, `${path}.consumesCounters`, {
      max: MAX_CONSUMPTIONS,
      key: ({ counterSet }) => counterSet,
      check: consumptionErrors,
    }),
    ...placeErrors(device, path, ownNode),
    ...bindingErrors(device, path),
  ];
}

function placeErrors(device: Device, path: string, ownNode: boolean): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  if (!ownNode) {
    if (nodeName === undefined && !nodeSelector && allNodes === undefined) return [];
    const text =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [fieldError.invalid(path, null, text)];
  }
  const { errors, given } = nodeErrors(device, path);
  const text =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (given.length === 0) return [...errors, fieldError.required(path, text)];
  return given.length === 1 ? errors : [...errors, fieldError.invalid(path, `{${given.join(', ')}}`, text)];
}

const VALUES = ['bool', 'int', 'string', 'version'] as const;

function attributeErrors(attribute: DeviceAttribute, path: string): FieldError[] {
  const { string: text = '', version } = attribute;
  const errors = text.length > MAX_VALUE ? [fieldError.tooLong(`${path}.string`, MAX_VALUE)] : [];
  if (version !== undefined) {
    const at = `${path}.version`;
    const problem = 'must be a string compatible with semver.org spec 2.0.0';
    if (!SEMVER.test(version)) errors.push(fieldError.invalid(at, version, problem));
    if (version.length > MAX_VALUE) errors.push(fieldError.tooLong(at, MAX_VALUE));
  }
  const given = VALUES.filter((field) => attribute[field] !== undefined);
  if (given.length === 1) return errors;
  return [...errors, fieldError.invalid(path, attribute, 'exactly one value must be specified')];
}

const taintErrors = ({ key = '', value = '', effect }: DeviceTaint, path: string): FieldError[] => [
  ...invalidEach(`${path}.key`, key, isQualifiedName(key)),
  ...invalidEach(`${path}.value`, value, isValidLabelValue(value)),
  ...requiredOneOf(effect, EFFECTS, `${path}.effect`),
];

function consumptionErrors({ counterSet, counters }: DeviceCounterConsumption, path: string): FieldError[] {
  const at = `${path}.counters`;
  return [
    ...(counterSet ? label(counterSet, `${path}.counterSet`) : [fieldError.required(`${path}.counterSet`)]),
    ...(Object.keys(counters ?? {}).length === 0
      ? [fieldError.required(at)]
      : boundedMap(counters, at, { max: MAX_COUNTERS, key: label, check: () => [] })),
  ];
}
