// What /resize and /ephemeralcontainers may change in a Pod that runs (pkg/apis/core/validation ValidatePodResize,
// ValidatePodEphemeralContainersUpdate).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../types/core/v1.ts';
import { validateMetadata } from '../validation/metadata.ts';
import { annotationUpdate, validatePod } from './pod-validation.ts';
import { qosClass } from './qos.ts';

const MIRROR = 'kubernetes.io/config.mirror';
/** How upstream prints a path of no steps. */
const NOWHERE = '[]';

const asPod = (object: AnyObject): Pod => object as unknown as Pod;

const ofPod = (object: AnyObject): FieldError[] => [
  ...validateMetadata(object.metadata),
  ...validatePod(asPod(object)),
];

/** They are only added. */
export function validateEphemeralContainersUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    return [fieldError.forbidden(NOWHERE, 'static pods do not support ephemeral containers')];
  }
  const now = new Map((asPod(object).spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  const errors = [...ofPod(object), ...annotationUpdate(asPod(object), asPod(old))];
  for (const container of asPod(old).spec.ephemeralContainers ?? []) {
    const found = now.get(container.name);
    if (found && isDeepStrictEqual(found, container)) continue;
    const text = `existing ephemeral containers "${container.name}" may not be ${found ? 'changed' : 'removed'}`;
    errors.push(fieldError.forbidden('spec.ephemeralContainers', text));
  }
  return errors;
}

/** CPU and memory change, and nothing else; neither goes, and the Pod stays in its class. */
export function validateResize(object: AnyObject, old: AnyObject): FieldError[] {
  const { spec } = asPod(object);
  const { spec: before, status } = asPod(old);
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    return [fieldError.forbidden(NOWHERE, 'static pods cannot be resized')];
  }
  if (before.os?.name === 'windows') return [fieldError.forbidden(NOWHERE, 'windows pods cannot be resized')];
  const errors = ofPod(object);
  if ((status?.qosClass ?? qosClass(before)) !== qosClass(spec)) {
    const text = 'Pod QOS Class may not change as a result of resizing';
    errors.push(fieldError.invalid('spec', status?.qosClass ?? '', text));
  }
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  if (running && !running.resources) {
    errors.push(fieldError.forbidden('spec', 'Pod running on node without support for resize'));
  }
  errors.push(...podResources(spec.resources, before.resources));
  const order = containerOrder(spec, before);
  if (order.length > 0) return [...errors, ...order];
  errors.push(...containerResources(spec, before));
  if (errors.length > 0 || same(withComputeOf(spec, before), before)) return errors;
  return [fieldError.forbidden('spec', 'only cpu and memory resources are mutable')];
}

const isEmpty = (resources: ResourceRequirements | undefined): boolean =>
  Object.keys({ ...resources?.limits, ...resources?.requests }).length === 0;

function podResources(
  resources: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): FieldError[] {
  if (isEmpty(resources) && isEmpty(old)) return [];
  if (old && !resources) return [fieldError.forbidden('spec.resources', 'pod-level resources cannot be removed')];
  const errors = old ? removed(resources, old, 'spec.resources', 'pod-level resource') : [];
  if (same(computeOf(resources, old), old)) return errors;
  return [...errors, fieldError.forbidden('spec', 'only cpu and memory resources are mutable at pod-level')];
}

function removed(
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  path: string,
  what: string,
): FieldError[] {
  return (['requests', 'limits'] as const).flatMap((list) => {
    const lost = Object.keys(old?.[list] ?? {}).some((name) => now?.[list]?.[name] === undefined);
    return lost ? [fieldError.forbidden(`${path}.${list}`, `${what} ${list} cannot be removed`)] : [];
  });
}

function containerOrder(spec: PodSpec, old: PodSpec): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((list) => {
    const now = spec[list] ?? [];
    const before = old[list] ?? [];
    if (now.length !== before.length) {
      return [fieldError.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)];
    }
    return before.flatMap(({ name }, i) =>
      now[i]?.name === name
        ? []
        : [fieldError.forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
    );
  });
}

function containerResources(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, before] of (old[list] ?? []).entries()) {
      const now = spec[list]?.[i] as Container;
      const at = `spec.${list}[${i}]`;
      errors.push(...removed(now.resources, before.resources, `${at}.resources`, 'resource'));
      if (!same(withCompute(now, before), before)) errors.push(notCompute(list, at));
      if (list === 'initContainers' && !same(now, before)) errors.push(...restartsInit(now, at));
    }
  }
  return errors;
}

const notCompute = (list: 'containers' | 'initContainers', at: string): FieldError =>
  list === 'containers'
    ? fieldError.forbidden('spec', 'only cpu and memory resources are mutable')
    : fieldError.forbidden(at, 'only cpu and memory resources for init or sidecar containers are mutable');

/** An init container that has run is not run again for its size. */
const restartsInit = ({ restartPolicy, resizePolicy = [] }: Container, at: string): FieldError[] =>
  resizePolicy
    .filter((policy) => restartPolicy !== 'Always' && policy.restartPolicy === 'RestartContainer')
    .map(() =>
      fieldError.forbidden(
        at,
        'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
      ),
    );

const COMPUTE = ['cpu', 'memory'];

/** `now` with the CPU and memory of `old`. */
function computeOf(
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  const list = (kind: 'limits' | 'requests') =>
    Object.fromEntries([
      ...Object.entries(now?.[kind] ?? {}).filter(([name]) => !COMPUTE.includes(name)),
      ...Object.entries(old?.[kind] ?? {}).filter(([name]) => COMPUTE.includes(name)),
    ]);
  return { limits: list('limits'), requests: list('requests'), ...(now?.claims ? { claims: now.claims } : {}) };
}

/** Upstream forgets the claims of a container here, so that one with claims cannot be resized. */
function withCompute(now: Container, old: Container): Container {
  const { claims: _claims, ...resources } = computeOf(now.resources, old.resources) ?? {};
  return { ...now, resources };
}

const withComputeOf = (spec: PodSpec, old: PodSpec): PodSpec => {
  const resources = computeOf(spec.resources, old.resources);
  return {
    ...spec,
    ...(resources ? { resources } : {}),
    containers: spec.containers.map((container, i) => withCompute(container, old.containers[i] as Container)),
    ...(spec.initContainers
      ? {
          initContainers: spec.initContainers.map((container, i) =>
            withCompute(container, old.initContainers?.[i] as Container),
          ),
        }
      : {}),
  };
};

/** Equal but for what is empty. */
const same = (one: unknown, other: unknown): boolean => isDeepStrictEqual(pruned(one), pruned(other));

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? value.map(pruned) : undefined;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, pruned(item)] as const)
    .filter(([, item]) => item !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
