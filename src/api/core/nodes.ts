// Nodes: taints and the pod ranges (pkg/apis/core/validation ValidateNode).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { NodeSpec, NodeStatus, Taint } from '../types/core/v1.ts';
import { cidrWarnings, parseBlock } from '../validation/address.ts';
import { validCidr } from '../validation/ip.ts';
import { resourceAmount } from '../validation/resource-names.ts';
import { duplicates, invalidEach, NOT_NEGATIVE, requiredOneOf } from '../validation/rules.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const specOf = (object: AnyObject): NodeSpec => (object.spec ?? {}) as NodeSpec;

/** Upstream reports taints as if they were metadata. */
const TAINTS = 'metadata.taints';

const validate = (object: AnyObject): FieldError[] => {
  const { podCIDRs = [] } = specOf(object);
  const { nodeInfo } = statusOf(object);
  return [
    ...avoidPodsErrors(object.metadata.annotations?.[AVOID_PODS]),
    ...taintList(object),
    ...resources(object),
    ...((nodeInfo?.swap?.capacity ?? 0) < 0
      ? [fieldError.invalid('metadata.nodeSwapStatus.capacity', nodeInfo?.swap?.capacity, NOT_NEGATIVE)]
      : []),
    ...declaredFeatures(object),
    ...podRanges(podCIDRs),
  ];
};

const statusOf = (object: AnyObject): NodeStatus => (object.status ?? {}) as NodeStatus;

/** Paths of amounts have dots here. */
const resources = (object: AnyObject): FieldError[] =>
  (['capacity', 'allocatable'] as const).flatMap((list) =>
    Object.entries(statusOf(object)[list] ?? {}).flatMap(([name, text]) =>
      resourceAmount(name, text, `status.${list}.${name}`),
    ),
  );

const FEATURE = /^([A-Z][A-Za-z0-9]*)(\/[A-Za-z0-9]+)*$/;
const MAX_FEATURE = 253;

const declaredFeatures = (object: AnyObject): FieldError[] => {
  const features = statusOf(object).declaredFeatures ?? [];
  const at = (i: number) => `status.declaredFeatures[${i}]`;
  return features.flatMap((feature, i) => {
    const before = features[i - 1];
    const errors: FieldError[] = [];
    if (feature.length > MAX_FEATURE || !FEATURE.test(feature)) {
      errors.push(fieldError.invalid(at(i), feature, `invalid feature name ${JSON.stringify(feature)}`));
    }
    if (before === feature) errors.push(fieldError.duplicate(at(i), feature));
    else if (before !== undefined && before > feature) {
      errors.push(fieldError.invalid(at(i), feature, 'list must be sorted alphabetically'));
    }
    return errors;
  });
};

function podRanges(ranges: readonly string[]): FieldError[] {
  const path = 'spec.podCIDRs';
  const errors = ranges.flatMap((range, i) => validCidr(range, `${path}[${i}]`));
  if (ranges.length < 2) return errors;
  const blocks = ranges.map(parseBlock);
  const unread = blocks.findIndex((block) => !block);
  if (unread >= 0) {
    const text = `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${unread}]: ${ranges[unread]}`;
    errors.push(fieldError.internal(path, text));
  }
  const dual = unread < 0 && ranges.length === 2 && blocks[0]?.family !== blocks[1]?.family;
  const text = 'may specify no more than one CIDR for each IP family';
  return dual ? errors : [...errors, fieldError.invalid(path, ranges, text)];
}

const AVOID_PODS = 'scheduler.alpha.kubernetes.io/preferAvoidPods';

interface AvoidPods {
  preferAvoidPods?: { podSignature?: { podController?: { controller?: boolean } } }[];
}

/** Nobody reads this annotation any more; it is still checked. */
function avoidPodsErrors(text: string | undefined): FieldError[] {
  if (!text) return [];
  let avoid: AvoidPods | null;
  try {
    avoid = JSON.parse(text) as AvoidPods | null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [fieldError.invalid('metadata.annotations.AvoidPods', AVOID_PODS, error.message)];
  }
  return (avoid?.preferAvoidPods ?? []).flatMap(({ podSignature }, i) => {
    const at = `metadata.annotations.${AVOID_PODS}[${i}].PodSignature`;
    if (!podSignature?.podController) return [fieldError.required(at)];
    if (podSignature.podController.controller) return [];
    return [fieldError.invalid(`${at}.PodController.Controller`, false, 'must point to a controller')];
  });
}

/** What is given once stays; the object's own rules are told again. */
function validateUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const now = specOf(object);
  const before = specOf(old);
  const errors = [
    ...avoidPodsErrors(object.metadata.annotations?.[AVOID_PODS]),
    ...resources(object),
    ...declaredFeatures(object),
    ...duplicates(
      statusOf(object).addresses ?? [],
      ({ type, address }) => `${type}/${address}`,
      (i, key) => fieldError.duplicate(`status.addresses[${i}]`, key),
    ),
  ];
  if (before.podCIDRs?.length) {
    const changed =
      now.podCIDRs?.length === before.podCIDRs.length
        ? before.podCIDRs.filter((range, i) => range !== now.podCIDRs?.[i]).length
        : 1;
    const text = 'node updates may not change podCIDR except from "" to valid';
    errors.push(...Array.from({ length: changed }, () => fieldError.forbidden('spec.podCIDRs', text)));
  }
  if (before.providerID && before.providerID !== now.providerID) {
    const text = 'node updates may not change providerID except from "" to valid';
    errors.push(fieldError.forbidden('spec.providerID', text));
  }
  errors.push(...taintList(object));
  if ((now.externalID ?? '') !== (before.externalID ?? '')) {
    errors.push(fieldError.forbidden('spec.externalID', 'may not be updated'));
  }
  return errors;
}

const taintList = (object: AnyObject): FieldError[] => {
  const { taints = [] } = specOf(object);
  return [
    ...taints.flatMap((taint, i) => taintErrors(taint, `${TAINTS}[${i}]`)),
    ...duplicates(
      taints,
      ({ key, effect }) => `${key}:${effect}`,
      (i) => fieldError.duplicate(`${TAINTS}[${i}]`, taints[i]),
    ),
  ];
};

const taintErrors = ({ key = '', value = '', effect }: Taint, path: string): FieldError[] => [
  ...invalidEach(`${path}.key`, key, isQualifiedName(key)),
  ...invalidEach(`${path}.value`, value, isValidLabelValue(value)),
  ...requiredOneOf(effect, EFFECTS, `${path}.effect`),
];

/** The kubelet's settings are no business of the API any more. */
function dropConfigSource(object: AnyObject, old?: AnyObject): void {
  if (!old) delete statusOf(object).config;
  if (!(old && specOf(old).configSource)) delete specOf(object).configSource;
}

/** A status without the kubelet's settings gets none. */
function dropConfig(object: AnyObject, old: AnyObject): void {
  if (!statusOf(old).config) delete statusOf(object).config;
}

const warnings = (object: AnyObject): string[] => {
  const { externalID, podCIDRs = [] } = specOf(object);
  return [
    ...(externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...podCIDRs.flatMap((range, i) => cidrWarnings(range, `spec.podCIDRs[${i}]`)),
  ];
};

export const nodes: Behaviour = {
  prepareForCreate: (object) => dropConfigSource(object),
  prepareForUpdate: dropConfigSource,
  prepareForStatusUpdate: dropConfig,
  validate,
  validateUpdate,
  validateStatusUpdate: validateUpdate,
  warnings,
  selectableFields: { 'spec.unschedulable': (object) => String(specOf(object).unschedulable ?? false) },
};
