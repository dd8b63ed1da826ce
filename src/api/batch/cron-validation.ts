// CronJobs (pkg/apis/batch/validation validateCronJobSpec).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { CronJobSpec, JobSpec } from '../types/batch/v1.ts';
import { nonNegative, requiredOneOf } from '../validation/rules.ts';
import { validateJobSpec } from './job-validation.ts';
import { scheduleProblem } from './schedule.ts';
import { isTimeZone } from './time-zone.ts';

const MAX_NAME = 52;

const specOf = (object: AnyObject): CronJobSpec => (object.spec ?? {}) as CronJobSpec;

export function validateCronJob(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const job = spec.jobTemplate?.spec ?? ({} as JobSpec);
  const path = 'spec.jobTemplate.spec';
  return [
    ...(spec.schedule ? scheduleErrors(spec.schedule) : [fieldError.required('spec.schedule')]),
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...requiredOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'),
    ...validateJobSpec(job, path),
    ...(job.selector
      ? [fieldError.invalid(`${path}.selector`, job.selector, '`selector` will be auto-generated')]
      : []),
    ...(job.manualSelector ? [fieldError.notSupported(`${path}.manualSelector`, true, ['nil', 'false'])] : []),
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
  ];
}

function scheduleErrors(schedule: string): FieldError[] {
  const problem = scheduleProblem(schedule);
  return problem ? [fieldError.invalid('spec.schedule', schedule, problem)] : [];
}

/** A Job is named after its CronJob and the time, in 63 letters. */
export function validateNewCronJob(object: AnyObject): FieldError[] {
  const { name = '' } = object.metadata;
  return [
    ...zoneInSchedule(specOf(object), undefined),
    ...timeZoneErrors(specOf(object).timeZone),
    ...(name.length > MAX_NAME
      ? [fieldError.invalid('metadata.name', name, 'must be no more than 52 characters')]
      : []),
  ];
}

export function validateCronJobUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const spec = specOf(object);
  const before = specOf(old);
  return [
    ...zoneInSchedule(spec, before.schedule),
    ...(spec.timeZone === before.timeZone ? [] : timeZoneErrors(spec.timeZone)),
  ];
}

/** The zone once stood in the schedule; where it did it may stay. */
function zoneInSchedule({ schedule = '', timeZone }: CronJobSpec, before: string | undefined): FieldError[] {
  if (!schedule.includes('TZ')) return [];
  const path = 'spec.schedule';
  if (!before?.includes('TZ')) {
    const text = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    return [fieldError.invalid(path, schedule, text)];
  }
  const text = 'cannot use both timeZone field and TZ or CRON_TZ in schedule';
  return timeZone === undefined ? [] : [fieldError.invalid(path, schedule, text)];
}

const ZONE_PART = /^[A-Za-z.\-_0-9+]{1,14}$/;

function timeZoneErrors(zone: string | undefined): FieldError[] {
  const path = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [fieldError.invalid(path, zone, 'timeZone must be nil or non-empty string')];
  const unknown = fieldError.invalid(path, zone, `unknown time zone ${zone}`);
  const parts = zone.split('/');
  if (parts.some((part) => part === '.' || part === '..' || part.startsWith('-') || !ZONE_PART.test(part))) {
    return [unknown];
  }
  const text = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  return [
    ...(zone.toLowerCase() === 'local' ? [fieldError.invalid(path, zone, text)] : []),
    ...(zone === 'Local' || isTimeZone(zone) ? [] : [unknown]),
  ];
}
