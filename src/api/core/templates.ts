// ReplicationControllers and PodTemplates: a template each (pkg/registry/core/*/strategy.go, pkg/apis/core/validation).
// ReplicationControllers are older than the garbage collector: DELETE leaves their Pods unless told otherwise.
import { matchesLabelMap } from '../../apimachinery/labels.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { PodTemplateSpec, ReplicationControllerSpec } from '../types/core/v1.ts';
import { alwaysRestarts, validatePodTemplate } from '../validation/pod-template.ts';
import { nonNegative } from '../validation/rules.ts';

function validateController(object: AnyObject): FieldError[] {
  const { minReadySeconds, selector = {}, replicas, template } = (object.spec ?? {}) as ReplicationControllerSpec;
  const errors = [...nonNegative(minReadySeconds, 'spec.minReadySeconds'), ...nonNegative(replicas, 'spec.replicas')];
  const empty = Object.keys(selector).length === 0;
  if (empty) errors.push(fieldError.required('spec.selector'));
  if (!template) return [...errors, fieldError.required('spec.template')];
  const { labels } = template.metadata ?? {};
  if (!empty && !matchesLabelMap(selector, labels)) {
    const text = '`selector` does not match template `labels`';
    errors.push(fieldError.invalid('spec.template.metadata.labels', labels ?? null, text));
  }
  return [
    ...errors,
    ...validatePodTemplate(template, 'spec.template'),
    ...alwaysRestarts(template, 'spec.template', 'ReplicationController'),
  ];
}

export const replicationControllers: Behaviour = {
  validate: validateController,
  defaultPropagation: 'Orphan',
  selectableFields: {
    'status.replicas': (object) => String((object.status as { replicas?: number } | undefined)?.replicas ?? 0),
  },
};

export const podTemplates: Behaviour = {
  validate: (object) => validatePodTemplate(object.template as PodTemplateSpec | undefined, 'template'),
};
