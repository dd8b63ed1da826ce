// Workloads: what their strategies and validations do beyond the generic steps (pkg/registry/apps/*/strategy.go,
// pkg/apis/apps/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { validateDaemonSet, validateDeployment, validateReplicaSet, validateStatefulSet } from './validation.ts';

type Spec = Record<string, unknown>;
const specOf = (object: AnyObject): Spec => (object.spec ?? {}) as Spec;

function immutable(object: AnyObject, old: AnyObject, field: string): FieldError[] {
  const value = specOf(object)[field];
  return isDeepStrictEqual(value, specOf(old)[field])
    ? []
    : [fieldError.invalid(`spec.${field}`, value ?? null, FIELD_IMMUTABLE)];
}

export const deployments: Behaviour = {
  prepareForUpdate(object, old) {
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
};

export const replicaSets: Behaviour = {
  validate: validateReplicaSet,
  validateUpdate: (object, old) => immutable(object, old, 'selector'),
};

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const templateGeneration = (object: AnyObject): number =>
  Number(object.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);

/** extensions/v1beta1 had spec.templateGeneration; apps/v1 keeps it in an annotation. */
function setTemplateGeneration(object: AnyObject, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

export const daemonSets: Behaviour = {
  prepareForCreate: (object) => setTemplateGeneration(object, Math.max(templateGeneration(object), 1)),
  prepareForUpdate(object, old) {
    const changed = !isDeepStrictEqual(specOf(object).template, specOf(old).template);
    setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate: validateDaemonSet,
  validateUpdate: (object, old) => immutable(object, old, 'selector'),
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

export const statefulSets: Behaviour = { validate: validateStatefulSet, validateUpdate: statefulSetChange };

export const controllerRevisions: Behaviour = {
  validateUpdate: (object, old) =>
    isDeepStrictEqual(object.data, old.data) ? [] : [fieldError.invalid('data', object.data ?? null, FIELD_IMMUTABLE)],
};
