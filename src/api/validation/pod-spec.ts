// A Pod's spec, alone or in a template (pkg/apis/core/validation ValidatePodSpec). What its parts must be stands in
// a file each; here is their order and what is a line.
import { inclusiveRangeError, isDNS1123Label, isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodResourceClaim, PodSpec } from '../types/core/v1.ts';
import { validateAffinity } from './affinity.ts';
import {
  type ListContext,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './containers.ts';
import { validateFileKeyVolumes } from './env.ts';
import { validateLabels } from './metadata.ts';
import {
  validateDnsConfig,
  validateHostAliases,
  validateHostname,
  validateHostPorts,
  validateHostUsers,
} from './pod-network.ts';
import { claimNamesOf, validatePodResources, validateResources } from './resources.ts';
import { invalidEach, requiredOneOf } from './rules.ts';
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from './scheduling.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { type VolumeOwner, validateVolumes } from './volume.ts';
import { validateHostProcess, validateOS } from './windows.ts';

const MAX_INT32 = 2_147_483_647;
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];

/** `pod` is whose spec it is; undefined for a template. */
export function validatePodSpec(spec: PodSpec, path: string, pod?: VolumeOwner): FieldError[] {
  const volumes = validateVolumes(spec.volumes ?? [], `${path}.volumes`, pod);
  const context: ListContext = {
    volumes: volumes.usable,
    claims: claimNamesOf(spec),
    ownUsers: spec.hostUsers === false,
    podRestartPolicy: spec.restartPolicy,
    grace: spec.terminationGracePeriodSeconds,
    os: spec.os?.name,
  };
  return [
    ...(spec.terminationGracePeriodSeconds === undefined
      ? [fieldError.required(`${path}.terminationGracePeriodSeconds`)]
      : []),
    ...volumes.errors,
    ...resourceClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    ...validateContainers(spec.containers ?? [], `${path}.containers`, context),
    ...validateInitContainers(spec, `${path}.initContainers`, context),
    ...validateEphemeralContainers(spec, `${path}.ephemeralContainers`, context),
    ...validatePodResources(spec, path),
    ...validateHostPorts(spec, path, { isPod: pod !== undefined }),
    ...requiredOneOf(spec.restartPolicy, RESTART_POLICIES, `${path}.restartPolicy`),
    ...requiredOneOf(spec.dnsPolicy, DNS_POLICIES, `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDnsConfig(spec, `${path}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType = '' }, i) =>
      invalidEach(`${path}.readinessGates[${i}].conditionType`, conditionType, isQualifiedName(conditionType)),
    ),
    ...validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateHostProcess(spec, path),
    ...validateHostUsers(spec, path),
    ...validateHostname(spec, `${path}.hostnameOverride`),
    ...names(spec, path),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...validateHostAliases(spec, `${path}.hostAliases`),
    ...(spec.preemptionPolicy === undefined
      ? []
      : requiredOneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${path}.preemptionPolicy`)),
    ...(spec.overhead ? validateResources({ limits: spec.overhead }, `${path}.overhead`) : []),
    ...validateOS(spec, path),
    ...validateFileKeyVolumes(spec, path),
  ];
}

function resourceClaims(claims: readonly PodResourceClaim[], path: string): FieldError[] {
  const seen = new Set<string>();
  return claims.flatMap((claim, i) => {
    const at = `${path}[${i}]`;
    const { name = '', resourceClaimName, resourceClaimTemplateName } = claim;
    const errors: FieldError[] = [];
    if (!name) errors.push(fieldError.required(`${at}.name`));
    else if (seen.has(name)) errors.push(fieldError.duplicate(`${at}.name`, name));
    else errors.push(...invalidEach(`${at}.name`, name, isDNS1123Label(name)));
    seen.add(name);
    const sources = Object.entries({ resourceClaimName, resourceClaimTemplateName }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    if (sources.length !== 1) {
      const text =
        sources.length === 0
          ? 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
          : 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(fieldError.invalid(at, claim, text));
    }
    errors.push(
      ...sources.flatMap(([field, value]) => invalidEach(`${at}.${field}`, value, isDNS1123Subdomain(value))),
    );
    return errors;
  });
}

function names(spec: PodSpec, path: string): FieldError[] {
  const named = (field: keyof PodSpec, rule: (name: string) => string[]) => {
    const value = spec[field];
    return typeof value === 'string' && value !== '' ? invalidEach(`${path}.${field}`, value, rule(value)) : [];
  };
  const { activeDeadlineSeconds: seconds, runtimeClassName: runtime } = spec;
  return [
    ...named('serviceAccountName', isDNS1123Subdomain),
    ...named('nodeName', isDNS1123Subdomain),
    ...(seconds !== undefined && (seconds < 1 || seconds > MAX_INT32)
      ? [fieldError.invalid(`${path}.activeDeadlineSeconds`, seconds, inclusiveRangeError(1, MAX_INT32))]
      : []),
    ...named('hostname', isDNS1123Label),
    ...named('subdomain', isDNS1123Label),
    ...named('priorityClassName', isDNS1123Subdomain),
    ...(runtime === undefined ? [] : invalidEach(`${path}.runtimeClassName`, runtime, isDNS1123Subdomain(runtime))),
  ];
}
