// Deployments, ReplicaSets, DaemonSets and StatefulSets, after pkg/apis/apps/validation.
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isValidPercent } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validateClaimSpec } from '../core/claim-spec.ts';
import type { DaemonSetSpec, DeploymentSpec, ReplicaSetSpec, StatefulSetSpec } from '../types/apps/v1.ts';
import type { PodTemplateSpec } from '../types/core/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import {
  alwaysRestarts,
  isEmptySelector,
  selectorMismatch,
  validatePodTemplate,
  validateTemplateMetadata,
} from '../validation/pod-template.ts';
import { invalidEach, nonNegative, oneOf } from '../validation/rules.ts';

type Amount = number | string | undefined;

/** A count or a percentage. */
function amount(value: Amount, path: string): FieldError[] {
  if (typeof value === 'string') return invalidEach(path, value, isValidPercent(value));
  return nonNegative(value, path);
}

const percentOf = (value: Amount): number | undefined =>
  typeof value === 'string' && /^\d+%$/.test(value) ? Number.parseInt(value, 10) : undefined;

const atMostAll = (value: Amount, path: string): FieldError[] =>
  (percentOf(value) ?? 0) > 100 ? [fieldError.invalid(path, value, 'must not be greater than 100%')] : [];

/** Text that is no percentage counts as the number it begins to be (intstr.IntValue), mostly none. */
const isNothing = (value: Amount): boolean =>
  value === undefined || (percentOf(value) ?? (/^[+-]?\d+$/.test(String(value)) ? Number(value) : 0)) === 0;

export function validateDeployment(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as DeploymentSpec;
  const { strategy, minReadySeconds = 0, progressDeadlineSeconds } = spec;
  const errors = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...selectorErrors(spec, 'deployment'),
    ...selectedTemplate(spec),
    ...deploymentStrategy(strategy, 'spec.strategy'),
    ...nonNegative(minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
  if (progressDeadlineSeconds !== undefined) {
    const path = 'spec.progressDeadlineSeconds';
    errors.push(...nonNegative(progressDeadlineSeconds, path));
    if (progressDeadlineSeconds <= minReadySeconds) {
      errors.push(fieldError.invalid(path, progressDeadlineSeconds, 'must be greater than minReadySeconds'));
    }
  }
  return errors;
}

function deploymentStrategy(strategy: DeploymentSpec['strategy'], path: string): FieldError[] {
  const { type, rollingUpdate } = strategy ?? {};
  if (type === 'Recreate') {
    return rollingUpdate
      ? [fieldError.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  }
  if (type !== 'RollingUpdate') return oneOf(type, ['Recreate', 'RollingUpdate'], path);
  const at = `${path}.rollingUpdate`;
  if (!rollingUpdate) return [fieldError.required(at, 'this should be defaulted and never be nil')];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [...amount(maxUnavailable, `${at}.maxUnavailable`), ...amount(maxSurge, `${at}.maxSurge`)];
  if (isNothing(maxUnavailable) && isNothing(maxSurge)) {
    errors.push(fieldError.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return [...errors, ...atMostAll(maxUnavailable, `${at}.maxUnavailable`)];
}

interface SelectingSpec {
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

/** A selector that picks something, and is well made. */
function selectorErrors({ selector }: SelectingSpec, kind: string): FieldError[] {
  const path = 'spec.selector';
  if (!selector) return [fieldError.required(path)];
  return [...validateLabelSelector(selector, path), ...emptySelector(selector, kind)];
}

const emptySelector = (selector: LabelSelector, kind: string): FieldError[] =>
  isEmptySelector(selector)
    ? [fieldError.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)]
    : [];

/** Nothing is said about a template that no selector can be held against. */
function selectedTemplate(spec: SelectingSpec): FieldError[] {
  const { selector, template } = spec;
  if (selector && validateLabelSelector(selector, '').length > 0) {
    return [fieldError.invalid('spec.selector', selector, 'invalid label selector')];
  }
  return [
    ...selectorMismatch(selector, template, 'spec.template'),
    ...validatePodTemplate(template, 'spec.template'),
    ...alwaysRestarts(template, 'spec.template', 'ReplicaSet'),
  ];
}

export function validateReplicaSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as ReplicaSetSpec;
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...selectorErrors(spec, 'deployment'),
    ...selectedTemplate(spec),
  ];
}

export function validateDaemonSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as DaemonSetSpec;
  const wrong = validateLabelSelector(spec.selector, 'spec.selector');
  return [
    ...wrong,
    ...(wrong.length > 0 ? [] : selectorMismatch(spec.selector, spec.template, 'spec.template')),
    ...(spec.selector ? emptySelector(spec.selector, 'daemonset') : []),
    ...validatePodTemplate(spec.template, 'spec.template'),
    ...alwaysRestarts(spec.template, 'spec.template', 'DaemonSet'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...daemonSetStrategy(spec.updateStrategy, 'spec.updateStrategy'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
}

function daemonSetStrategy(strategy: DaemonSetSpec['updateStrategy'], path: string): FieldError[] {
  const { type, rollingUpdate } = strategy ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return oneOf(type, ['RollingUpdate', 'OnDelete'], path);
  const at = `${path}.rollingUpdate`;
  if (!rollingUpdate) return [fieldError.required(at)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [...amount(maxUnavailable, `${at}.maxUnavailable`), ...amount(maxSurge, `${at}.maxSurge`)];
  errors.push(...atMostAll(maxUnavailable, `${at}.maxUnavailable`), ...atMostAll(maxSurge, `${at}.maxSurge`));
  if (!isNothing(maxUnavailable) && !isNothing(maxSurge)) {
    errors.push(fieldError.invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (isNothing(maxUnavailable) && isNothing(maxSurge)) {
    errors.push(fieldError.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

const RETENTION = ['Retain', 'Delete'];

export function validateStatefulSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as StatefulSetSpec;
  const { persistentVolumeClaimRetentionPolicy: retention } = spec;
  const policy: string = spec.podManagementPolicy ?? '';
  const errors: FieldError[] = [];
  if (!['OrderedReady', 'Parallel'].includes(policy)) {
    errors.push(fieldError.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  errors.push(...statefulSetStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'));
  if (retention) {
    const path = 'spec.persistentVolumeClaimRetentionPolicy';
    errors.push(...oneOf(retention.whenDeleted, RETENTION, `${path}.whenDeleted`));
    errors.push(...oneOf(retention.whenScaled, RETENTION, `${path}.whenScaled`));
  }
  return [
    ...errors,
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    ...selectorErrors(spec, 'statefulset'),
    ...statefulSetTemplate(spec),
    ...alwaysRestarts(spec.template, 'spec.template', 'StatefulSet'),
  ];
}

/** The rules of new ones only: both are fixed later, and older ones may break them. */
export function validateNewStatefulSet(object: AnyObject): FieldError[] {
  const { serviceName, volumeClaimTemplates = [] } = (object.spec ?? {}) as StatefulSetSpec;
  return [
    ...volumeClaimTemplates.flatMap(({ spec }, i) => validateClaimSpec(spec, `spec.volumeClaimTemplates[${i}].spec`)),
    ...(serviceName ? invalidEach('spec.serviceName', serviceName, isDNS1123Label(serviceName)) : []),
  ];
}

function statefulSetStrategy({ type, rollingUpdate }: StatefulSetSpec['updateStrategy'] & object, path: string) {
  if (!type) return [fieldError.required(path)];
  const at = `${path}.rollingUpdate`;
  switch (type) {
    case 'OnDelete':
      return rollingUpdate
        ? [fieldError.invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
        : [];
    case 'RollingUpdate':
      return nonNegative(rollingUpdate?.partition, `${at}.partition`);
    default:
      return [fieldError.invalid(path, { type }, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

/** As its Pods will be: with the claims as volumes, and names that the controller gives. Its labels are told twice. */
function statefulSetTemplate(spec: StatefulSetSpec): FieldError[] {
  const { selector, template } = spec;
  const path = 'spec.template';
  if (selector && validateLabelSelector(selector, '').length > 0) {
    return [fieldError.invalid('spec.selector', selector, '')];
  }
  return [
    ...selectorMismatch(selector, template, path),
    ...validatePodTemplate(asPodsWillBe(spec), path),
    ...validateTemplateMetadata(template, path),
  ];
}

function asPodsWillBe({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  if (!template?.spec) return template;
  const { subdomain: _subdomain, hostname: _hostname, ...spec } = template.spec;
  const claims = new Map(
    volumeClaimTemplates.map(({ metadata: { name = '' } }) => [
      name,
      { name, persistentVolumeClaim: { claimName: name } },
    ]),
  );
  const others = (spec.volumes ?? []).filter(({ name }) => !claims.has(name));
  return { ...template, spec: { ...spec, volumes: [...claims.values(), ...others] } };
}
