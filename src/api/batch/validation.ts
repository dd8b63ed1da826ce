// Jobs and CronJobs, after pkg/apis/batch/validation.
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { CronJobSpec, JobSpec } from '../types/batch/v1.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { validatePodTemplate } from '../validation/pod-template.ts';
import { nonNegative, oneOf } from '../validation/rules.ts';
import { scheduleProblem } from './schedule.ts';

export const validateJob = (object: AnyObject): FieldError[] => {
  const spec = (object.spec ?? {}) as JobSpec;
  const errors = validateJobSpec(spec, 'spec');
  if (!spec.selector) errors.push(fieldError.required('spec.selector'));
  return errors;
};

function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  return [
    ...nonNegative(spec.parallelism, `${path}.parallelism`),
    ...nonNegative(spec.completions, `${path}.completions`),
    ...nonNegative(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`),
    ...nonNegative(spec.backoffLimit, `${path}.backoffLimit`),
    ...nonNegative(spec.ttlSecondsAfterFinished, `${path}.ttlSecondsAfterFinished`),
    ...nonNegative(spec.backoffLimitPerIndex, `${path}.backoffLimitPerIndex`),
    ...(spec.completionMode === undefined
      ? []
      : oneOf(spec.completionMode, ['Indexed', 'NonIndexed'], `${path}.completionMode`)),
    ...indexedRules(spec, path),
    ...validatePodTemplate(spec.template, `${path}.template`),
    ...restartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

function indexedRules(spec: JobSpec, path: string): FieldError[] {
  if (spec.completionMode !== 'Indexed') {
    return spec.backoffLimitPerIndex === undefined
      ? []
      : [
          fieldError.invalid(
            `${path}.backoffLimitPerIndex`,
            spec.backoffLimitPerIndex,
            'requires indexed completion mode',
          ),
        ];
  }
  return spec.completions === undefined
    ? [fieldError.required(`${path}.completions`, 'when completion mode is Indexed')]
    : [];
}

/** Pods of a Job end; a missing policy means Always. */
function restartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') return [fieldError.required(path, 'valid values: "OnFailure", "Never"')];
  return oneOf(policy, ['OnFailure', 'Never'], path);
}

export function validateJobUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const spec = object.spec as JobSpec;
  const before = old.spec as JobSpec;
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  const errors = fixed.flatMap((field) =>
    isDeepStrictEqual(spec[field], before[field]) ? [] : [immutable(field, spec[field])],
  );
  // An Indexed Job scales when its completions and parallelism stay equal.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (spec.completions !== before.completions && !elastic) errors.push(immutable('completions', spec.completions));
  const suspended = before.suspend === true && !(old.status as { startTime?: string } | undefined)?.startTime;
  if (!suspended && !isDeepStrictEqual(spec.template, before.template))
    errors.push(immutable('template', spec.template));
  return errors;
}

const immutable = (field: string, value: unknown): FieldError =>
  fieldError.invalid(`spec.${field}`, value ?? null, FIELD_IMMUTABLE);

export function validateCronJob(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as CronJobSpec;
  const errors: FieldError[] = [];
  if (!spec.schedule) errors.push(fieldError.required('spec.schedule'));
  else {
    const problem = scheduleProblem(spec.schedule);
    if (problem) errors.push(fieldError.invalid('spec.schedule', spec.schedule, problem));
    if (/TZ=/.test(spec.schedule)) {
      const text = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
      errors.push(fieldError.invalid('spec.schedule', spec.schedule, text));
    }
  }
  errors.push(
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...oneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'),
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
    ...validateJobSpec(spec.jobTemplate?.spec ?? ({} as JobSpec), 'spec.jobTemplate.spec'),
  );
  if ((object.metadata.name ?? '').length > 52) {
    errors.push(fieldError.invalid('metadata.name', object.metadata.name, 'must be no more than 52 characters'));
  }
  return errors;
}
