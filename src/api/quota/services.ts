// What a quota counts of Services: all of them, load balancers, and the node ports they are about to have
// (k8s.io/kubernetes pkg/quota/v1/evaluator/core/services.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { quantityOf } from '../../apimachinery/quantity.ts';
import type { ServiceSpec } from '../types/core/v1.ts';
import { ONE, type QuotaEvaluator } from './evaluator.ts';

const NAMES = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

function nodePorts({ type, ports = [], allocateLoadBalancerNodePorts }: ServiceSpec): number {
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0;
  // Ports are not given yet: what is asked for counts.
  const onlyNamed = type === 'LoadBalancer' && allocateLoadBalancerNodePorts === false;
  return onlyNamed ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
}

export const serviceEvaluator: QuotaEvaluator = {
  // A service can change its type.
  handles: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: (name) => NAMES.includes(name),
  usage(object: AnyObject) {
    const spec = (object.spec ?? {}) as ServiceSpec;
    return new Map([
      ['count/services', ONE],
      ['services', ONE],
      ['services.nodeports', quantityOf(nodePorts(spec))],
      ['services.loadbalancers', quantityOf(spec.type === 'LoadBalancer' ? 1 : 0)],
    ]);
  },
};
