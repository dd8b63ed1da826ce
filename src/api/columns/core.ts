// Rows of the core group but Pods, workloads, services and volumes.
import type { Cells } from '../behaviour.ts';
import type {
  ComponentStatus,
  ConfigMap,
  Event,
  Namespace,
  Node,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../types/core/v1.ts';
import type { Event as EventsV1 } from '../types/events/v1.ts';
import { ageOf } from './age.ts';
import { row } from './cell.ts';

const count = (map: object | undefined): number => Object.keys(map ?? {}).length;

const configMap = row<ConfigMap>((map, { name, age }) => [name, count(map.data) + count(map.binaryData), age]);
const secret = row<Secret>((object, { name, age }) => [name, object.type ?? '', count(object.data), age]);
const serviceAccount = row<ServiceAccount>((_account, { name, age }) => [name, age]);
const namespace = row<Namespace>(({ status }, { name, age }) => [name, status?.phase ?? '', age]);

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles(labels: Record<string, string>): string {
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.length > ROLE_PREFIX.length ? [key.slice(ROLE_PREFIX.length)] : [];
    return key === 'kubernetes.io/role' && value ? [value] : [];
  });
  return [...new Set(roles)].toSorted().join(',') || '<none>';
}

const node = row<Node>(({ metadata, spec, status }, { name, age }) => {
  const ready = status?.conditions?.findLast((condition) => condition.type === 'Ready');
  const states = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (spec?.unschedulable) states.push('SchedulingDisabled');
  const address = (type: string) => status?.addresses?.find((a) => a.type === type)?.address ?? '<none>';
  const { osImage, kernelVersion, containerRuntimeVersion, architecture, kubeletVersion } = status?.nodeInfo ?? {};
  return [
    name,
    states.join(','),
    nodeRoles(metadata.labels ?? {}),
    age,
    kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    osImage || '<unknown>',
    (kernelVersion || '<unknown>') + (architecture ? ` (${architecture})` : ''),
    containerRuntimeVersion || '<unknown>',
  ];
});

const event = row<Event>((e, { name, context }) => {
  const first = ageOf(e.firstTimestamp ?? e.eventTime, context);
  const last = e.series
    ? ageOf(e.series.lastObservedTime, context)
    : e.lastTimestamp
      ? ageOf(e.lastTimestamp, context)
      : first;
  const { kind = '', name: involved, fieldPath } = e.involvedObject;
  const source = [e.source?.component || e.reportingComponent, e.source?.host || e.reportingInstance];
  return [
    last,
    e.type ?? '',
    e.reason ?? '',
    involved ? `${kind.toLowerCase()}/${involved}` : kind.toLowerCase(),
    fieldPath ?? '',
    source[1] ? source.join(', ') : (source[0] ?? ''),
    (e.message ?? '').trim(),
    first,
    e.series ? (e.series.count ?? 0) : e.count || 1,
    name,
  ];
});

/** The same row; events.k8s.io has other names for the fields. */
const eventsV1 = row<EventsV1>((e, { context }) =>
  event(
    {
      ...e,
      involvedObject: e.regarding ?? {},
      message: e.note,
      source: e.deprecatedSource,
      firstTimestamp: e.deprecatedFirstTimestamp,
      lastTimestamp: e.deprecatedLastTimestamp,
      count: e.deprecatedCount,
      reportingComponent: e.reportingController,
    },
    context,
  ),
);

/** As SortableResourceNames orders them, with limits in a column of their own. */
const resourceQuota = row<ResourceQuota>(({ status }, { name, age }) => {
  const names = Object.keys(status?.hard ?? {}).toSorted();
  const text = (limits: boolean) =>
    names
      .filter((resource) => resource.startsWith('limits.') === limits)
      .map((resource) => `${resource}: ${status?.used?.[resource] ?? '0'}/${status?.hard?.[resource] ?? '0'}`)
      .join(', ');
  return [name, text(false), text(true), age];
});

const componentStatus = row<ComponentStatus>(({ conditions }, { name }) => {
  const health = conditions?.find((condition) => condition.type === 'Healthy');
  if (!health) return [name, 'Unknown', '', ''];
  return [name, health.status === 'True' ? 'Healthy' : 'Unhealthy', health.message ?? '', health.error ?? ''];
});

export const coreCells: Readonly<Record<string, Cells>> = {
  ConfigMap: configMap,
  Secret: secret,
  ServiceAccount: serviceAccount,
  Namespace: namespace,
  Node: node,
  Event: event,
  'Event.events.k8s.io': eventsV1,
  ResourceQuota: resourceQuota,
  ComponentStatus: componentStatus,
};
