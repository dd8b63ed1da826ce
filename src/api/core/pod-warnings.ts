// What a client is told about a Pod, or about a template of Pods, that is accepted and yet may not do what it seems
// to (pkg/api/pod/warnings.go). Volumes and ports have their own files.
import { isDeepStrictEqual } from 'node:util';
import { isDNS1123Label, isValidLabelValue } from '../../apimachinery/names.ts';
import type { Container, NodeSelectorTerm, Pod, PodAffinityTerm, PodSpec, PodTemplateSpec } from '../types/core/v1.ts';
import { ipWarnings } from '../validation/address.ts';
import { visitContainers } from '../validation/containers-of.ts';
import { APPARMOR_CONTAINER, SECCOMP_CONTAINER, SECCOMP_POD } from '../validation/pod-annotations.ts';
import { isWhole } from '../validation/rules.ts';
import { appArmorOfAnnotation } from './pod-preparation.ts';
import { portWarnings } from './port-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

export function newPodWarnings(pod: Pod): string[] {
  const problems = isDNS1123Label(pod.metadata.name ?? '');
  const recommended = `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`;
  return [...(problems.length > 0 ? [recommended] : []), ...podWarnings(pod, '')];
}

/** `path` is where the template stands. */
export const templateWarnings = (template: PodTemplateSpec | undefined, path: string): string[] =>
  template?.spec
    ? [
        ...podWarnings({ metadata: template.metadata ?? {}, spec: template.spec }, `${path}.`),
        ...unusedAppArmor(template, path),
      ]
    : [];

type Annotated = Pick<Pod, 'metadata' | 'spec'>;

function podWarnings({ metadata, spec }: Annotated, prefix: string): string[] {
  const annotations = metadata.annotations ?? {};
  const at = `${prefix}spec`;
  return [
    ...nodeLabelWarnings(spec, at),
    ...annotationWarnings(annotations, spec, prefix),
    ...volumeWarnings(spec.volumes ?? [], `${at}.volumes`),
    ...duplicateWarnings(spec, at),
    ...fractions(spec.overhead, `${at}.overhead`),
    ...visitContainers(spec, at).flatMap(({ container, at: path }) => containerWarnings(container, path)),
    ...portWarnings(spec, at),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...selectorWarnings(spec, at),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, i) => ipWarnings(ip, `${at}.dnsConfig.nameservers[${i}]`)),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, i) => ipWarnings(ip, `${at}.hostAliases[${i}].ip`)),
  ];
}

const LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** Undefined for labels that are still good (pkg/api/node/util.go). */
export const deprecatedNodeLabel = (key: string): string | undefined => LABELS[key];

function nodeLabelWarnings(spec: PodSpec, at: string): string[] {
  const affinity = spec.affinity?.nodeAffinity;
  const path = `${at}.affinity.nodeAffinity`;
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) =>
      LABELS[key] ? [`${at}.nodeSelector[${key}]: ${LABELS[key]}`] : [],
    ),
    ...needed.flatMap((term, i) =>
      nodeTermWarnings(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`),
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ preference }, i) =>
      nodeTermWarnings(preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, {
        values: true,
      }),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey: key, labelSelector }, i) => {
      const field = `${at}.topologySpreadConstraints[${i}]`;
      return [
        ...(LABELS[key] ? [`${field}.topologyKey: ${key} is ${LABELS[key]}`] : []),
        ...(labelSelector ? [] : [nullSelector(`${field}.labelSelector`)]),
      ];
    }),
  ];
}

/** `values`: also those that no label can have, where validation lets them pass. */
export const nodeTermWarnings = (term: NodeSelectorTerm, path: string, { values: checked = false } = {}): string[] =>
  (term.matchExpressions ?? []).flatMap(({ key, values = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    const bad = values.flatMap((value, j) =>
      isValidLabelValue(value).map((text) => `${at}.values[${j}]: ${value} is invalid, ${text}`),
    );
    return [...(LABELS[key] ? [`${at}.key: ${key} is ${LABELS[key]}`] : []), ...(checked ? bad : [])];
  });

const nullSelector = (path: string): string => `${path}: a null labelSelector results in matching no pod`;

function selectorWarnings({ affinity }: PodSpec, at: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const path = `${at}.affinity.${kind}`;
    const { requiredDuringSchedulingIgnoredDuringExecution: needed = [] } = affinity?.[kind] ?? {};
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = affinity?.[kind] ?? {};
    const terms: [term: PodAffinityTerm, path: string][] = [
      ...needed.map((term, i): [PodAffinityTerm, string] => [
        term,
        `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`,
      ]),
      ...preferred.map(({ podAffinityTerm }, i): [PodAffinityTerm, string] => [
        podAffinityTerm,
        `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`,
      ]),
    ];
    return terms.filter(([term]) => !term.labelSelector).map(([, field]) => nullSelector(`${field}.labelSelector`));
  });
}

const USELESS_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

type Annotations = Readonly<Record<string, string>>;

function annotationWarnings(annotations: Annotations, spec: PodSpec, prefix: string): string[] {
  const path = `${prefix}metadata.annotations`;
  const seccomp = (key: string, profile: unknown) =>
    profile === undefined && key in annotations
      ? [`${path}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`]
      : [];
  return [
    ...Object.entries(USELESS_ANNOTATIONS)
      .filter(([key]) => key in annotations)
      .map(([key, text]) => `${path}[${key}]: ${text}`),
    ...seccomp(SECCOMP_POD, spec.securityContext?.seccompProfile),
    ...visitContainers(spec, '').flatMap(({ container: { name, securityContext } }) =>
      seccomp(`${SECCOMP_CONTAINER}${name}`, securityContext?.seccompProfile),
    ),
  ];
}

/** In a Pod these become fields (pod-preparation.ts), and that is when it is told. */
function unusedAppArmor({ metadata, spec }: PodTemplateSpec, path: string): string[] {
  if (!spec) return [];
  const own = spec.securityContext?.appArmorProfile;
  return visitContainers(spec, '').flatMap(({ container: { name, securityContext } }) => {
    const key = `${APPARMOR_CONTAINER}${name}`;
    const annotation = metadata?.annotations?.[key];
    if (annotation === undefined || securityContext?.appArmorProfile) return [];
    if (own && isDeepStrictEqual(own, appArmorOfAnnotation(annotation))) return [];
    return [`${path}.metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`];
  });
}

function duplicateWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, at: string): string[] {
  const ips = hostAliases.map(({ ip }) => ip);
  const names = imagePullSecrets.map(({ name = '' }) => name);
  const again = (list: readonly string[], describe: (value: string, i: number) => string) =>
    list.flatMap((value, i) => (list.indexOf(value) < i ? [describe(value, i)] : []));
  return [
    ...again(ips, (ip, i) => `${at}.hostAliases[${i}].ip: duplicate ip "${ip}"`),
    ...again(names, (name, i) => `${at}.imagePullSecrets[${i}].name: duplicate name "${name}"`),
    ...names.flatMap((name, i) => (name ? [] : [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`])),
  ];
}

/** Bytes come whole. */
function fractions(amounts: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const text = amounts?.[name];
    return text === undefined || isWhole(text)
      ? []
      : [`${path}[${name}]: fractional byte value "${text}" is invalid, must be an integer`];
  });
}

const containerWarnings = ({ resources, env = [] }: Container, at: string): string[] => [
  ...fractions(resources?.limits, `${at}.resources.limits`),
  ...fractions(resources?.requests, `${at}.resources.requests`),
  ...hiddenVariables(env, at),
];

/** A second definition that builds on the first is fine. */
function hiddenVariables(env: NonNullable<Container['env']>, at: string): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    const known = seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    if (!known || (!valueFrom && value !== reference && value.includes(reference))) return [];
    return [`${at}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`];
  });
}
