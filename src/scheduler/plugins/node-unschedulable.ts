// Cordoned nodes take only pods that tolerate it.
import type { Plugin } from '../framework.ts';
import { tolerates } from './tolerations.ts';

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter: (pod, { node }) =>
    node.spec.unschedulable && !pod.spec.tolerations?.some((t) => tolerates(t, TAINT))
      ? { reasons: ['node(s) were unschedulable'], unresolvable: true }
      : undefined,
  wakes: ['NodeAdd', 'NodeUpdate'],
};
