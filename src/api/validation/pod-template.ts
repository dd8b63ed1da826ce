// A template and the selector that must pick its Pods (pkg/apis/core/validation ValidatePodTemplateSpec).
import { matchesLabelSelector, shownLabels } from '../../apimachinery/labels.ts';
import type { LabelSelector } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodTemplateSpec } from '../types/core/v1.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { validatePodAnnotations, validateProfilesAgree } from './pod-annotations.ts';
import { validatePodSpec } from './pod-spec.ts';

export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  const { metadata, spec = { containers: [] } } = template ?? {};
  const errors = [
    ...validateTemplateMetadata(template, path),
    ...validatePodSpec(spec, `${path}.spec`),
    ...validateProfilesAgree(metadata?.annotations, spec, `${path}.spec`),
  ];
  if (spec.ephemeralContainers?.length) {
    const text = 'ephemeral containers not allowed in pod template';
    errors.push(fieldError.forbidden(`${path}.spec.ephemeralContainers`, text));
  }
  return errors;
}

export const validateTemplateMetadata = (template: PodTemplateSpec | undefined, path: string): FieldError[] => {
  const { metadata, spec = { containers: [] } } = template ?? {};
  return [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...validatePodAnnotations(metadata?.annotations, spec, `${path}.annotations`),
  ];
};

/** The template's labels must be picked. Without a selector none are; an empty one picks all. */
export function selectorMismatch(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): FieldError[] {
  const labels = template?.metadata?.labels;
  if (selector && (isEmptySelector(selector) || matchesLabelSelector(selector, labels))) return [];
  const text = '`selector` does not match template `labels`';
  return [fieldError.invalid(`${path}.metadata.labels`, shownLabels(labels), text)];
}

export const isEmptySelector = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;

/** Workloads that keep Pods running restart them always, and end none by a deadline. */
export function alwaysRestarts(template: PodTemplateSpec | undefined, path: string, kind: string): FieldError[] {
  const { restartPolicy = '', activeDeadlineSeconds } = template?.spec ?? {};
  const errors: FieldError[] = [];
  if (restartPolicy !== 'Always') {
    errors.push(fieldError.notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    const text = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(fieldError.forbidden(`${path}.spec.activeDeadlineSeconds`, text));
  }
  return errors;
}
