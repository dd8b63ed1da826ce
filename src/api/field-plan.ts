// What bringing a field to its canonical form needs to know of it: where it counts as missing, and what is written then.
import type { FieldSchema, TypeRef, TypeSchema } from './schema.ts';

export type Struct = Record<string, unknown>;

/** Sets what is missing in a value of one type. Runs before the plain defaults of the type's fields, and before its parts. */
export type TypeDefault = (value: Struct) => void;

/**
 * 'lists': `[]` stays where Go writes lists always, as it came it is a list of nothing, once stored it is none.
 * 'empties': whatever is said to be empty stays, for types whose updates tell it from what is not said.
 */
export type AsSent = 'lists' | 'empties' | undefined;

/** The canonical form of a value of one type. What needs no change may be shared with the value. */
export type Convert = (value: unknown, asSent: AsSent) => unknown;

export interface FieldPlan {
  name: string;
  type: TypeRef;
  pointer: boolean;
  omitEmpty: boolean;
  omitZero: boolean;
  /** Set where it is missing; undefined: nothing is. */
  ifMissing: unknown;
  /** Written, or maybe, though it is missing: structs, what Go has no omitempty for. */
  isWrittenUnset: boolean;
  /** Empty is something else than missing, and is left for validation to refuse. */
  keepsEmpty: boolean;
}

/** The fields of a type, in the order in which Go writes them. */
export const planFields = (type: TypeSchema): FieldPlan[] =>
  [...type.fields.values()].map((field) => ({
    name: field.name,
    type: field.type,
    pointer: field.pointer,
    omitEmpty: field.omitEmpty,
    omitZero: field.omitZero ?? false,
    ifMissing: plainDefault(type, field),
    isWrittenUnset: !isSilent(field),
    keepsEmpty: KEEPS_EMPTY.has(`${shortName(type.model)}.${field.name}`) || isFreeForm(field.type) || isPort(field),
  }));

const isSilent = ({ pointer, omitEmpty, omitZero, type: { kind } }: FieldSchema): boolean =>
  pointer ? omitEmpty : omitZero === true || (omitEmpty && kind !== 'struct');

/** Lists that are defaulted when missing and refused when empty. */
const KEEPS_EMPTY = new Set(['HPAScalingRules.policies']);

/** A port that must be named or numbered: "" is a name, if a bad one. */
const isPort = ({ type, omitEmpty }: FieldSchema): boolean =>
  type.kind === 'struct' && type.model.endsWith('.IntOrString') && !omitEmpty;

/** JSON of somebody else's: whatever it is, it is something. */
const isFreeForm = (type: TypeRef): boolean => type.kind === 'struct' && type.model.endsWith('.RawExtension');

/** Observed defaults that depend on more than their own field being unset; the functions of defaults/ set these. */
const CONDITIONAL = new Set([
  'Container.imagePullPolicy',
  'EphemeralContainer.imagePullPolicy',
  'ImageVolumeSource.pullPolicy',
  'PodSpec.enableServiceLinks',
  'ServiceSpec.internalTrafficPolicy',
  'JobSpec.parallelism',
  'JobSpec.completions',
  'JobSpec.backoffLimit',
  'JobSpec.manualSelector',
  'JobSpec.completionMode',
  'JobSpec.suspend',
  'JobSpec.podReplacementPolicy',
  'HPAScalingRules.stabilizationWindowSeconds',
  'HPAScalingRules.selectPolicy',
  'DeviceTaint.timeAdded',
  'PersistentVolumeSpec.persistentVolumeReclaimPolicy',
  'PersistentVolumeSpec.volumeMode',
  'DeviceSubRequest.count',
  'ExactDeviceRequest.count',
]);

export const shortName = (model: string): string => model.slice(model.lastIndexOf('.') + 1);

function plainDefault(type: TypeSchema, field: FieldSchema): unknown {
  const value = CONDITIONAL.has(`${shortName(type.model)}.${field.name}`)
    ? undefined
    : (field.observedDefault ?? field.default);
  if (value === undefined) return undefined;
  return field.type.kind === 'list' && !Array.isArray(value) ? [value] : value;
}
