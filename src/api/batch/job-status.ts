// What a Job's status may say, so that whoever runs the Job cannot tell two stories (pkg/apis/batch/validation
// validateJobStatus, ValidateJobStatusUpdate; pkg/registry/batch/job/strategy.go getStatusValidationOptions). What a
// status said before may stay, even where it would be refused now.
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { JobSpec, JobStatus } from '../types/batch/v1.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { nonNegative } from '../validation/rules.ts';
import { countIndexes, overlap } from './indexes.ts';

const CONDITIONS = 'status.conditions';
const contradiction = (text: string): FieldError => fieldError.invalid(CONDITIONS, '', text);

interface View {
  spec: JobSpec;
  status: JobStatus;
  is(type: string): boolean;
  finished: boolean;
}

function viewOf(object: AnyObject): View {
  const status = (object.status ?? {}) as JobStatus;
  const is = (type: string) => (status.conditions ?? []).some((c) => c.type === type && c.status === 'True');
  return { spec: (object.spec ?? {}) as JobSpec, status, is, finished: is('Complete') || is('Failed') };
}

export function validateJobStatus(object: AnyObject, old: AnyObject): FieldError[] {
  const now = viewOf(object);
  const before = viewOf(old);
  return [
    ...counters(now.status),
    ...conditionRules(now, before),
    ...timeRules(now, before),
    ...finishedRules(now, before),
    ...indexRules(now, before),
    ...changeRules(now, before),
  ];
}

function counters(status: JobStatus): FieldError[] {
  const fields = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
  const seen = new Set<string>();
  const uncounted = (['succeeded', 'failed'] as const).flatMap((list) =>
    (status.uncountedTerminatedPods?.[list] ?? []).flatMap((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (!uid) return [fieldError.invalid(at, uid, 'must not be empty')];
      if (seen.has(uid)) return [fieldError.duplicate(at, uid)];
      seen.add(uid);
      return [];
    }),
  );
  return [...fields.flatMap((field) => nonNegative(status[field], `status.${field}`)), ...uncounted];
}

function conditionRules(now: View, before: View): FieldError[] {
  const changed = (...types: string[]) => types.some((type) => now.is(type) !== before.is(type));
  const errors: FieldError[] = [];
  const refuse = (when: boolean, text: string) => {
    if (when) errors.push(contradiction(text));
  };
  const [complete, failed, target, met] = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'].map(now.is);
  const failedIndexes = now.status.failedIndexes !== before.status.failedIndexes;
  refuse(
    !!complete && !!failed && changed('Complete', 'Failed'),
    'cannot set Complete=True and Failed=true conditions',
  );
  refuse(
    !!complete && !!target && changed('Complete', 'FailureTarget'),
    'cannot set Complete=True and FailureTarget=true conditions',
  );
  refuse(
    !!failed && !target && (changed('Failed') || failedIndexes),
    'cannot set Failed=True condition without the FailureTarget=true condition',
  );
  refuse(
    !!complete && !met && changed('Complete', 'SuccessCriteriaMet'),
    'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
  );
  refuse(!!met && !!failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  refuse(!!met && !!target, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  refuse(
    !!now.spec.successPolicy && !met && !!complete,
    'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
  );
  return errors;
}

function timeRules({ status, is }: View, before: View): FieldError[] {
  const { startTime, completionTime } = status;
  const completes = is('Complete') !== before.is('Complete');
  const started = startTime !== before.status.startTime;
  const completed = completionTime !== before.status.completionTime;
  const path = 'status.completionTime';
  const errors: FieldError[] = [];
  if (completes || completed) {
    if (completionTime !== undefined && !is('Complete')) {
      const text = 'cannot set completionTime when there is no Complete=True condition';
      errors.push(fieldError.invalid(path, completionTime, text));
    }
    if (completionTime === undefined && is('Complete')) {
      errors.push(fieldError.required(path, 'completionTime is required for Complete jobs'));
    }
  }
  const early = startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime);
  if ((started || completed) && early) {
    errors.push(fieldError.invalid(path, completionTime, 'must be equal to or after `startTime`'));
  }
  return errors;
}

function finishedRules({ spec, status, finished }: View, before: View): FieldError[] {
  const { active = 0, ready, terminating, startTime, uncountedTerminatedPods: uncounted } = status;
  const was = before.status;
  const changed = finished !== before.finished;
  const nothingToDo = spec.suspend === true && spec.completions === 0;
  const errors: FieldError[] = [];
  if (finished && active > 0 && (changed || active !== (was.active ?? 0))) {
    errors.push(fieldError.invalid('status.active', active, 'active>0 is invalid for finished job'));
  }
  if (finished && startTime === undefined && (changed || was.startTime !== undefined) && !nothingToDo) {
    errors.push(fieldError.required('status.startTime', 'startTime is required for finished job'));
  }
  const left = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0);
  if (finished && left > 0 && (changed || !isDeepStrictEqual(uncounted, was.uncountedTerminatedPods))) {
    errors.push(fieldError.invalid('status.uncountedTerminatedPods', uncounted, 'must be empty for finished job'));
  }
  if (finished && (terminating ?? 0) > 0 && (changed || terminating !== was.terminating)) {
    errors.push(fieldError.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  }
  if (ready !== undefined && ready > active && (ready !== was.ready || active !== (was.active ?? 0))) {
    errors.push(fieldError.invalid('status.ready', ready, 'cannot set more ready pods than active'));
  }
  return errors;
}

function indexRules({ spec, status }: View, { status: was }: View): FieldError[] {
  const { completions, completionMode, backoffLimitPerIndex } = spec;
  const { completedIndexes: completed = '', failedIndexes: failed } = status;
  const completedChanged = completed !== (was.completedIndexes ?? '');
  const failedChanged = failed !== was.failedIndexes;
  const errors: FieldError[] = [];
  const parsed = (field: string, text: string) => {
    const problem = countIndexes(text, completions ?? 0).problem;
    if (problem) errors.push(fieldError.invalid(`status.${field}`, text, `error parsing ${field}: ${problem}`));
  };
  if (completions !== undefined && completedChanged) parsed('completedIndexes', completed);
  if (completions !== undefined && failedChanged && failed !== undefined && backoffLimitPerIndex !== undefined) {
    parsed('failedIndexes', failed);
  }
  if (completedChanged && completed !== '' && completionMode !== 'Indexed') {
    const text = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(fieldError.invalid('status.completedIndexes', completed, text));
  }
  if (failedChanged && failed !== undefined && backoffLimitPerIndex === undefined) {
    const text = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(fieldError.invalid('status.failedIndexes', failed, text));
  }
  if ((completedChanged || failedChanged) && completions !== undefined && failed !== undefined) {
    const index = overlap(completed, failed, completions);
    const text = `failedIndexes and completedIndexes overlap at index: ${index}`;
    if (index !== undefined) errors.push(fieldError.invalid('status.failedIndexes', failed, text));
  }
  return errors;
}

/** What a status has said for good. */
function changeRules(now: View, before: View): FieldError[] {
  const { spec, status } = now;
  const was = before.status;
  const errors = ['Failed', 'Complete', 'FailureTarget']
    .filter((type) => before.is(type) && !now.is(type))
    .map((type) => contradiction(`cannot disable the terminal ${type}=True condition`));
  const scales = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if ((status.failed ?? 0) < (was.failed ?? 0)) {
    errors.push(fieldError.invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'));
  }
  if ((status.succeeded ?? 0) < (was.succeeded ?? 0) && !scales) {
    errors.push(fieldError.invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'));
  }
  const { completionTime, startTime } = status;
  if (completionTime && was.completionTime && completionTime !== was.completionTime) {
    errors.push(fieldError.invalid('status.completionTime', completionTime, FIELD_IMMUTABLE));
  }
  const resumes =
    before.is('Suspended') && (status.conditions ?? []).some((c) => c.type === 'Suspended' && c.status === 'False');
  if (was.startTime && was.startTime !== startTime && !spec.suspend && !resumes) {
    const text = 'field is immutable for unsuspended job once set';
    errors.push(fieldError.invalid('status.startTime', startTime ?? null, text));
  }
  if (before.is('SuccessCriteriaMet') && !now.is('SuccessCriteriaMet')) {
    errors.push(contradiction('cannot disable the SuccessCriteriaMet=True condition'));
  }
  if (before.is('Complete') && !before.is('SuccessCriteriaMet') && now.is('SuccessCriteriaMet')) {
    errors.push(contradiction('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  }
  return errors;
}
