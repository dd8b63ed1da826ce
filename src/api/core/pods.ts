// Pods: what their strategy does (pkg/registry/core/pod/strategy.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Pod } from '../types/core/v1.ts';
import { applyAppArmorAnnotations, applyLabelKeys, preparePodSpec } from './pod-preparation.ts';
import { validatePodStatus } from './pod-status.ts';
import { validateNewPod, validatePod, validatePodUpdate } from './pod-validation.ts';
import { newPodWarnings } from './pod-warnings.ts';
import { qosClass } from './qos.ts';

const asPod = (object: AnyObject): Pod => object as unknown as Pod;

/** A Pod that runs nowhere, or no more, goes at once; a second DELETE is shortened by the registry (rule 44). */
function deletionGrace(object: AnyObject, requested: number | undefined): number {
  const { spec, status } = asPod(object);
  if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  const period = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}

/** Clients that know nothing of these fields, kubelets of old among them, take nothing away. */
function keepObserved(pod: Pod, old: Pod): void {
  const status = pod.status ?? {};
  const before = old.status ?? {};
  if (!status.qosClass && before.qosClass) status.qosClass = before.qosClass;
  if (!status.observedGeneration && before.observedGeneration) status.observedGeneration = before.observedGeneration;
  const generations = new Map<string, (number | undefined)[]>();
  for (const { type, observedGeneration } of before.conditions ?? []) {
    generations.set(type, [...(generations.get(type) ?? []), observedGeneration]);
  }
  for (const condition of status.conditions ?? []) {
    const generation = generations.get(condition.type)?.shift();
    if (!condition.observedGeneration && generation) condition.observedGeneration = generation;
  }
}

/** Negative is as good as at once, which takes a second (pkg/apis/core/v1/conversion.go). */
function settle(object: AnyObject): void {
  const spec = asPod(object).spec as Pod['spec'] | undefined;
  if ((spec?.terminationGracePeriodSeconds ?? 0) < 0) asPod(object).spec.terminationGracePeriodSeconds = 1;
}

/** What belongs to features that are off (podutil.DropDisabledPodFields). */
function dropGated({ status = {} }: Pod): void {
  delete status.nodeAllocatableResourceClaimStatuses;
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    for (const mount of (status[list] ?? []).flatMap(({ volumeMounts }) => volumeMounts ?? []))
      delete mount.volumeStatus;
  }
}

export const pods: Behaviour = {
  settle,
  prepareForCreate(object, { now, warn }) {
    const pod = asPod(object);
    preparePodSpec(pod.spec);
    applyLabelKeys(pod);
    applyAppArmorAnnotations(pod, warn);
    // A class that is given is believed (qos.GetPodQOS); validation of the status lets it change no more.
    object.status = { phase: 'Pending', qosClass: pod.status?.qosClass || qosClass(pod.spec) };
    if (pod.spec.schedulingGates?.length) {
      object.status = {
        ...(object.status as object),
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            lastTransitionTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ],
      };
    }
  },
  prepareForUpdate: (object) => preparePodSpec(asPod(object).spec),
  prepareForStatusUpdate(object, old) {
    // Old kubelets corrupt owner references in a way that has the garbage collector delete the Pod.
    if (old.metadata.ownerReferences) object.metadata.ownerReferences = structuredClone(old.metadata.ownerReferences);
    else delete object.metadata.ownerReferences;
    object.metadata.deletionTimestamp = old.metadata.deletionTimestamp;
    keepObserved(asPod(object), asPod(old));
    dropGated(asPod(object));
  },
  validate: (object) => validatePod(asPod(object)),
  validateCreate: (object) => validateNewPod(asPod(object)),
  validateUpdate: (object, old) => validatePodUpdate(asPod(object), asPod(old)),
  validateStatusUpdate: (object, old) => validatePodStatus(asPod(object), asPod(old)),
  warnings: (object, old) => (old ? [] : newPodWarnings(asPod(object))),
  deletionGrace,
  selectableFields: {
    'spec.host': (object) => asPod(object).spec.nodeName ?? '',
    'spec.hostNetwork': (object) => String(asPod(object).spec.hostNetwork ?? false),
    'status.podIP': (object) => asPod(object).status?.podIPs?.[0]?.ip ?? asPod(object).status?.podIP ?? '',
    // Upstream knows the name, but never sets a value.
    'status.podIPs': () => '',
  },
};
