// The three lists of containers in a Pod and what each adds to the rules of one (pkg/apis/core/validation
// validateContainers, validateInitContainers, validateEphemeralContainers).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, PodSpec } from '../types/core/v1.ts';
import { type ContainerContext, validateContainerCommon } from './container.ts';
import { validateHandler, validateProbe } from './probe.ts';
import { duplicates, oneOf } from './rules.ts';

export interface ListContext extends ContainerContext {
  /** Seconds; undefined where the Pod lacks them. */
  grace: number | undefined;
  os: string | undefined;
}

export function validateContainers(containers: readonly Container[], path: string, context: ListContext): FieldError[] {
  if (containers.length === 0) return [fieldError.required(path)];
  return [
    ...containers.flatMap((container, i) => {
      const at = `${path}[${i}]`;
      return [
        ...validateContainerCommon(container, at, context),
        ...lifecycle(container, at, context),
        ...probes(container, at, context),
        ...restartRules(container, at),
      ];
    }),
    ...duplicateNames(containers, path),
    ...hostPortConflicts(containers, path),
  ];
}

function duplicateNames(containers: readonly Container[], path: string): FieldError[] {
  const names = new Set<string>();
  return containers.flatMap(({ name = '' }, i) => {
    const known = names.has(name);
    names.add(name);
    return known ? [fieldError.duplicate(`${path}[${i}].name`, name)] : [];
  });
}

const ONLY_SIDECARS = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function validateInitContainers(spec: PodSpec, path: string, context: ListContext): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const errors = [
      ...validateContainerCommon(container, at, context),
      // Without a policy upstream looks no further into the rules of init containers.
      ...restartRules(container, at).slice(0, container.restartPolicy === undefined ? 1 : undefined),
    ];
    if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    // They run one by one, so that only their own ports can conflict.
    errors.push(...hostPortConflicts([container], path));
    const more = container.restartPolicy === 'Always' ? sidecar(container, at, context) : startOnly(container, at);
    return [...errors, ...more];
  });
}

const sidecar = (container: Container, at: string, context: ListContext): FieldError[] => [
  ...lifecycle(container, at, context),
  ...probes(container, at, context),
];

const startOnly = (container: Container, at: string): FieldError[] => [
  ...ONLY_SIDECARS.filter((field) => container[field]).map((field) =>
    fieldError.forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
  ),
  ...(container.resizePolicy ?? []).flatMap(({ restartPolicy }, j) =>
    restartPolicy === 'RestartContainer'
      ? [
          fieldError.invalid(
            `${at}.resizePolicy[${j}].restartPolicy`,
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        ]
      : [],
  ),
];

/** What an ephemeral container may not have: it is no part of the Pod's service. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

export function validateEphemeralContainers(spec: PodSpec, path: string, context: ListContext): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap(({ targetContainerName: target, ...rest }, i) => {
    const at = `${path}[${i}]`;
    const container = rest as Container;
    const errors = [...validateContainerCommon(container, at, context), ...paddedImage(container, at)];
    if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    names.add(container.name);
    if (target && !others.has(target)) errors.push(fieldError.notFound(`${at}.targetContainerName`, target));
    const refuse = (field: string) =>
      errors.push(fieldError.forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    for (const field of NOT_EPHEMERAL) if (isSet(container[field])) refuse(field);
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      if (mount.subPath) refuse(`volumeMounts[${j}].subPath`);
      if (mount.subPathExpr) refuse(`volumeMounts[${j}].subPathExpr`);
    }
    return errors;
  });
}

/** An empty struct is the zero value of `resources`. */
const isSet = (value: unknown): boolean =>
  value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Blanks around an image are caught in Pods only: templates with them exist, and must stay writable. */
export const paddedImage = ({ image = '' }: Container, at: string): FieldError[] =>
  image === image.trim()
    ? []
    : [fieldError.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')];

function hostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const all = containers.flatMap(({ ports = [] }, i) =>
    ports.map((port, j) => ({ port, at: `${path}[${i}].ports[${j}].hostPort` })),
  );
  return duplicates(
    all,
    ({ port }) => (port.hostPort ? `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}` : ''),
    (i, key) => fieldError.duplicate(all[i]?.at ?? path, key),
  );
}

/** Hooks; a stop signal is behind a gate and gone before. */
const lifecycle = ({ lifecycle: hooks }: Container, path: string, { grace }: ListContext): FieldError[] =>
  (['postStart', 'preStop'] as const).flatMap((hook) => {
    const handler = hooks?.[hook];
    return handler ? validateHandler(handler, `${path}.lifecycle.${hook}`, grace) : [];
  });

const probes = (container: Container, path: string, { grace }: ListContext): FieldError[] =>
  (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap((kind) =>
    validateProbe(container[kind], kind, `${path}.${kind}`, grace),
  );

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

function restartRules({ restartPolicy, restartPolicyRules: rules = [] }: Container, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (restartPolicy !== undefined) {
    errors.push(...oneOf(restartPolicy, ['Always', 'Never', 'OnFailure'], `${path}.restartPolicy`));
  } else if (rules.length > 0) {
    const text = 'must specify restartPolicy when restart rules are used';
    errors.push(fieldError.required(`${path}.restartPolicy`, text));
  }
  if (rules.length > MAX_RULES) {
    errors.push(fieldError.tooMany(`${path}.restartPolicyRules`, rules.length, MAX_RULES));
  }
  for (const [i, { action, exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${i}]`;
    errors.push(...oneOf(action, ['Restart', 'RestartAllContainers'], `${at}.action`));
    if (!exitCodes) {
      errors.push(fieldError.required(`${at}.exitCodes`, 'must be specified'));
      continue;
    }
    errors.push(...oneOf(exitCodes.operator, ['In', 'NotIn'], `${at}.exitCodes.operator`));
    const count = exitCodes.values?.length ?? 0;
    if (count > MAX_EXIT_CODES) {
      errors.push(fieldError.tooMany(`${at}.exitCodes.values`, count, MAX_EXIT_CODES));
    }
  }
  return errors;
}
