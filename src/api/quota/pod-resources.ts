// What a Pod asks for as a whole (k8s.io/component-helpers/resource PodRequests, PodLimits): its containers, as they
// are wanted or still run, what it says for itself, and its overhead.
import { addQuantity, isZeroQuantity } from '../../apimachinery/quantity.ts';
import type { Container, ContainerStatus, Pod } from '../types/core/v1.ts';
import { isHugePages } from '../validation/resource-names.ts';
import { type Amounts, add, amountsOf, largest, mask } from './amounts.ts';

type Kind = 'limits' | 'requests';

const NOTHING: Amounts = new Map();
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

const podLevel = ({ spec }: Pod, kind: Kind): Amounts => {
  const amounts = amountsOf(spec.resources?.[kind]);
  return mask(amounts, [...amounts.keys()].filter(isPodLevel));
};

export const hasPodLevelResources = (pod: Pod): boolean =>
  podLevel(pod, 'requests').size > 0 || podLevel(pod, 'limits').size > 0;

export const podRequests = (pod: Pod): Amounts =>
  add(new Map([...ofContainers(pod, 'requests'), ...podLevel(pod, 'requests')]), amountsOf(pod.spec.overhead));

/** Overhead adds to limits only where there is one. */
export function podLimits(pod: Pod): Amounts {
  const limits = new Map([...ofContainers(pod, 'limits'), ...podLevel(pod, 'limits')]);
  for (const [name, overhead] of amountsOf(pod.spec.overhead)) {
    const limit = limits.get(name);
    if (limit && !isZeroQuantity(limit)) limits.set(name, addQuantity(limit, overhead));
  }
  return limits;
}

/** Sum over containers and sidecars, or what a single init container needs beside the sidecars started before it. */
function ofContainers(pod: Pod, kind: Kind): Amounts {
  const { spec, status } = pod;
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const byName = new Map(statuses.map((one) => [one.name, one]));
  const effective = (container: Container) => effectiveOf(pod, { container, status: byName.get(container.name), kind });
  let sum = (spec.containers ?? []).map(effective).reduce(add, NOTHING);
  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      const amounts = effective(container);
      sum = add(sum, amounts);
      sidecars = add(sidecars, amounts);
      peak = largest(peak, sidecars);
    } else {
      peak = largest(peak, add(amountsOf(container.resources?.[kind]), sidecars));
    }
  }
  return largest(sum, peak);
}

interface Running {
  container: Container;
  status: ContainerStatus | undefined;
  kind: Kind;
}

/** While a resize goes on, the larger of before and after counts; one that cannot be done does not count. */
function effectiveOf({ status: { conditions = [] } = {} }: Pod, { container, status, kind }: Running): Amounts {
  const wanted = amountsOf(container.resources?.[kind]);
  if (!status?.resources) return wanted;
  const pending = conditions.find(({ type }) => type === 'PodResizePending');
  const given = [
    amountsOf(status.resources[kind]),
    ...(kind === 'requests' ? [amountsOf(status.allocatedResources)] : []),
  ];
  return pending?.reason === 'Infeasible' ? largest(...given) : largest(wanted, ...given);
}
