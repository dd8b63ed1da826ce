// What a quota counts of Pods (k8s.io/kubernetes pkg/quota/v1/evaluator/core/pods.go): those that have not ended, and
// what they ask for.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { qosClass } from '../core/qos.ts';
import type { Container, Pod, PodAffinityTerm, ScopedResourceSelectorRequirement } from '../types/core/v1.ts';
import { isExtended, isHugePages, isNative } from '../validation/resource-names.ts';
import { type Amounts, add } from './amounts.ts';
import { ONE, type QuotaEvaluator, selects } from './evaluator.ts';
import { hasPodLevelResources, podLimits, podRequests } from './pod-resources.ts';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const NAMES = new Set([
  'pods',
  'count/pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Upstream calls it a mistake that cannot be taken back: a quota on these makes each container name them. */
const MUST_BE_NAMED = ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]);
const DEVICE_CLASS = 'deviceclass.resource.kubernetes.io/';
const REQUESTS = 'requests.';

const asPod = (object: AnyObject): Pod => object as unknown as Pod;

export const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

function handles({ operation, subresource, object, oldObject }: Parameters<QuotaEvaluator['handles']>[0]): boolean {
  if (subresource === 'resize') return operation === 'UPDATE';
  if (subresource !== '') return false;
  if (operation === 'CREATE') return true;
  // The one scope that an update can change.
  return (
    operation === 'UPDATE' &&
    !!object &&
    !!oldObject &&
    isTerminating(asPod(object)) !== isTerminating(asPod(oldObject))
  );
}

const counts = (name: string): boolean =>
  NAMES.has(name) ||
  isHugePages(name) ||
  name.startsWith(`${REQUESTS}hugepages-`) ||
  (name.startsWith(REQUESTS) && (!isNative(name) || name.startsWith(`${REQUESTS}${DEVICE_CLASS}`)));

function inScope(requirement: ScopedResourceSelectorRequirement, object: AnyObject): boolean {
  const pod = asPod(object);
  switch (requirement.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosClass(pod.spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod.spec) !== 'BestEffort';
    case 'PriorityClass':
      return selects(requirement, pod.spec.priorityClassName ? [pod.spec.priorityClassName] : []);
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some((term) => term.namespaces?.length || term.namespaceSelector);
    default:
      return false;
  }
}

function affinityTerms({ spec: { affinity } }: Pod): PodAffinityTerm[] {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((part) => [
    ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
}

function lacking(names: readonly string[], object: AnyObject): string | undefined {
  const pod = asPod(object);
  if (hasPodLevelResources(pod)) return undefined;
  const required = names.filter((name) => MUST_BE_NAMED.includes(name)).sort();
  const containers: Container[] = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  const without = required.flatMap((name) => {
    const of = containers.filter(({ resources }) => !named(name, resources)).map((container) => container.name);
    return of.length > 0 ? [`${name} for: ${[...new Set(of)].sort().join(',')}`] : [];
  });
  return without.length > 0 ? `must specify ${without.join('; ')}` : undefined;
}

function named(name: string, resources: Container['resources']): boolean {
  const { requests = {}, limits = {} } = resources ?? {};
  if (name.startsWith('limits.')) return limits[name.slice('limits.'.length)] !== undefined;
  return requests[name.replace(REQUESTS, '')] !== undefined;
}

function usage(object: AnyObject, now: number): Amounts {
  const pod = asPod(object);
  const count: Amounts = new Map([['count/pods', ONE]]);
  if (hasEnded(pod, now)) return count;
  const used = new Map(add(count, new Map([['pods', ONE]])));
  for (const [name, amount] of podRequests(pod)) {
    if (COMPUTE.includes(name) || isHugePages(name)) used.set(name, amount).set(`${REQUESTS}${name}`, amount);
    else if (isExtended(name) || name.startsWith(DEVICE_CLASS)) used.set(`${REQUESTS}${name}`, amount);
  }
  for (const [name, amount] of podLimits(pod)) {
    if (COMPUTE.includes(name)) used.set(`limits.${name}`, amount);
  }
  return used;
}

/** Finished, or gone for longer than its grace: a node that is lost must not keep its owner from starting others. */
export function hasEnded({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = metadata;
  return deletionTimestamp !== undefined && grace !== undefined && now > Date.parse(deletionTimestamp) + grace * 1000;
}

export const podEvaluator: QuotaEvaluator = { handles, counts, inScope, lacking, usage };
