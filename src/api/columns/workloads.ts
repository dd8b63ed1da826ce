// Rows of what makes Pods: apps, batch, ReplicationControllers, and what watches over them.
import { formatLabelSelector, labelSelectorOf, printLabelSelector, SelectorError } from '../../apimachinery/labels.ts';
import { type LabelSelector, parseGroupVersion } from '../../apimachinery/meta.ts';
import type { Cells } from '../behaviour.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../types/apps/v1.ts';
import type { CronJob, Job } from '../types/batch/v1.ts';
import type { PodTemplate, ReplicationController } from '../types/core/v1.ts';
import type { PodDisruptionBudget } from '../types/policy/v1.ts';
import { ageOf, humanDuration } from './age.ts';
import { containerCells, labelsText, row } from './cell.ts';

function selectorText(selector: LabelSelector | null | undefined): string {
  try {
    const parsed = labelSelectorOf(selector ?? undefined);
    return parsed ? formatLabelSelector(parsed) : '';
  } catch (error) {
    if (error instanceof SelectorError) return '<invalid>';
    throw error;
  }
}

/** A selector that is not there is null where Go's field has no omitempty. */
const selectorCell = (selector: LabelSelector | null | undefined): string => printLabelSelector(selector ?? undefined);

const deployment = row<Deployment>(({ spec, status }, { name, age }) => [
  name,
  `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  status?.updatedReplicas ?? 0,
  status?.availableReplicas ?? 0,
  age,
  ...containerCells(spec.template.spec?.containers),
  selectorText(spec.selector),
]);

const replicaSet = row<ReplicaSet>(({ spec, status }, { name, age }) => [
  name,
  spec.replicas ?? 0,
  status?.replicas ?? 0,
  status?.readyReplicas ?? 0,
  age,
  ...containerCells(spec.template?.spec?.containers),
  selectorCell(spec.selector),
]);

const replicationController = row<ReplicationController>(({ spec, status }, { name, age }) => [
  name,
  spec.replicas ?? 0,
  status?.replicas ?? 0,
  status?.readyReplicas ?? 0,
  age,
  ...containerCells(spec.template?.spec?.containers),
  labelsText(spec.selector),
]);

const statefulSet = row<StatefulSet>(({ spec, status }, { name, age }) => [
  name,
  `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  age,
  ...containerCells(spec.template.spec?.containers),
]);

const daemonSet = row<DaemonSet>(({ spec, status }, { name, age }) => [
  name,
  status?.desiredNumberScheduled ?? 0,
  status?.currentNumberScheduled ?? 0,
  status?.numberReady ?? 0,
  status?.updatedNumberScheduled ?? 0,
  status?.numberAvailable ?? 0,
  labelsText(spec.template.spec?.nodeSelector),
  age,
  ...containerCells(spec.template.spec?.containers),
  selectorCell(spec.selector),
]);

const controllerRevision = row<ControllerRevision>((revision, { name, age }) => {
  const owner = revision.metadata.ownerReferences?.find((reference) => reference.controller);
  const { group } = parseGroupVersion(owner?.apiVersion ?? '');
  const kind = owner ? `${owner.kind}${group ? `.${group}` : ''}`.toLowerCase() : '';
  return [name, owner ? `${kind}/${owner.name}` : '<none>', revision.revision, age];
});

const podTemplate = row<PodTemplate>(({ template }, { name }) => [
  name,
  ...containerCells(template?.spec?.containers),
  labelsText(template?.metadata?.labels),
]);

const JOB_STATES: readonly [condition: string, shown: string][] = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
  ['', 'Terminating'],
  ['Suspended', 'Suspended'],
  ['FailureTarget', 'FailureTarget'],
  ['SuccessCriteriaMet', 'SuccessCriteriaMet'],
];

function jobState({ metadata, status }: Job): string {
  const holds = (type: string) => status?.conditions?.find((c) => c.type === type)?.status === 'True';
  const found = JOB_STATES.find(([type]) => (type ? holds(type) : metadata.deletionTimestamp !== undefined));
  return found?.[1] ?? 'Running';
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  return (spec.parallelism ?? 0) > 1 ? `${succeeded}/1 of ${spec.parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, now: number): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : now;
  return humanDuration((end - Date.parse(status.startTime)) / 1000);
}

const job = row<Job>((object, { name, age, context }) => [
  name,
  jobState(object),
  jobCompletions(object),
  jobDuration(object, context.now),
  age,
  ...containerCells(object.spec.template.spec?.containers),
  selectorCell(object.spec.selector),
]);

const cronJob = row<CronJob>(({ spec, status }, { name, age, context }) => [
  name,
  spec.schedule,
  spec.timeZone ?? '<none>',
  spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
  status?.active?.length ?? 0,
  status?.lastScheduleTime ? ageOf(status.lastScheduleTime, context) : '<none>',
  age,
  ...containerCells(spec.jobTemplate.spec?.template.spec?.containers),
  selectorCell(spec.jobTemplate.spec?.selector),
]);

const podDisruptionBudget = row<PodDisruptionBudget>(({ spec, status }, { name, age }) => [
  name,
  String(spec?.minAvailable ?? 'N/A'),
  String(spec?.maxUnavailable ?? 'N/A'),
  status?.disruptionsAllowed ?? 0,
  age,
]);

export const workloadCells: Readonly<Record<string, Cells>> = {
  'Deployment.apps': deployment,
  'ReplicaSet.apps': replicaSet,
  'StatefulSet.apps': statefulSet,
  'DaemonSet.apps': daemonSet,
  'ControllerRevision.apps': controllerRevision,
  ReplicationController: replicationController,
  PodTemplate: podTemplate,
  'Job.batch': job,
  'CronJob.batch': cronJob,
  'PodDisruptionBudget.policy': podDisruptionBudget,
};
