// What a Pod's status may say (pkg/apis/core/validation ValidatePodStatusUpdate): addresses, conditions, and no
// container back from the dead that its policies leave dead.
import { isIP } from 'node:net';
import { isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodResourceClaimStatus,
  PodSpec,
  PodStatus,
} from '../types/core/v1.ts';
import { validIp } from '../validation/ip.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { invalidEach } from '../validation/rules.ts';
import { idErrors } from '../validation/security-context.ts';
import { resourceErrors } from './pod-status-resources.ts';
import { annotationUpdate } from './pod-validation.ts';

const NOT_NEGATIVE = 'must be a non-negative integer';

export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const { spec } = pod;
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const errors = [...annotationUpdate(pod, old), ...conditions(status.conditions ?? [])];
  errors.push(...nomination(pod, old));
  if ((status.observedGeneration ?? 0) < 0) {
    errors.push(fieldError.invalid('status.observedGeneration', status.observedGeneration, NOT_NEGATIVE));
  }
  if ((status.qosClass ?? '') !== (before.qosClass ?? '')) {
    errors.push(fieldError.invalid('status.qosClass', status.qosClass ?? '', FIELD_IMMUTABLE));
  }
  return [
    ...errors,
    ...transitions(pod, old),
    ...claimStatuses(status.resourceClaimStatuses ?? [], spec),
    ...resourceErrors(status, spec),
    ...podIps(status, before),
    ...hostIps(status, before),
    ...(['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const).flatMap((list) =>
      (status[list] ?? []).flatMap((container, i) => containerUser(container, spec, `status.${list}[${i}].user.linux`)),
    ),
  ];
}

const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

const conditions = (list: readonly PodCondition[]): FieldError[] =>
  list.flatMap(({ type = '', observedGeneration = 0 }, i) => {
    const at = `status.conditions[${i}]`;
    return [
      ...(observedGeneration < 0
        ? [fieldError.invalid(`${at}.observedGeneration`, observedGeneration, NOT_NEGATIVE)]
        : []),
      ...(SYSTEM_CONDITIONS.includes(type) ? [] : invalidEach(`${at}.Type`, type, isQualifiedName(type))),
    ];
  });

function nomination(pod: Pod, old: Pod): FieldError[] {
  const name = pod.status?.nominatedNodeName;
  if (!name || name === old.status?.nominatedNodeName) return [];
  const path = 'status.nominatedNodeName';
  const errors = invalidEach(path, name, isDNS1123Subdomain(name));
  if (old.spec.nodeName) {
    errors.push(fieldError.forbidden(path, 'may not be set on pods that are already bound to a node'));
  }
  return errors;
}

function transitions(pod: Pod, old: Pod): FieldError[] {
  const { spec } = old;
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const anyMayRestart = all.some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
  const revived = (list: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses') =>
    (old.status?.[list] ?? []).flatMap(({ name, state }, i) => {
      const exit = state?.terminated;
      const now = (pod.status?.[list] ?? []).find((status) => status.name === name);
      if (!exit || !now || now.state?.terminated) return [];
      const from = list === 'containerStatuses' ? spec.containers : spec.initContainers;
      const container = list === 'ephemeralContainerStatuses' ? undefined : from?.find((c) => c.name === name);
      if (list !== 'ephemeralContainerStatuses' && anyMayRestart) return [];
      if (container && mayRestart(container, spec, exit.exitCode)) return [];
      const text = 'may not be transitioned to non-terminated state';
      return [fieldError.forbidden(`status.${list}[${i}].state`, text)];
    });
  return [
    ...revived('containerStatuses'),
    ...revived('initContainerStatuses'),
    ...revived('ephemeralContainerStatuses'),
  ];
}

/** The first rule for this exit decides, then the container's policy, then the Pod's. */
function mayRestart({ restartPolicy, restartPolicyRules = [] }: Container, spec: PodSpec, exitCode: number): boolean {
  const matches = restartPolicyRules.some(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === 'NotIn' ? !listed : listed;
  });
  if (restartPolicy !== undefined && matches) return true;
  const policy: string = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function claimStatuses(statuses: readonly PodResourceClaimStatus[], { resourceClaims = [] }: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return statuses.flatMap(({ name = '', resourceClaimName: claim }, i) => {
    const at = `status.resourceClaimStatuses[${i}]`;
    const errors: FieldError[] = [];
    if (!resourceClaims.some((other) => other.name === name)) {
      errors.push(fieldError.invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'));
    }
    if (seen.has(name)) errors.push(fieldError.duplicate(`${at}.name`, name));
    seen.add(name);
    if (claim !== undefined) errors.push(...invalidEach(`${at}.resourceClaimName`, claim, isDNS1123Subdomain(claim)));
    return errors;
  });
}

const addresses = (list: readonly { ip?: string }[] | undefined): string[] => (list ?? []).map(({ ip = '' }) => ip);

const podIps = ({ podIPs }: PodStatus, old: PodStatus): FieldError[] =>
  families(addresses(podIPs), addresses(old.podIPs), 'status.podIPs');

function hostIps({ hostIP, hostIPs }: PodStatus, old: PodStatus): FieldError[] {
  const ips = addresses(hostIPs);
  if (ips.length === 0) return [];
  const path = 'status.hostIPs';
  return [
    ...((hostIP ?? '') === ips[0] ? [] : [fieldError.invalid(`${path}[0].ip`, ips[0], 'must be equal to `hostIP`')]),
    ...families(ips, addresses(old.hostIPs), path),
  ];
}

/** One address of each family at most; those that were there may stay, whatever they are. */
function families(ips: readonly string[], old: readonly string[], path: string): FieldError[] {
  const errors = ips.flatMap((ip, i) => (old.includes(ip) ? [] : validIp(ip, `${path}[${i}]`)));
  if (ips.length < 2) return errors;
  const bad = ips.find((ip) => isIP(ip) === 0);
  if (bad !== undefined) {
    errors.push(fieldError.internal(path, `failed to check for dual stack with error:invalid IP address: ${bad}`));
  }
  const dual = bad === undefined && ips.length === 2 && isIP(ips[0] ?? '') !== isIP(ips[1] ?? '');
  return dual
    ? errors
    : [...errors, fieldError.invalid(path, ips, 'may specify no more than one IP for each IP family')];
}

function containerUser({ user }: ContainerStatus, { os }: PodSpec, path: string): FieldError[] {
  const linux = user?.linux;
  if (!linux) return [];
  if (os?.name === 'windows') return [fieldError.forbidden(path, 'cannot be set for a windows pod')];
  return [
    ...idErrors(linux.uid, `${path}.uid`),
    ...idErrors(linux.gid, `${path}.gid`),
    ...(linux.supplementalGroups ?? []).flatMap((id, i) => idErrors(id, `${path}.supplementalGroups[${i}]`)),
  ];
}
