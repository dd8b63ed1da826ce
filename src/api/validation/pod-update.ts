// What may change in a Pod that exists: images, a shorter deadline, more tolerations, fewer gates
// (pkg/apis/core/validation ValidatePodUpdate).
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, PodSpec, Toleration } from '../types/core/v1.ts';

const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePodSpecUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list] ?? []).length !== (old[list] ?? []).length) {
      return [fieldError.forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
    }
  }
  const errors = [...deadlineErrors(spec, old), ...tolerationErrors(spec, old), ...gateErrors(spec, old)];
  if (!isDeepStrictEqual(withUpdatable(spec, old), old)) {
    errors.push(fieldError.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}`));
  }
  return errors;
}

/** `spec` with what may change as it was. */
function withUpdatable(spec: PodSpec, old: PodSpec): PodSpec {
  const imagesOf = (list: 'containers' | 'initContainers'): Container[] | undefined =>
    spec[list]?.map((container, i) => ({ ...container, image: old[list]?.[i]?.image as string }));
  const result: PodSpec = { ...spec, containers: imagesOf('containers') ?? [] };
  if (spec.initContainers) result.initContainers = imagesOf('initContainers') as Container[];
  keep(result, old, 'activeDeadlineSeconds');
  keep(result, old, 'tolerations');
  keep(result, old, 'schedulingGates');
  // While a gate holds it back nothing depends on where the Pod goes; validateNodeSelector narrows only.
  if (old.schedulingGates?.length) {
    keep(result, old, 'nodeSelector');
    keep(result, old, 'affinity');
  }
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    keep(result, old, 'terminationGracePeriodSeconds');
  }
  return result;
}

function keep<K extends keyof PodSpec>(spec: PodSpec, old: PodSpec, field: K): void {
  if (old[field] === undefined) delete spec[field];
  else spec[field] = old[field];
}

function deadlineErrors(
  { activeDeadlineSeconds: now }: PodSpec,
  { activeDeadlineSeconds: before }: PodSpec,
): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (before === undefined) return [];
  if (now === undefined) {
    return [fieldError.invalid(path, null, 'must not update from a positive integer to nil value')];
  }
  return now > before ? [fieldError.invalid(path, now, 'must be less than or equal to previous value')] : [];
}

/** All that were there still are; only how long they last may change. */
function tolerationErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const bare = ({ tolerationSeconds: _seconds, ...toleration }: Toleration) => toleration;
  const lost = (old.tolerations ?? []).some(
    (toleration) => !(spec.tolerations ?? []).some((other) => isDeepStrictEqual(bare(other), bare(toleration))),
  );
  return lost
    ? [fieldError.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
    : [];
}

function gateErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  return (spec.schedulingGates ?? []).flatMap(({ name }, i) =>
    before.has(name)
      ? []
      : [
          fieldError.forbidden(
            `spec.schedulingGates[${i}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  );
}
