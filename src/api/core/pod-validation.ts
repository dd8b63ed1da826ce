// Pods: what a template's spec need not be, and what may change (pkg/apis/core/validation ValidatePodCreate,
// ValidatePodUpdate).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Pod } from '../types/core/v1.ts';
import { paddedImage } from '../validation/containers.ts';
import {
  validatePodAnnotations,
  validatePodAnnotationUpdate,
  validateProfilesAgree,
} from '../validation/pod-annotations.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { validatePodSpecUpdate } from '../validation/pod-update.ts';

const annotationErrors = ({ metadata, spec }: Pod): FieldError[] =>
  validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations');

export function validatePod(pod: Pod): FieldError[] {
  const { metadata, spec } = pod;
  return [
    ...annotationErrors(pod),
    ...validatePodSpec(spec, 'spec', { podName: metadata.name ?? '' }),
    ...tokensWithoutAccount(pod),
    ...(['containers', 'initContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap((container, i) => paddedImage(container, `spec.${list}[${i}]`)),
    ),
  ];
}

const tokensWithoutAccount = ({ spec }: Pod): FieldError[] =>
  spec.serviceAccountName
    ? []
    : (spec.volumes ?? []).flatMap(({ projected }, i) =>
        (projected?.sources ?? []).flatMap(({ serviceAccountToken }, j) =>
          serviceAccountToken
            ? [
                fieldError.forbidden(
                  `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
                  'must not be specified when serviceAccountName is not set',
                ),
              ]
            : [],
        ),
      );

export function validateNewPod({ metadata, spec }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ephemeralContainers?.length) {
    errors.push(fieldError.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(fieldError.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return [...errors, ...validateProfilesAgree(metadata.annotations, spec, 'spec')];
}

/** Upstream looks at the annotations twice. */
export const validatePodUpdate = (pod: Pod, old: Pod): FieldError[] => [
  ...annotationUpdate(pod, old),
  ...validatePodSpecUpdate(pod.spec, old.spec),
];

export const annotationUpdate = (pod: Pod, old: Pod): FieldError[] => [
  ...validatePodAnnotationUpdate(pod.metadata.annotations, old.metadata.annotations, 'metadata.annotations'),
  ...annotationErrors(pod),
];
