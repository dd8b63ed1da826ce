// The words of an eviction (eviction/helpers.go, evictionMessage; eviction_manager.go, localStorageEviction). Pure.
import { hasPodLevelResources } from '../../api/quota/pod-resources.ts';
import type { Container, Pod } from '../../api/types/core/v1.ts';
import { compareQuantity, formatQuantity, parseQuantity, quantityOf } from '../../apimachinery/quantity.ts';
import { specOf } from '../pod-record.ts';
import type { ContainerStats, PodStats } from '../stats/summary-types.ts';
import type { Observations } from './observations.ts';
import { quantityOfValue, SIGNALS, type StarvedResource, type Threshold } from './thresholds.ts';

export const EVICTED = 'Evicted';

/** Each sentence ends with a blank, as upstream's. */
export function evictionMessage(
  pod: Pod,
  stats: PodStats | undefined,
  at: { resource: StarvedResource; thresholds: readonly Threshold[]; observations: Observations },
): { message: string; annotations: Record<string, string> } {
  const { resource } = at;
  const low = `The node was low on resource: ${resource}. ${thresholdText(at)}`;
  if (!stats) return { message: low, annotations: {} };
  const spec = specOf(pod);
  const podRequest = spec.resources?.requests?.[resource];
  const podUsage = stats.memory && bytes(stats.memory.workingSetBytes);
  const tellsPod = resource === 'memory' && hasPodLevelResources(pod) && podRequest !== undefined && podUsage;
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const exceeding = stats.containers.flatMap((one) => {
    const container = containers.find(({ name }) => name === one.name);
    const used = container && exceededBy(container, one, resource);
    return used ? [{ name: one.name, used, request: requestOf(container, resource) }] : [];
  });
  const larger = (kind: string, name: string, [used, request]: readonly [string, string]) =>
    `${kind} ${name} was using ${used}, request is ${request}, has larger consumption of ${resource}. `;
  return {
    message: [
      low,
      tellsPod ? larger('Pod', pod.metadata.name as string, [podUsage, podRequest]) : '',
      ...exceeding.map(({ name, used, request }) => larger('Container', name, [used, request])),
    ].join(''),
    annotations: {
      ...(tellsPod ? { offending_pod: pod.metadata.name as string, offending_pod_usage: podUsage } : {}),
      offending_containers: exceeding.map(({ name }) => name).join(','),
      offending_containers_usage: exceeding.map(({ used }) => used).join(','),
      starved_resource: resource,
    },
  };
}

export const emptyDirMessage = (volume: string, limit: string): string =>
  `Usage of EmptyDir volume ${JSON.stringify(volume)} exceeds the limit ${JSON.stringify(limit)}. `;
export const podStorageMessage = (limit: string): string =>
  `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
export const containerStorageMessage = (container: string, limit: string): string =>
  `Container ${container} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `;
/** Of a pod that comes while the node has no room for it. */
export const nodeConditionMessage = (conditions: readonly string[]): string =>
  `The node had condition: [${conditions.join(' ')}]. `;

function thresholdText({
  resource,
  thresholds,
  observations,
}: {
  resource: StarvedResource;
  thresholds: readonly Threshold[];
  observations: Observations;
}): string {
  const met = thresholds.find(({ signal }) => SIGNALS[signal].resource === resource && observations.has(signal));
  const observed = met && observations.get(met.signal);
  if (!met || !observed) return '';
  const quantity = formatQuantity(quantityOfValue(met.value, observed.capacity));
  return `Threshold quantity: ${quantity}, available: ${formatQuantity(observed.available)}. `;
}

const bytes = (count: number): string => formatQuantity(quantityOf(count, 'BinarySI'));

const requestOf = ({ resources }: Container, resource: StarvedResource): string =>
  resources?.requests?.[resource] ?? '0';

/** What the container uses, if that is more than it asked for. */
function exceededBy(container: Container, stats: ContainerStats, resource: StarvedResource): string | undefined {
  const used = usedOf(stats, resource);
  if (used === undefined) return undefined;
  const quantity = quantityOf(used, 'BinarySI');
  if (compareQuantity(quantity, parseQuantity(requestOf(container, resource))) <= 0) return undefined;
  return formatQuantity(quantity);
}

function usedOf({ memory, rootfs, logs }: ContainerStats, resource: StarvedResource): number | undefined {
  if (resource === 'memory') return memory?.workingSetBytes;
  if (resource !== 'ephemeral-storage' || rootfs?.usedBytes === undefined || logs?.usedBytes === undefined)
    return undefined;
  return rootfs.usedBytes + logs.usedBytes;
}
