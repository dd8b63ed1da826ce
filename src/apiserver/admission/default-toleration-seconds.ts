// DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable.
import type { PodSpec, Toleration } from '../../api/types/core/v1.ts';
import type { AdmissionPlugin } from '../identity.ts';
import { isFor } from './request.ts';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const SECONDS = 300;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(request) {
    if (!isFor(request, 'pods', ['CREATE', 'UPDATE'])) return;
    const spec = request.object?.spec as PodSpec;
    const given = spec.tolerations ?? [];
    const missing = TAINTS.filter(
      (taint) => !given.some((t) => (!t.key || t.key === taint) && (!t.effect || t.effect === 'NoExecute')),
    );
    if (missing.length === 0) return;
    spec.tolerations = [
      ...given,
      ...missing.map(
        (key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }),
      ),
    ];
  },
};
