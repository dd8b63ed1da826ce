// Jobs: the selector that ties Pods to one Job alone (pkg/registry/batch/job/strategy.go). Like
// ReplicationControllers they leave their Pods when deleted without a word about dependents.
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject, ObjectMeta } from '../../apimachinery/meta.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import type { Behaviour } from '../behaviour.ts';
import { preparePodSpec } from '../core/pod-preparation.ts';
import { templateWarnings } from '../core/pod-warnings.ts';
import type { CronJobSpec, JobSpec } from '../types/batch/v1.ts';
import { validateCronJob, validateCronJobUpdate, validateNewCronJob } from './cron-validation.ts';
import { validateJobStatus } from './job-status.ts';
import { validateJob, validateJobUpdate } from './job-validation.ts';
import { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME } from './labels.ts';

export { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME } from './labels.ts';

const specOf = (object: AnyObject): JobSpec => (object.spec ?? {}) as JobSpec;
const jobOf = (object: AnyObject): JobSpec => ((object.spec ?? {}) as CronJobSpec).jobTemplate?.spec ?? ({} as JobSpec);

/** Labels given by hand stay; where they disagree, validation refuses the Job. */
function generateSelector(object: AnyObject): void {
  const spec = specOf(object);
  if (spec.manualSelector) return;
  const { name = '', uid = '', labels: own } = object.metadata;
  const given = spec.template?.metadata?.labels;
  const labels = {
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...given,
  };
  // A Job that took its labels from the template shares them with it, upstream as one map.
  if (given && isDeepStrictEqual(own, given)) object.metadata.labels = { ...labels };
  spec.template = { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
  spec.selector = { ...spec.selector, matchLabels: { [CONTROLLER_UID]: uid, ...spec.selector?.matchLabels } };
}

function nameWarnings({ metadata: { name = '' } }: AnyObject): string[] {
  const problems = isDNS1123Label(name);
  if (problems.length === 0) return [];
  const text =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: ${text}: [${problems.join(' ')}]`];
}

/** From here on the numbers of indexes are more than a Job can carry well (pkg/api/job/warnings.go). */
const MANY_COMPLETIONS = 100_000;
const MANY_PARALLEL = 10_000;

function specWarnings(spec: JobSpec, path: string): string[] {
  const { completions = 0, parallelism = 0, completionMode } = spec;
  const many = completionMode === 'Indexed' && completions > MANY_COMPLETIONS && parallelism > MANY_PARALLEL;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(many ? [`${path}: ${text}`] : []), ...templateWarnings(spec.template, `${path}.template`)];
}

const changes = (object: AnyObject, old: AnyObject | undefined): boolean =>
  !old || object.metadata.generation !== old.metadata.generation;

const GENERATED: readonly string[] = [LEGACY_JOB_NAME, JOB_NAME, LEGACY_CONTROLLER_UID, CONTROLLER_UID];

/** A Job without labels gets those of its template when it is read; when only the server put some there, after its check. */
function givenMetadata(object: AnyObject): ObjectMeta {
  const { labels, ...others } = object.metadata;
  const generated = specOf(object).template?.metadata?.labels ?? {};
  const isGiven =
    !isDeepStrictEqual(labels, generated) || Object.keys(generated).some((key) => !GENERATED.includes(key));
  return isGiven ? object.metadata : others;
}

export const jobs: Behaviour = {
  givenMetadata,
  prepareForCreate(object) {
    generateSelector(object);
    preparePodSpec(specOf(object).template?.spec);
  },
  prepareForUpdate: (object) => preparePodSpec(specOf(object).template?.spec),
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatus,
  warnings: (object, old) => [
    ...(old ? [] : nameWarnings(object)),
    ...(changes(object, old) ? specWarnings(specOf(object), 'spec') : []),
  ],
  defaultPropagation: 'Orphan',
  selectableFields: {
    'status.successful': (object) => String((object.status as { succeeded?: number } | undefined)?.succeeded ?? 0),
  },
  // batch/v1's conversion.go, AddFieldLabelConversionsForJob
  fieldRefusal: (field) => `field label ${JSON.stringify(field)} not supported for Job`,
};

export const cronJobs: Behaviour = {
  prepareForCreate: (object) => preparePodSpec(jobOf(object).template?.spec),
  prepareForUpdate: (object) => preparePodSpec(jobOf(object).template?.spec),
  validate: validateCronJob,
  validateCreate: validateNewCronJob,
  validateUpdate: validateCronJobUpdate,
  warnings: (object, old) => [
    ...(old ? [] : nameWarnings(object)),
    ...(changes(object, old) ? specWarnings(jobOf(object), 'spec.jobTemplate.spec') : []),
    ...(old && String((object.spec as CronJobSpec | undefined)?.schedule).includes('TZ')
      ? [
          'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ],
};
