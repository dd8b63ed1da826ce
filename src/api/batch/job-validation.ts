// Jobs, alone and in the template of a CronJob (pkg/apis/batch/validation).
import { isDeepStrictEqual } from 'node:util';
import { matchesLabelSelector, shownLabels } from '../../apimachinery/labels.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { JobSpec } from '../types/batch/v1.ts';
import type { Affinity, PodSpec, PodTemplateSpec } from '../types/core/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { selectorMismatch, validatePodTemplate } from '../validation/pod-template.ts';
import { invalidEach, nonNegative, oneOf } from '../validation/rules.ts';
import { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME } from './labels.ts';
import { validateFailurePolicy, validateReplacementPolicy, validateSuccessPolicy } from './policies.ts';

const MAX_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const SOFT_COMPLETIONS = 100_000;
const MAX_AT_HIGH_COMPLETIONS = 10_000;
const MAX_MANAGED_BY = 63;

const specOf = (object: AnyObject): JobSpec => (object.spec ?? {}) as JobSpec;

export function validateJob(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  return [...generatedSelector(object), ...selectingSpec(spec), ...indexedHostnames(object.metadata.name ?? '', spec)];
}

/** The spec and the selector that must pick its Pods. */
function selectingSpec(spec: JobSpec): FieldError[] {
  const { selector, template } = spec;
  const wrong = validateLabelSelector(selector, 'spec.selector');
  return [
    ...validateJobSpec(spec, 'spec'),
    ...(selector ? wrong : [fieldError.required('spec.selector')]),
    ...(wrong.length > 0 ? [] : selectorMismatch(selector, template, 'spec.template')),
  ];
}

/** Labels that the server made are the Job's own, and its selector goes by them. */
function generatedSelector({ metadata, spec }: AnyObject): FieldError[] {
  const { manualSelector, selector, template } = (spec ?? {}) as JobSpec;
  if (manualSelector || !selector) return [];
  const { uid = '', name = '' } = metadata;
  const expected = {
    [LEGACY_CONTROLLER_UID]: uid,
    [LEGACY_JOB_NAME]: name,
    [CONTROLLER_UID]: uid,
    [JOB_NAME]: name,
  };
  const labels = template?.metadata?.labels ?? {};
  const path = 'spec.template.metadata.labels';
  const errors = Object.entries(expected).flatMap(([key, value]) => {
    if (labels[key] === undefined) return [fieldError.required(`${path}[${key}]`, `must be '${value}'`)];
    if (labels[key] === value) return [];
    return [fieldError.invalid(`${path}[${key}]`, shownLabels(labels), `must be '${value}'`)];
  });
  const readable = validateLabelSelector(selector, '').length === 0;
  return readable && !matchesLabelSelector(selector, expected)
    ? [...errors, fieldError.invalid('spec.selector', selector, '`selector` not auto-generated')]
    : errors;
}

/** The highest index must still make a host name. */
function indexedHostnames(name: string, { completionMode, completions = 0 }: JobSpec): FieldError[] {
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const last = `${name}-${completions - 1}`;
  if (isDNS1123Label(last).length === 0) return [];
  return [fieldError.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`)];
}

export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const counts = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const;
  return [
    ...counts.flatMap((field) => nonNegative(spec[field], `${path}.${field}`)),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [fieldError.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...managedBy(spec.managedBy, `${path}.managedBy`),
    ...(spec.completionMode === undefined
      ? []
      : oneOf(spec.completionMode, ['NonIndexed', 'Indexed'], `${path}.completionMode`)),
    ...modeRules(spec, path),
    ...validateFailurePolicy(spec, `${path}.podFailurePolicy`),
    ...validateSuccessPolicy(spec, `${path}.successPolicy`),
    ...validateReplacementPolicy(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplate(spec.template, `${path}.template`),
    ...restartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

/** A domain and a path (validation.IsDomainPrefixedPath). */
function managedBy(name: string | undefined, path: string): FieldError[] {
  if (name === undefined) return [];
  const errors: FieldError[] = [];
  const slash = name.indexOf('/');
  const [domain, rest] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (name === '') errors.push(fieldError.required(path));
  else if (slash < 0 || !domain || !rest) {
    errors.push(fieldError.invalid(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  } else {
    errors.push(...invalidEach(path, domain, isDNS1123Subdomain(domain)));
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) {
      errors.push(fieldError.invalid(path, rest, 'Invalid path'));
    }
  }
  return Buffer.byteLength(name) > MAX_MANAGED_BY ? [...errors, fieldError.tooLong(path, MAX_MANAGED_BY)] : errors;
}

function modeRules(spec: JobSpec, path: string): FieldError[] {
  if (spec.completionMode === 'Indexed') return indexedRules(spec, path);
  if (spec.completionMode !== undefined && spec.completionMode !== 'NonIndexed') return [];
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const).flatMap((field) =>
    spec[field] === undefined
      ? []
      : [fieldError.invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode')],
  );
}

function indexedRules(spec: JobSpec, path: string): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: maxFailed } = spec;
  const errors: FieldError[] = [];
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', max: number, when = '') => {
    if ((spec[field] ?? 0) > max) {
      const text = `must be less than or equal to ${max}${when}`;
      errors.push(fieldError.invalid(`${path}.${field}`, spec[field], text));
    }
  };
  if (completions === undefined) {
    errors.push(fieldError.required(`${path}.completions`, 'when completion mode is Indexed'));
  }
  if (parallelism > MAX_PARALLELISM) atMost('parallelism', MAX_PARALLELISM, ' when completion mode is Indexed');
  if (completions !== undefined && maxFailed !== undefined && maxFailed > completions) {
    errors.push(fieldError.invalid(`${path}.maxFailedIndexes`, maxFailed, 'must be less than or equal to completions'));
  }
  atMost('maxFailedIndexes', MAX_FAILED_INDEXES);
  if (completions === undefined || completions <= SOFT_COMPLETIONS) return errors;
  if (spec.backoffLimitPerIndex === undefined) return errors;
  const when = ` when completions are above ${SOFT_COMPLETIONS} and used with backoff limit per index`;
  if (maxFailed === undefined) {
    const text = `must be specified when completions is above ${SOFT_COMPLETIONS}`;
    errors.push(fieldError.required(`${path}.maxFailedIndexes`, text));
  }
  atMost('parallelism', MAX_AT_HIGH_COMPLETIONS, when);
  atMost('maxFailedIndexes', MAX_AT_HIGH_COMPLETIONS, when);
  return errors;
}

/** Pods of a Job end; a missing policy means Always. */
function restartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') return [fieldError.required(path, 'valid values: "OnFailure", "Never"')];
  const errors = oneOf(policy, ['OnFailure', 'Never'], path);
  if (errors.length > 0 || !spec.podFailurePolicy || policy === 'Never') return errors;
  return [fieldError.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

/** Upstream goes over the spec a second time. */
export function validateJobUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const spec = specOf(object);
  const before = specOf(old);
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  return [
    ...selectingSpec(spec),
    ...completionsChange(spec, before),
    ...templateChange(spec, old),
    ...fixed.flatMap((field) => (isDeepStrictEqual(spec[field], before[field]) ? [] : [immutable(field, spec[field])])),
  ];
}

const immutable = (field: string, value: unknown): FieldError =>
  fieldError.invalid(`spec.${field}`, value ?? null, FIELD_IMMUTABLE);

/** An Indexed Job scales when its completions and parallelism stay equal. */
function completionsChange(spec: JobSpec, before: JobSpec): FieldError[] {
  const { completions, parallelism } = spec;
  if (completions === before.completions) return [];
  if (spec.completionMode !== 'Indexed') return [immutable('completions', completions)];
  if (completions === undefined || completions === parallelism) return [];
  return [fieldError.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')];
}

/** While a Job is suspended and none of its Pods runs, they may yet get other places, labels and resources. */
function templateChange(spec: JobSpec, old: AnyObject): FieldError[] {
  const before = specOf(old);
  const { startTime, active = 0, conditions = [] } = (old.status ?? {}) as JobStatus;
  const suspended = before.suspend === true;
  const paused = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  const open = suspended && (startTime === undefined || paused) && active === 0;
  if (!open) return isDeepStrictEqual(spec.template, before.template) ? [] : [immutable('template', spec.template)];
  const was = withResources(withPlaces(before.template, spec.template).spec, spec.template.spec);
  return isDeepStrictEqual(spec.template.spec, was) ? [] : [immutable('template.spec', spec.template.spec)];
}

interface JobStatus {
  startTime?: string;
  active?: number;
  conditions?: { type: string; status: string }[];
}

/** The old template with what the new one says of where its Pods go. */
function withPlaces(old: PodTemplateSpec, template: PodTemplateSpec): PodTemplateSpec {
  const spec = { ...old.spec } as PodSpec;
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) {
    copyField(spec, template.spec as PodSpec, field);
  }
  const { nodeAffinity: _old, ...others }: Affinity = spec.affinity ?? {};
  const nodeAffinity = template.spec?.affinity?.nodeAffinity;
  const affinity = { ...others, ...(nodeAffinity ? { nodeAffinity } : {}) };
  if (Object.keys(affinity).length === 0 && !template.spec?.affinity) delete spec.affinity;
  else spec.affinity = affinity;
  return { ...old, spec };
}

function copyField<K extends keyof PodSpec>(spec: PodSpec, from: PodSpec, field: K): void {
  if (from[field] === undefined) delete spec[field];
  else spec[field] = from[field];
}

function withResources(old: PodSpec | undefined, spec: PodSpec | undefined): PodSpec | undefined {
  if (!old || !spec) return old;
  const result = { ...old };
  for (const list of ['containers', 'initContainers'] as const) {
    const now = spec[list] ?? [];
    if (old[list]?.length !== now.length) continue;
    result[list] = old[list].map((container, i) => {
      const other = now[i];
      if (other?.name !== container.name) return container;
      const { resources: _resources, ...rest } = container;
      return { ...rest, ...(other.resources ? { resources: other.resources } : {}) };
    });
  }
  return result;
}
