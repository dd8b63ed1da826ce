// Deployments, ReplicaSets, DaemonSets, StatefulSets and their ControllerRevisions (pkg/registry/apps/*/strategy.go).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { preparePodSpec } from '../core/pod-preparation.ts';
import { templateWarnings } from '../core/pod-warnings.ts';
import { claimWarnings } from '../core/volume-warnings.ts';
import type { StatefulSetSpec } from '../types/apps/v1.ts';
import type { PodTemplateSpec } from '../types/core/v1.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { nonNegative } from '../validation/rules.ts';
import {
  validateDaemonSetStatus,
  validateDeploymentStatus,
  validateReplicaSetStatus,
  validateStatefulSetStatus,
} from './status-validation.ts';
import {
  validateDaemonSet,
  validateDeployment,
  validateNewStatefulSet,
  validateReplicaSet,
  validateStatefulSet,
} from './validation.ts';

type Spec = Record<string, unknown>;
const specOf = (object: AnyObject): Spec => (object.spec ?? {}) as Spec;
const templateOf = (object: AnyObject): PodTemplateSpec | undefined =>
  specOf(object).template as PodTemplateSpec | undefined;

/** Of a new object, or one whose desired state changed. */
const ofTemplate = (object: AnyObject, old: AnyObject | undefined): string[] =>
  !old || object.metadata.generation !== old.metadata.generation
    ? templateWarnings(templateOf(object), 'spec.template')
    : [];

/** Pods are named after these, and their hosts after them. */
function nameWarnings({ metadata: { name = '' } }: AnyObject, old: AnyObject | undefined): string[] {
  const problems = old ? [] : isDNS1123Label(name);
  const text =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return problems.length > 0 ? [`metadata.name: ${text}: [${problems.join(' ')}]`] : [];
}

function immutable(object: AnyObject, old: AnyObject, field: string): FieldError[] {
  const value = specOf(object)[field];
  return isDeepStrictEqual(value, specOf(old)[field])
    ? []
    : [fieldError.invalid(`spec.${field}`, value ?? null, FIELD_IMMUTABLE)];
}

export const deployments: Behaviour = {
  prepareForCreate: (object) => preparePodSpec(templateOf(object)?.spec),
  prepareForUpdate(object, old) {
    preparePodSpec(templateOf(object)?.spec);
    // Annotations are copied to the ReplicaSets, so a change of them is one of the desired state.
    if (isDeepStrictEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {})) return;
    if (isDeepStrictEqual(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  prepareForStatusUpdate(object, old) {
    if (old.metadata.labels) object.metadata.labels = { ...old.metadata.labels };
    else delete object.metadata.labels;
  },
  validate: validateDeployment,
  validateUpdate: (object, old) => immutable(object, old, 'selector'),
  validateStatusUpdate: validateDeploymentStatus,
  warnings: (object, old) => [...nameWarnings(object, old), ...ofTemplate(object, old)],
};

export const replicaSets: Behaviour = {
  prepareForCreate: (object) => preparePodSpec(templateOf(object)?.spec),
  prepareForUpdate: (object) => preparePodSpec(templateOf(object)?.spec),
  validate: validateReplicaSet,
  validateUpdate: (object, old) => immutable(object, old, 'selector'),
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: (object, old) => [...nameWarnings(object, old), ...ofTemplate(object, old)],
};

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const templateGeneration = (object: AnyObject): number =>
  Number(object.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);

/** extensions/v1beta1 had spec.templateGeneration; apps/v1 keeps it in an annotation. */
function setTemplateGeneration(object: AnyObject, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

export const daemonSets: Behaviour = {
  prepareForCreate(object) {
    preparePodSpec(templateOf(object)?.spec);
    setTemplateGeneration(object, Math.max(templateGeneration(object), 1));
  },
  prepareForUpdate(object, old) {
    preparePodSpec(templateOf(object)?.spec);
    const changed = !isDeepStrictEqual(specOf(object).template, specOf(old).template);
    setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
  },
  prepareForStatusUpdate: (object, old) => setTemplateGeneration(object, templateGeneration(old)),
  validate: validateDaemonSet,
  validateUpdate: (object, old) => immutable(object, old, 'selector'),
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: ofTemplate,
};

/** All but these are fixed once a StatefulSet exists. */
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

function statefulSetChange(object: AnyObject, old: AnyObject): FieldError[] {
  const fixed = (spec: Spec) =>
    Object.fromEntries(Object.entries(spec).filter(([name]) => !MUTABLE.includes(name as never)));
  if (isDeepStrictEqual(fixed(specOf(object)), fixed(specOf(old)))) return [];
  return [
    fieldError.forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
        "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

/** maxUnavailable is behind the gate MaxUnavailableStatefulSet. */
function prepareStatefulSet(object: AnyObject): void {
  const { updateStrategy, template } = specOf(object) as unknown as StatefulSetSpec;
  delete updateStrategy?.rollingUpdate?.maxUnavailable;
  preparePodSpec(template?.spec);
}

function statefulSetWarnings(object: AnyObject, old: AnyObject | undefined): string[] {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = specOf(object) as unknown as StatefulSetSpec;
  const text = 'a negative value retains all historical revisions; a value >= 0 is recommended';
  return [
    ...ofTemplate(object, old),
    ...volumeClaimTemplates.flatMap(({ spec }, i) => claimWarnings(spec, `spec.volumeClaimTemplates[${i}]`)),
    ...(revisionHistoryLimit < 0 ? [`spec.revisionHistoryLimit: ${text}`] : []),
  ];
}

export const statefulSets: Behaviour = {
  prepareForCreate: prepareStatefulSet,
  prepareForUpdate: prepareStatefulSet,
  validateName: nameIsDNSLabel,
  validate: validateStatefulSet,
  validateCreate: validateNewStatefulSet,
  validateUpdate: statefulSetChange,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: statefulSetWarnings,
};

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

export const controllerRevisions: Behaviour = {
  validate: ({ revision }) => nonNegative(revision as number | undefined, 'revision'),
  validateCreate: ({ data }) => (isMap(data) ? [] : [fieldError.required('data', 'data must be a valid JSON object')]),
  validateUpdate: (object, old) =>
    isDeepStrictEqual(object.data, old.data) ? [] : [fieldError.invalid('data', object.data ?? null, FIELD_IMMUTABLE)],
};
