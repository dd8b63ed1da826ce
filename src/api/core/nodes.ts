// Nodes: taints and the pod ranges (pkg/apis/core/validation ValidateNode).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { NodeSpec, Taint } from '../types/core/v1.ts';
import { duplicates, invalidEach, requiredOneOf } from '../validation/rules.ts';

const EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];
const specOf = (object: AnyObject): NodeSpec => (object.spec ?? {}) as NodeSpec;

/** Upstream reports taints as if they were metadata. */
const TAINTS = 'metadata.taints';

const validate = (object: AnyObject): FieldError[] => {
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

export const nodes: Behaviour = {
  validate,
  selectableFields: { 'spec.unschedulable': (object) => String(specOf(object).unschedulable ?? false) },
};
