// Pods: what their strategy does (pkg/registry/core/pod/strategy.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Pod } from '../types/core/v1.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { validatePodSpecUpdate } from '../validation/pod-update.ts';
import { qosClass } from './qos.ts';

const asPod = (object: AnyObject): Pod => object as unknown as Pod;

/** A Pod that runs nowhere, or no more, goes at once; a second DELETE is shortened by the registry (rule 44). */
function deletionGrace(object: AnyObject, requested: number | undefined): number {
  const { spec, status } = asPod(object);
  if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  const period = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}

/** Blanks around an image are caught in Pods only: templates with them exist, and must stay writable. */
const imageErrors = ({ spec }: Pod): FieldError[] =>
  (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec?.[list] ?? []).flatMap(({ image = '' }, i) =>
      image === image.trim()
        ? []
        : [fieldError.invalid(`spec.${list}[${i}].image`, image, 'must not have leading or trailing whitespace')],
    ),
  );

export const pods: Behaviour = {
  prepareForCreate(object) {
    const pod = asPod(object);
    object.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    if (pod.spec.schedulingGates?.length) {
      object.status = {
        ...(object.status as object),
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ],
      };
    }
  },
  prepareForStatusUpdate(object, old) {
    // Old kubelets corrupt owner references in a way that has the garbage collector delete the Pod.
    if (old.metadata.ownerReferences) object.metadata.ownerReferences = structuredClone(old.metadata.ownerReferences);
    else delete object.metadata.ownerReferences;
  },
  validate: (object) => [...imageErrors(asPod(object)), ...validatePodSpec(asPod(object).spec ?? {}, 'spec')],
  validateUpdate: (object, old) => validatePodSpecUpdate(asPod(object).spec, asPod(old).spec),
  deletionGrace,
  selectableFields: {
    'spec.host': (object) => asPod(object).spec.nodeName ?? '',
    'spec.hostNetwork': (object) => String(asPod(object).spec.hostNetwork ?? false),
    'status.podIP': (object) => asPod(object).status?.podIPs?.[0]?.ip ?? asPod(object).status?.podIP ?? '',
    'status.podIPs': (object) => (asPod(object).status?.podIPs ?? []).map(({ ip }) => ip).join(','),
  },
};
