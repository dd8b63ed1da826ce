// Jobs: the selector that ties Pods to one Job alone (pkg/registry/batch/job/strategy.go). Like
// ReplicationControllers they leave their Pods when deleted without a word about dependents.
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import { validateCronJob, validateJob, validateJobUpdate } from './validation.ts';

interface JobSpec {
  manualSelector?: boolean;
  selector?: LabelSelector;
  template: { metadata?: { labels?: Record<string, string> } };
}

export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
export const JOB_NAME = 'batch.kubernetes.io/job-name';
export const LEGACY_CONTROLLER_UID = 'controller-uid';
export const LEGACY_JOB_NAME = 'job-name';

/** Labels given by hand stay; where they disagree, validation refuses the Job. */
function generateSelector(object: AnyObject): void {
  const spec = object.spec as JobSpec;
  if (spec.manualSelector) return;
  const { name = '', uid = '' } = object.metadata;
  const labels = {
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...spec.template?.metadata?.labels,
  };
  spec.template = { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
  spec.selector = { ...spec.selector, matchLabels: { [CONTROLLER_UID]: uid, ...spec.selector?.matchLabels } };
}

export const jobs: Behaviour = {
  prepareForCreate: generateSelector,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  defaultPropagation: 'Orphan',
  selectableFields: {
    'status.successful': (object) => String((object.status as { succeeded?: number } | undefined)?.succeeded ?? 0),
  },
};

export const cronJobs: Behaviour = { validate: validateCronJob };
