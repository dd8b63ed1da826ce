// How fast an autoscaler may go up and down (pkg/apis/autoscaling/validation validateBehavior).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules } from '../types/autoscaling/v2.ts';
import { NOT_ZERO, nonNegativeQuantity, oneOf } from '../validation/rules.ts';

const MAX_PERIOD_SECONDS = 1800;
const MAX_WINDOW_SECONDS = 3600;

export const behaviorErrors = (behavior: HorizontalPodAutoscalerBehavior, path: string): FieldError[] => [
  ...(behavior.scaleUp ? rulesErrors(behavior.scaleUp, `${path}.scaleUp`) : []),
  ...(behavior.scaleDown ? rulesErrors(behavior.scaleDown, `${path}.scaleDown`) : []),
];

function rulesErrors(rules: HPAScalingRules, path: string): FieldError[] {
  const { stabilizationWindowSeconds: window, selectPolicy, tolerance } = rules;
  const policies = rules.policies ?? [];
  const at = `${path}.stabilizationWindowSeconds`;
  const errors: FieldError[] = [];
  if (window !== undefined && window < 0) {
    errors.push(fieldError.invalid(at, window, 'must be greater than or equal to zero'));
  }
  if (window !== undefined && window > MAX_WINDOW_SECONDS) {
    errors.push(fieldError.invalid(at, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`));
  }
  if (selectPolicy !== undefined) {
    errors.push(...oneOf(selectPolicy, ['Disabled', 'Max', 'Min'], `${path}.selectPolicy`));
  }
  if (policies.length === 0) errors.push(fieldError.required(`${path}.policies`, 'must specify at least one Policy'));
  errors.push(...policies.flatMap((policy, i) => policyErrors(policy, `${path}.policies[${i}]`)));
  return tolerance === undefined ? errors : [...errors, ...nonNegativeQuantity(tolerance, `${path}.tolerance`)];
}

function policyErrors({ type, value = 0, periodSeconds: period = 0 }: HPAScalingPolicy, path: string): FieldError[] {
  const errors = oneOf(type, ['Percent', 'Pods'], `${path}.type`);
  if (value <= 0) errors.push(fieldError.invalid(`${path}.value`, value, NOT_ZERO));
  if (period <= 0) errors.push(fieldError.invalid(`${path}.periodSeconds`, period, NOT_ZERO));
  if (period <= MAX_PERIOD_SECONDS) return errors;
  const text = `must be less than or equal to ${MAX_PERIOD_SECONDS}`;
  return [...errors, fieldError.invalid(`${path}.periodSeconds`, period, text)];
}
