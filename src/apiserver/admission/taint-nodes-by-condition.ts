// TaintNodesByCondition: a new node takes no pods until its controller has seen it ready.
import type { NodeSpec } from '../../api/types/core/v1.ts';
import type { AdmissionPlugin } from '../identity.ts';
import { isFor } from './request.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(request) {
    if (!isFor(request, 'nodes', ['CREATE']) || !request.object) return;
    request.object.spec ??= {};
    const spec = request.object.spec as NodeSpec;
    if (spec.taints?.some((taint) => taint.key === NOT_READY && taint.effect === 'NoSchedule')) return;
    spec.taints = [...(spec.taints ?? []), { key: NOT_READY, effect: 'NoSchedule' }];
  },
};
