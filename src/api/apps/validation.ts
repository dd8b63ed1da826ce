// Deployments, ReplicaSets, DaemonSets and StatefulSets, after pkg/apis/apps/validation.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isValidPercent } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { DaemonSetSpec, DeploymentSpec, ReplicaSetSpec, StatefulSetSpec } from '../types/apps/v1.ts';
import { alwaysRestarts, validateSelectorAndTemplate } from '../validation/pod-template.ts';
import { invalidEach, NOT_NEGATIVE, nonNegative, oneOf } from '../validation/rules.ts';

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

const isNothing = (value: Amount): boolean => value === undefined || value === 0 || percentOf(value) === 0;

export function validateDeployment(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as DeploymentSpec;
  const { strategy, minReadySeconds = 0, progressDeadlineSeconds } = spec;
  const errors = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...validateSelectorAndTemplate(spec, 'spec'),
    ...alwaysRestarts(spec.template, 'spec.template'),
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

export function validateReplicaSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as ReplicaSetSpec;
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelectorAndTemplate(spec, 'spec'),
    ...alwaysRestarts(spec.template, 'spec.template'),
  ];
}

export function validateDaemonSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as DaemonSetSpec;
  return [
    ...validateSelectorAndTemplate(spec, 'spec'),
    ...alwaysRestarts(spec.template, 'spec.template'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...daemonSetStrategy(spec.updateStrategy, 'spec.updateStrategy'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
}

function daemonSetStrategy(strategy: DaemonSetSpec['updateStrategy'], path: string): FieldError[] {
  const { type, rollingUpdate } = strategy ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return oneOf(type, ['OnDelete', 'RollingUpdate'], `${path}.type`);
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

const RETENTION = ['Delete', 'Retain'];

export function validateStatefulSet(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as StatefulSetSpec;
  const { updateStrategy = {}, persistentVolumeClaimRetentionPolicy: retention, ordinals } = spec;
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name ?? '');
  const errors = [
    ...oneOf(spec.podManagementPolicy, ['OrderedReady', 'Parallel'], 'spec.podManagementPolicy'),
    ...oneOf(updateStrategy.type, ['OnDelete', 'RollingUpdate'], 'spec.updateStrategy'),
    ...nonNegative(updateStrategy.rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition'),
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateSelectorAndTemplate(spec, 'spec', claims),
    ...alwaysRestarts(spec.template, 'spec.template'),
  ];
  if (retention) {
    const path = 'spec.persistentVolumeClaimRetentionPolicy';
    errors.push(...oneOf(retention.whenDeleted, RETENTION, `${path}.whenDeleted`));
    errors.push(...oneOf(retention.whenScaled, RETENTION, `${path}.whenScaled`));
  }
  if ((ordinals?.start ?? 0) < 0) errors.push(fieldError.invalid('spec.ordinals.start', ordinals?.start, NOT_NEGATIVE));
  return errors;
}
