// A Pod's spec, alone or in a template (pkg/apis/core/validation ValidatePodSpec and what it calls).
import { isIP } from 'node:net';
import {
  inclusiveRangeError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, EphemeralContainer, PodSpec, Toleration } from '../types/core/v1.ts';
import { type ContainerContext, validateContainerCommon } from './container.ts';
import { validateLabels } from './metadata.ts';
import { validateHandler, validateProbe } from './probe.ts';
import { duplicates, invalidEach, nonNegative, oneOf, requiredOneOf } from './rules.ts';
import { validateTopologySpread } from './scheduling.ts';
import { validateVolumes } from './volume.ts';

const MAX_INT32 = 2_147_483_647;
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];

/** `claims` are names that mounts may use besides the volumes: those of a StatefulSet's claim templates. */
export function validatePodSpec(spec: PodSpec, path: string, claims: readonly string[] = []): FieldError[] {
  const named = [...(spec.volumes ?? []), ...claims.map((name) => ({ name }))];
  const volumes = new Map(named.map((volume) => [volume.name, volume]));
  const grace = spec.terminationGracePeriodSeconds ?? 0;
  const context: ListContext = { volumes, grace, hostNetwork: spec.hostNetwork ?? false };
  return [
    ...validateVolumes(spec.volumes ?? [], `${path}.volumes`),
    ...validateContainers(spec.containers ?? [], `${path}.containers`, context),
    ...validateInitContainers(spec, `${path}.initContainers`, context),
    ...validateEphemeralContainers(spec, `${path}.ephemeralContainers`, context),
    ...requiredOneOf(spec.restartPolicy, RESTART_POLICIES, `${path}.restartPolicy`),
    ...requiredOneOf(spec.dnsPolicy, DNS_POLICIES, `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateDnsConfig(spec, `${path}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      invalidEach(`${path}.readinessGates[${i}].conditionType`, conditionType, isQualifiedName(conditionType)),
    ),
    ...validateSchedulingGates(spec, `${path}.schedulingGates`),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateNames(spec, path),
    ...(spec.tolerations ?? []).flatMap((toleration, i) => validateToleration(toleration, `${path}.tolerations[${i}]`)),
    ...validateHostAliases(spec, `${path}.hostAliases`),
    ...(spec.preemptionPolicy === undefined
      ? []
      : oneOf(spec.preemptionPolicy, ['Never', 'PreemptLowerPriority'], `${path}.preemptionPolicy`)),
    ...validateSecurityContext(spec, `${path}.securityContext`),
  ];
}

interface ListContext extends ContainerContext {
  grace: number;
  hostNetwork: boolean;
}

function validateContainers(containers: readonly Container[], path: string, context: ListContext): FieldError[] {
  if (containers.length === 0) return [fieldError.required(path)];
  return [
    ...containers.flatMap((container, i) => {
      const at = `${path}[${i}]`;
      return [
        ...validateContainerCommon(container, at, context),
        ...hostPorts(container, at, context),
        ...lifecycle(container, at, context),
        ...probes(container, at),
        ...containerRestartPolicy(container, at),
      ];
    }),
    ...duplicates(
      containers,
      ({ name }) => name,
      (i, name) => fieldError.duplicate(`${path}[${i}].name`, name),
    ),
    ...hostPortConflicts(containers, path),
  ];
}

function validateInitContainers(spec: PodSpec, path: string, context: ListContext): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const errors = [...validateContainerCommon(container, at, context), ...hostPorts(container, at, context)];
    if (container.name) {
      if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
      names.add(container.name);
    }
    if (container.restartPolicy === 'Always') {
      return [...errors, ...lifecycle(container, at, context), ...probes(container, at)];
    }
    errors.push(...containerRestartPolicy(container, at));
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (container[field]) {
        errors.push(
          fieldError.forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
        );
      }
    }
    return errors;
  });
}

const EPHEMERAL_FORBIDDEN = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
] as const;

function validateEphemeralContainers(spec: PodSpec, path: string, context: ListContext): FieldError[] {
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const names = new Set(others.map(({ name }) => name));
  return (spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const errors = validateContainerCommon(asContainer(container), at, context);
    if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    names.add(container.name);
    for (const field of EPHEMERAL_FORBIDDEN) {
      if (container[field])
        errors.push(fieldError.forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    }
    const { limits, requests } = container.resources ?? {};
    if (limits || requests) {
      errors.push(fieldError.forbidden(`${at}.resources`, 'cannot be set for an Ephemeral Container'));
    }
    return errors;
  });
}

const asContainer = (container: EphemeralContainer): Container => container as Container;

/** A Pod in the host's network has no ports of its own. */
function hostPorts(container: Container, path: string, { hostNetwork }: ListContext): FieldError[] {
  if (!hostNetwork) return [];
  return (container.ports ?? []).flatMap(({ hostPort, containerPort }, i) =>
    hostPort !== undefined && hostPort !== containerPort
      ? [
          fieldError.invalid(
            `${path}.ports[${i}].hostPort`,
            hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        ]
      : [],
  );
}

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

const lifecycle = ({ lifecycle: hooks }: Container, path: string, { grace }: ListContext): FieldError[] => [
  ...(hooks?.postStart ? validateHandler(hooks.postStart, `${path}.lifecycle.postStart`, grace) : []),
  ...(hooks?.preStop ? validateHandler(hooks.preStop, `${path}.lifecycle.preStop`, grace) : []),
];

const probes = (container: Container, path: string): FieldError[] =>
  (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap((kind) =>
    validateProbe(container[kind], kind, `${path}.${kind}`),
  );

const containerRestartPolicy = ({ restartPolicy }: Container, path: string): FieldError[] =>
  restartPolicy === undefined ? [] : oneOf(restartPolicy, ['Always', 'Never', 'OnFailure'], `${path}.restartPolicy`);

function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, path: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const errors: FieldError[] = [];
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    errors.push(
      fieldError.required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
    );
  }
  if (nameservers.length > 3) {
    errors.push(fieldError.invalid(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers'));
  }
  for (const [i, server] of nameservers.entries()) {
    if (isIP(server) === 0) {
      errors.push(
        fieldError.invalid(
          `${path}.nameservers[${i}]`,
          server,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
      );
    }
  }
  if (searches.length > 32) {
    errors.push(fieldError.invalid(`${path}.searches`, searches, 'must not have more than 32 search paths'));
  }
  for (const [i, option] of options.entries()) {
    if (!option.name) errors.push(fieldError.required(`${path}.options[${i}]`, 'must not be empty'));
  }
  return errors;
}

function validateSchedulingGates({ schedulingGates = [] }: PodSpec, path: string): FieldError[] {
  return [
    ...schedulingGates.flatMap(({ name }, i) => invalidEach(`${path}[${i}]`, name, isQualifiedName(name))),
    ...duplicates(
      schedulingGates,
      ({ name }) => name,
      (i, name) => fieldError.duplicate(`${path}[${i}]`, name),
    ),
  ];
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const named = (field: keyof PodSpec, rule: (name: string) => string[]) => {
    const value = spec[field];
    return typeof value === 'string' && value !== '' ? invalidEach(`${path}.${field}`, value, rule(value)) : [];
  };
  const seconds = spec.activeDeadlineSeconds;
  return [
    ...named('serviceAccountName', isDNS1123Subdomain),
    ...named('nodeName', isDNS1123Subdomain),
    ...(seconds !== undefined && (seconds < 1 || seconds > MAX_INT32)
      ? [fieldError.invalid(`${path}.activeDeadlineSeconds`, seconds, inclusiveRangeError(1, MAX_INT32))]
      : []),
    ...named('hostname', isDNS1123Label),
    ...named('subdomain', isDNS1123Label),
    ...named('priorityClassName', isDNS1123Subdomain),
    ...named('runtimeClassName', isDNS1123Subdomain),
  ];
}

const EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', value = '', effect, tolerationSeconds } = toleration;
  const operator: string = toleration.operator ?? '';
  const errors = key ? invalidEach(`${path}.key`, key, isQualifiedName(key)) : [];
  if (!key && operator !== 'Exists') {
    const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(fieldError.invalid(`${path}.operator`, operator, text));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(fieldError.invalid(`${path}.effect`, effect ?? '', text));
  }
  if (operator === 'Exists') {
    if (value)
      errors.push(fieldError.invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  } else if (operator === '' || operator === 'Equal') {
    errors.push(
      ...isValidLabelValue(value)
        .slice(0, 1)
        .map((text) => fieldError.invalid(`${path}.operator`, value, text)),
    );
  } else errors.push(fieldError.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
  if (effect) errors.push(...oneOf(effect, EFFECTS, `${path}.effect`));
  return errors;
}

const validateHostAliases = ({ hostAliases = [] }: PodSpec, path: string): FieldError[] =>
  hostAliases.flatMap(({ ip, hostnames = [] }, i) => [
    ...(isIP(ip) === 0
      ? [fieldError.invalid(`${path}[${i}].ip`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
      : []),
    ...hostnames.flatMap((name, j) => invalidEach(`${path}[${i}].hostnames[${j}]`, name, isDNS1123Subdomain(name))),
  ]);

/** Identifiers of users and groups fit into 31 bits. */
function validateSecurityContext({ securityContext = {} }: PodSpec, path: string): FieldError[] {
  const ids = {
    fsGroup: securityContext.fsGroup,
    runAsUser: securityContext.runAsUser,
    runAsGroup: securityContext.runAsGroup,
  };
  return [
    ...Object.entries(ids).flatMap(([field, id]) =>
      id !== undefined && (id < 0 || id > MAX_INT32)
        ? [fieldError.invalid(`${path}.${field}`, id, inclusiveRangeError(0, MAX_INT32))]
        : [],
    ),
    ...(securityContext.supplementalGroups ?? []).flatMap((id, i) =>
      nonNegative(id, `${path}.supplementalGroups[${i}]`),
    ),
  ];
}
