// What only Windows Pods may say, and what they may not (pkg/apis/core/validation validateWindows, validateLinux,
// validateWindowsSecurityContextOptions, validateWindowsHostProcessPod).
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodSpec, WindowsSecurityContextOptions } from '../types/core/v1.ts';
import { visitContainers } from './containers-of.ts';
import { invalidEach } from './rules.ts';

const MAX_CREDENTIAL_KIB = 64;
const MAX_DOMAIN_LENGTH = 256;
const MAX_USER_LENGTH = 104;

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credential, runAsUserName: user } = options ?? {};
  const errors =
    name === undefined ? [] : invalidEach(`${path}.gmsaCredentialSpecName`, name, isDNS1123Subdomain(name));
  if (credential === '') {
    errors.push(
      fieldError.invalid(`${path}.gmsaCredentialSpec`, credential, 'gmsaCredentialSpec cannot be an empty string'),
    );
  } else if (credential !== undefined && Buffer.byteLength(credential) > MAX_CREDENTIAL_KIB * 1024) {
    const text = `gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_KIB} KiB`;
    errors.push(fieldError.invalid(`${path}.gmsaCredentialSpec`, credential, text));
  }
  if (user !== undefined) errors.push(...invalidEach(`${path}.runAsUserName`, user, userNameProblems(user)));
  return errors;
}

const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;

/** A user, or one of a domain before a backslash. */
function userNameProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  return [
    ...(domain !== undefined && domain.length >= MAX_DOMAIN_LENGTH
      ? [`runAsUserName's Domain length must be under ${MAX_DOMAIN_LENGTH} characters`]
      : []),
    ...(domain !== undefined && !NETBIOS.test(domain) && !DNS.test(domain)
      ? ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]
      : []),
    ...(user === '' ? ["runAsUserName's User cannot be empty"] : []),
    ...(user.length > MAX_USER_LENGTH
      ? [`runAsUserName's User length must not be longer than ${MAX_USER_LENGTH} characters`]
      : []),
    ...(/^[. ]+$/.test(user) ? ["runAsUserName's User cannot contain only periods or spaces"] : []),
    ...(/["/\\:;|=,+*?<>@[\]]/.test(user)
      ? ['runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]']
      : []),
  ];
}

/** Containers that are processes of the host: all of a Pod or none, and in the host's network. */
export function validateHostProcess(spec: PodSpec, path: string): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const errors: FieldError[] = [];
  const containers = visitContainers(spec, path);
  let count = 0;
  for (const { container, at } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod) {
      const text = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(fieldError.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, text));
    }
    if (own ?? ofPod) count++;
  }
  if (count === 0) return errors;
  if (count !== containers.length) {
    const text = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(fieldError.invalid(path, '', text));
  }
  if (!spec.hostNetwork) {
    const text = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(fieldError.invalid(`${path}.hostNetwork`, false, text));
  }
  return errors;
}

const OPERATING_SYSTEMS = ['linux', 'windows'];

export function validateOS(spec: PodSpec, path: string): FieldError[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [fieldError.required(`${path}.os.name`)];
  if (!OPERATING_SYSTEMS.includes(name)) return [fieldError.notSupported(`${path}.os`, name, OPERATING_SYSTEMS)];
  return name === 'linux' ? linux(spec, path) : windows(spec, path);
}

const linux = (spec: PodSpec, path: string): FieldError[] =>
  [{ container: spec, at: path }, ...visitContainers(spec, path)]
    .filter(({ container }) => container.securityContext?.windowsOptions)
    .map(({ at }) =>
      fieldError.forbidden(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'),
    );

/** Of both levels but as noted. */
const NOT_ON_WINDOWS = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'runAsUser', 'runAsGroup'];
const NOT_ON_WINDOWS_POD = [
  ...NOT_ON_WINDOWS,
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
];
const NOT_ON_WINDOWS_CONTAINER = [
  ...NOT_ON_WINDOWS,
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
];

function windows(spec: PodSpec, path: string): FieldError[] {
  const refused = (at: string) => fieldError.forbidden(at, 'cannot be set for a windows pod');
  const given = (context: object | undefined, fields: readonly string[], at: string) =>
    fields
      .filter((field) => (context as Record<string, unknown> | undefined)?.[field] !== undefined)
      .map((field) => refused(`${at}.securityContext.${field}`));
  return [
    ...(['hostUsers', 'shareProcessNamespace'] as const)
      .filter((field) => spec[field] !== undefined)
      .map((field) => refused(`${path}.${field}`)),
    ...(['hostPID', 'hostIPC'] as const).filter((field) => spec[field]).map((field) => refused(`${path}.${field}`)),
    ...given(spec.securityContext, NOT_ON_WINDOWS_POD, path),
    ...visitContainers(spec, path).flatMap(({ container, at }) =>
      given(container.securityContext, NOT_ON_WINDOWS_CONTAINER, at),
    ),
  ];
}
