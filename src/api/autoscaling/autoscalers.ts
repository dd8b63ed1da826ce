// HorizontalPodAutoscalers: two versions of one stored object, and their rules (pkg/apis/autoscaling/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus } from '../types/autoscaling/v2.ts';
import { nonNegative } from '../validation/rules.ts';
import { autoscalerFromV1, autoscalerToV1, dropRiding, keepRidingStatus } from './conversion.ts';
import { metricsErrors } from './metrics.ts';
import { referenceErrors } from './references.ts';
import { behaviorErrors } from './scaling-rules.ts';

function validate(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as Partial<HorizontalPodAutoscalerSpec>;
  return [
    ...replicaErrors(spec.minReplicas, spec.maxReplicas ?? 0),
    ...referenceErrors(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef', { emptyGroup: false }),
    ...metricsErrors(spec.metrics ?? [], spec.minReplicas, 'spec.metrics'),
    ...(spec.behavior ? behaviorErrors(spec.behavior, 'spec.behavior') : []),
  ];
}

function replicaErrors(min: number | undefined, max: number): FieldError[] {
  const path = 'spec.maxReplicas';
  const errors: FieldError[] = [];
  if (min !== undefined && min < 1) {
    errors.push(fieldError.invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  }
  if (max === 0) errors.push(fieldError.required(path, 'must be set and greater than 0'));
  else if (max < 0) errors.push(fieldError.invalid(path, max, 'must be greater than or equal to 1'));
  if (min === undefined || max >= min) return errors;
  return [...errors, fieldError.invalid(path, max, 'must be greater than or equal to `minReplicas`')];
}

function validateStatusUpdate(object: AnyObject): FieldError[] {
  const { currentReplicas, desiredReplicas } = (object.status ?? {}) as Partial<HorizontalPodAutoscalerStatus>;
  return [
    ...nonNegative(currentReplicas, 'status.currentReplicas'),
    ...nonNegative(desiredReplicas, 'status.desiredReplicas'),
  ];
}

export const autoscalersV2: Behaviour = { settle: dropRiding, validate, validateStatusUpdate };

export const autoscalersV1: Behaviour = {
  settle(object) {
    const { metadata, spec, status } = autoscalerToV1(autoscalerFromV1(object));
    Object.assign(object, { metadata, spec, status });
  },
  prepareForCreate: (object) => keepRidingStatus(object, undefined),
  prepareForUpdate: keepRidingStatus,
  validate: (object) => validate(autoscalerFromV1(object)),
  validateStatusUpdate,
  storage: { group: 'autoscaling', resource: 'horizontalpodautoscalers', version: 'v2' },
  toStorage: autoscalerFromV1,
  fromStorage: autoscalerToV1,
};
