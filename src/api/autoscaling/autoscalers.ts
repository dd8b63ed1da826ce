// HorizontalPodAutoscalers: two versions of one stored object, and their rules (pkg/apis/autoscaling/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { invalidEach, NOT_ZERO } from '../validation/rules.ts';
import { autoscalerFromV1, autoscalerToV1 } from './conversion.ts';

interface Spec {
  scaleTargetRef?: { kind?: string; name?: string };
  minReplicas?: number;
  maxReplicas?: number;
}

function validate(object: AnyObject): FieldError[] {
  const { scaleTargetRef = {}, minReplicas, maxReplicas = 0 } = (object.spec ?? {}) as Spec;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(fieldError.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) errors.push(fieldError.invalid('spec.maxReplicas', maxReplicas, NOT_ZERO));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(fieldError.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  for (const field of ['kind', 'name'] as const) {
    const value = scaleTargetRef[field];
    const path = `spec.scaleTargetRef.${field}`;
    errors.push(...(value ? invalidEach(path, value, isPathSegmentName(value)) : [fieldError.required(path)]));
  }
  return errors;
}

export const autoscalersV2: Behaviour = { validate };

export const autoscalersV1: Behaviour = {
  validate,
  storage: { group: 'autoscaling', resource: 'horizontalpodautoscalers', version: 'v2' },
  toStorage: autoscalerFromV1,
  fromStorage: autoscalerToV1,
};
