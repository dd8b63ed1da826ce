// A template and the selector that must pick its Pods (pkg/apis/core/validation ValidatePodTemplateSpec,
// pkg/apis/apps/validation ValidatePodTemplateSpecForReplicaSet).
import { matchesLabelSelector } from '../../apimachinery/labels.ts';
import type { LabelSelector } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodTemplateSpec } from '../types/core/v1.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { validatePodSpec } from './pod-spec.ts';

export function validatePodTemplate(
  template: PodTemplateSpec | undefined,
  path: string,
  claims: readonly string[] = [],
): FieldError[] {
  const { metadata, spec } = template ?? {};
  const errors = [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(spec ?? ({} as never), `${path}.spec`, claims),
  ];
  if (spec?.ephemeralContainers?.length) {
    errors.push(
      fieldError.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'),
    );
  }
  return errors;
}

/** The selector, the template's labels under it, and the template. */
export function validateSelectorAndTemplate(
  spec: { selector?: LabelSelector; template?: PodTemplateSpec },
  path: string,
  claims: readonly string[] = [],
): FieldError[] {
  const { selector, template } = spec;
  const errors: FieldError[] = [];
  if (!selector) errors.push(fieldError.required(`${path}.selector`));
  else {
    const wrong = validateLabelSelector(selector, `${path}.selector`);
    errors.push(...wrong);
    const empty = isEmptySelector(selector);
    if (empty) {
      errors.push(fieldError.invalid(`${path}.selector`, selector, 'empty selector is invalid for deployment'));
    } else if (wrong.length > 0) {
      errors.push(fieldError.invalid(`${path}.selector`, selector, 'invalid label selector'));
    } else if (!matchesLabelSelector(selector, template?.metadata?.labels)) {
      errors.push(
        fieldError.invalid(
          `${path}.template.metadata.labels`,
          template?.metadata?.labels ?? null,
          '`selector` does not match template `labels`',
        ),
      );
    }
  }
  return [...errors, ...validatePodTemplate(template, `${path}.template`, claims)];
}

const isEmptySelector = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;

/** Workloads that keep Pods running restart them always. */
export function alwaysRestarts(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  const policy = template?.spec?.restartPolicy ?? '';
  return policy === 'Always' ? [] : [fieldError.notSupported(`${path}.spec.restartPolicy`, policy, ['Always'])];
}
