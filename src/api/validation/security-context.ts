// As whom and with which powers Pods and containers run (pkg/apis/core/validation ValidateSecurityContext,
// validatePodSpecSecurityContext, validateSeccompProfileField, ValidateAppArmorProfileField).
import { inclusiveRangeError } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from '../types/core/v1.ts';
import { descendingPath, oneOf, requiredOneOf } from './rules.ts';
import { validateWindowsOptions } from './windows.ts';

const MAX_ID = 2_147_483_647;

/** Identifiers of users and groups fit into 31 bits. */
export const idErrors = (id: number | undefined, path: string): FieldError[] =>
  id !== undefined && (id < 0 || id > MAX_ID) ? [fieldError.invalid(path, id, inclusiveRangeError(0, MAX_ID))] : [];

/** `ownUsers`: the Pod has a user namespace of its own. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  path: string,
  { ownUsers }: { ownUsers: boolean },
): FieldError[] {
  if (!context) return [];
  const { procMount } = context;
  const errors = [
    ...idErrors(context.runAsUser, `${path}.runAsUser`),
    ...idErrors(context.runAsGroup, `${path}.runAsGroup`),
  ];
  if (procMount !== undefined) {
    errors.push(...oneOf(procMount, ['Default', 'Unmasked'], `${path}.procMount`));
    if (procMount === 'Unmasked' && !ownUsers) {
      errors.push(fieldError.invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
    }
  }
  return [
    ...errors,
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...escalation(context, path),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

/** Who may do everything cannot be kept from gaining more. */
function escalation(context: SecurityContext, path: string): FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return [];
  const why = [
    ...(context.privileged ? ['`privileged` to true'] : []),
    ...(context.capabilities?.add ?? [])
      .filter((capability) => capability === 'CAP_SYS_ADMIN')
      .map(() => '`capabilities.Add` CAP_SYS_ADMIN'),
  ];
  return why.map((text) =>
    fieldError.invalid(path, context, `cannot set \`allowPrivilegeEscalation\` to false and ${text}`),
  );
}

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  const errors = requiredOneOf(type, PROFILE_TYPES, `${path}.type`);
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return errors;
    return [...errors, fieldError.invalid(at, profile, 'can only be set when seccomp type is Localhost')];
  }
  if (localhostProfile === undefined) {
    return [...errors, fieldError.required(at, 'must be set when seccomp type is Localhost')];
  }
  return [...errors, ...descendingPath(localhostProfile, at)];
}

const MAX_PROFILE_LENGTH = 4095;

export function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: name } = profile;
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') return localAppArmor(name, at);
  const errors = requiredOneOf(type, PROFILE_TYPES, `${path}.type`);
  if (errors.length > 0 || name === undefined) return errors;
  return [fieldError.invalid(at, name, 'can only be set when AppArmor type is Localhost')];
}

function localAppArmor(name: string | undefined, path: string): FieldError[] {
  const missing = fieldError.required(path, 'must be set when AppArmor type is Localhost');
  if (name === undefined) return [missing];
  const errors: FieldError[] = [];
  if (name.trim() !== name) errors.push(fieldError.invalid(path, name, 'must not be padded with whitespace'));
  else if (name === '') errors.push(missing);
  if (name.length > MAX_PROFILE_LENGTH) errors.push(fieldError.tooLong(path, MAX_PROFILE_LENGTH));
  return errors;
}

export function validatePodSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const context: PodSecurityContext = spec.securityContext ?? {};
  const choice = (field: keyof PodSecurityContext, values: readonly string[]) =>
    context[field] === undefined ? [] : oneOf(context[field] as string, values, `${path}.${field}`);
  const errors = [
    ...idErrors(context.fsGroup, `${path}.fsGroup`),
    ...idErrors(context.runAsUser, `${path}.runAsUser`),
    ...idErrors(context.runAsGroup, `${path}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((id, i) => idErrors(id, `${path}.supplementalGroups[${i}]`)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    const text = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(fieldError.invalid(`${path}.shareProcessNamespace`, true, text));
  }
  return [
    ...errors,
    ...validateSysctls(context.sysctls ?? [], spec, `${path}.sysctls`),
    ...choice('fsGroupChangePolicy', ['Always', 'OnRootMismatch']),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
    ...choice('supplementalGroupsPolicy', ['Merge', 'Strict']),
    // MountOption is behind the gate SELinuxMount.
    ...choice('seLinuxChangePolicy', ['Recursive']),
  ];
}

const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const MAX_SYSCTL_LENGTH = 253;

function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name = '' }, i) => {
    const at = `${path}[${i}].name`;
    const errors: FieldError[] = [];
    if (!name) errors.push(fieldError.required(at));
    else if (name.length > MAX_SYSCTL_LENGTH || !SYSCTL.test(name)) {
      const text = `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL.source}`;
      errors.push(fieldError.invalid(at, name, text));
    } else if (names.has(name)) errors.push(fieldError.duplicate(at, name));
    names.add(name);
    return [...errors, ...hostSysctl(name, spec, at)];
  });
}

/** Settings of a namespace that the Pod shares with the host would be the host's. */
function hostSysctl(name: string, { hostNetwork, hostIPC }: PodSpec, path: string): FieldError[] {
  // Slashes separate, and dots stand for themselves, where a slash comes first.
  const dotted = name.indexOf('/') >= 0 && !/^[^/]*\./.test(name) ? name.replaceAll('/', '.') : name;
  if (hostNetwork && dotted.startsWith('net.')) {
    return [fieldError.invalid(path, name, "may not be specified when 'hostNetwork' is true")];
  }
  const isIpc = /^(kernel\.(shm|sem$|msg)|fs\.mqueue\.)/.test(dotted);
  return hostIPC && isIpc ? [fieldError.invalid(path, name, "may not be specified when 'hostIPC' is true")] : [];
}
