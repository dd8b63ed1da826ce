// What may change in a Pod that exists: images, a shorter deadline, more tolerations, fewer gates, and while one is
// left a narrower choice of nodes (pkg/apis/core/validation ValidatePodUpdate).
import { isDeepStrictEqual } from 'node:util';
import { inclusiveRangeError } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Affinity, Container, NodeAffinity, NodeSelectorTerm, PodSpec, Toleration } from '../types/core/v1.ts';
import { paddedImage } from './containers.ts';
import { required } from './rules.ts';
import { validateTolerations } from './scheduling.ts';

const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const MAX_INT32 = 2_147_483_647;

/** Upstream checks the new images and tolerations again here, so that their errors come twice. */
export function validatePodSpecUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = spec[list] ?? [];
    if (containers.length !== (old[list] ?? []).length) {
      return [...errors, fieldError.forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
    }
    errors.push(...containers.flatMap((container, i) => imageErrors(container, `spec.${list}[${i}]`)));
  }
  const deadline = deadlineErrors(spec, old);
  errors.push(...deadline);
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return errors;
  errors.push(...tolerationErrors(spec, old), ...gateErrors(spec, old));
  if (old.schedulingGates?.length) errors.push(...nodeSelectorErrors(spec, old), ...affinityErrors(spec, old));
  if (!isDeepStrictEqual(withUpdatable(spec, old), old)) {
    errors.push(fieldError.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}`));
  }
  return errors;
}

const imageErrors = (container: Container, path: string): FieldError[] => [
  ...required(container.image, `${path}.image`),
  ...paddedImage(container, path),
];

/** `spec` with what may change as it was. */
function withUpdatable(spec: PodSpec, old: PodSpec): PodSpec {
  const imagesOf = (list: 'containers' | 'initContainers'): Container[] | undefined =>
    spec[list]?.map((container, i) => ({ ...container, image: old[list]?.[i]?.image as string }));
  const result: PodSpec = { ...spec, containers: imagesOf('containers') ?? [] };
  if (spec.initContainers) result.initContainers = imagesOf('initContainers') as Container[];
  keep(result, old, 'activeDeadlineSeconds');
  keep(result, old, 'tolerations');
  keep(result, old, 'schedulingGates');
  if (old.schedulingGates?.length) {
    keep(result, old, 'nodeSelector');
    keepNodeAffinity(result, old);
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

/** An affinity that says nothing else is as good as none. */
function keepNodeAffinity(spec: PodSpec, old: PodSpec): void {
  const { nodeAffinity: _own, ...others }: Affinity = spec.affinity ?? {};
  const nodeAffinity = old.affinity?.nodeAffinity;
  const affinity: Affinity = { ...others, ...(nodeAffinity ? { nodeAffinity } : {}) };
  if (Object.keys(affinity).length === 0 && !old.affinity) delete spec.affinity;
  else spec.affinity = affinity;
}

function deadlineErrors(
  { activeDeadlineSeconds: now }: PodSpec,
  { activeDeadlineSeconds: before }: PodSpec,
): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (before === undefined) return [];
    return [fieldError.invalid(path, null, 'must not update from a positive integer to nil value')];
  }
  if (now < 0 || now > MAX_INT32) return [fieldError.invalid(path, now, inclusiveRangeError(0, MAX_INT32))];
  return before !== undefined && now > before
    ? [fieldError.invalid(path, now, 'must be less than or equal to previous value')]
    : [];
}

/** All that were there still are; only how long they last may change. */
function tolerationErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const path = 'spec.tolerations';
  const bare = ({ tolerationSeconds: _seconds, ...toleration }: Toleration) => toleration;
  const lost = (old.tolerations ?? []).some(
    (toleration) => !(spec.tolerations ?? []).some((other) => isDeepStrictEqual(bare(other), bare(toleration))),
  );
  return lost
    ? [fieldError.forbidden(path, 'existing toleration can not be modified except its tolerationSeconds')]
    : validateTolerations(spec.tolerations, path);
}

/** By name, so that a new one given twice is reported once, where it stands last. */
function gateErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const added = new Map((spec.schedulingGates ?? []).map(({ name }, i) => [name, i]));
  for (const { name } of old.schedulingGates ?? []) added.delete(name);
  return [...added].map(([name, i]) =>
    fieldError.forbidden(
      `spec.schedulingGates[${i}].name`,
      `only deletion is allowed, but found new scheduling gate '${name}'`,
    ),
  );
}

function nodeSelectorErrors({ nodeSelector: now = {} }: PodSpec, { nodeSelector: before = {} }: PodSpec): FieldError[] {
  const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  return Object.entries(before).some(([key, value]) => now[key] !== value)
    ? [fieldError.invalid('spec.nodeSelector', now, text)]
    : [];
}

const termsOf = (affinity: NodeAffinity | undefined): NodeSelectorTerm[] =>
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

function affinityErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const before = termsOf(old.affinity?.nodeAffinity);
  const now = termsOf(spec.affinity?.nodeAffinity);
  if (before.length > 0 && before.length !== now.length) {
    const text = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [fieldError.invalid(path, now, text)];
  }
  return before.flatMap((term, i) =>
    onlyAdds(now[i] ?? {}, term)
      ? []
      : [fieldError.invalid(`${path}[${i}]`, now[i], 'only additions are allowed (no mutations or deletions)')],
  );
}

/** Requirements are only added, behind those that were there; a term that matched nothing still does. */
function onlyAdds(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const lists = (['matchExpressions', 'matchFields'] as const).map((field) => [now[field] ?? [], before[field] ?? []]);
  if (lists.every(([, old]) => old?.length === 0)) return lists.every(([list]) => list?.length === 0);
  return lists.every(([list = [], old = []]) => isDeepStrictEqual(list.slice(0, old.length), old));
}
