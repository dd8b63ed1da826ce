// ReplicationControllers and PodTemplates: a template each (pkg/registry/core/*/strategy.go, pkg/apis/core/validation).
// ReplicationControllers are older than the garbage collector: DELETE leaves their Pods unless told otherwise.
import { matchesLabelMap, shownLabels } from '../../apimachinery/labels.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validateReplicaSetStatus } from '../apps/status-validation.ts';
import type { Behaviour } from '../behaviour.ts';
import type { PodTemplateSpec, ReplicationControllerSpec } from '../types/core/v1.ts';
import { alwaysRestarts, validatePodTemplate } from '../validation/pod-template.ts';
import { nonNegative } from '../validation/rules.ts';
import { preparePodSpec } from './pod-preparation.ts';
import { templateWarnings } from './pod-warnings.ts';

function validateController(object: AnyObject): FieldError[] {
  const { minReadySeconds, selector = {}, replicas, template } = (object.spec ?? {}) as ReplicationControllerSpec;
  const errors = [...nonNegative(minReadySeconds, 'spec.minReadySeconds'), ...nonNegative(replicas, 'spec.replicas')];
  const empty = Object.keys(selector).length === 0;
  if (empty) errors.push(fieldError.required('spec.selector'));
  if (!template) return [...errors, fieldError.required('spec.template')];
  const { labels } = template.metadata ?? {};
  if (!empty && !matchesLabelMap(selector, labels)) {
    const text = '`selector` does not match template `labels`';
    errors.push(fieldError.invalid('spec.template.metadata.labels', shownLabels(labels), text));
  }
  return [
    ...errors,
    ...validatePodTemplate(template, 'spec.template'),
    ...alwaysRestarts(template, 'spec.template', 'ReplicationController'),
  ];
}

function nameWarnings({ metadata: { name = '' } }: AnyObject, old: AnyObject | undefined): string[] {
  const problems = old ? [] : isDNS1123Label(name);
  const text =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return problems.length > 0 ? [`metadata.name: ${text}: [${problems.join(' ')}]`] : [];
}

const specTemplate = (object: AnyObject): PodTemplateSpec | undefined =>
  (object.spec as ReplicationControllerSpec | undefined)?.template;
const ownTemplate = (object: AnyObject): PodTemplateSpec | undefined => object.template as PodTemplateSpec | undefined;

const unchanged = (object: AnyObject, old: AnyObject | undefined): boolean =>
  old !== undefined && object.metadata.generation === old.metadata.generation;

export const replicationControllers: Behaviour = {
  prepareForCreate: (object) => preparePodSpec(specTemplate(object)?.spec),
  prepareForUpdate: (object) => preparePodSpec(specTemplate(object)?.spec),
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: (object, old) => [
    ...nameWarnings(object, old),
    // Upstream swaps the two: an update is warned of what was there before.
    ...(unchanged(object, old) ? [] : templateWarnings(specTemplate(old ?? object), 'spec.template')),
  ],
  validate: validateController,
  defaultPropagation: 'Orphan',
  selectableFields: {
    'status.replicas': (object) => String((object.status as { replicas?: number } | undefined)?.replicas ?? 0),
  },
};

export const podTemplates: Behaviour = {
  prepareForCreate: (object) => preparePodSpec(ownTemplate(object)?.spec),
  prepareForUpdate: (object) => preparePodSpec(ownTemplate(object)?.spec),
  validate: (object) => validatePodTemplate(ownTemplate(object), 'template'),
  warnings: (object, old) => (unchanged(object, old) ? [] : templateWarnings(ownTemplate(object), 'template')),
};
