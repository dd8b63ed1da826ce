// How a Pod names itself and others (pkg/apis/core/validation validatePodDNSConfig, ValidateHostAliases,
// validatePodHostName, validatePodHostNetworkDeps, validateHostUsers).
import { isDNS1123Subdomain, isDNS1123SubdomainWithUnderscore } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodSpec } from '../types/core/v1.ts';
import { visitContainers } from './containers-of.ts';
import { validIp } from './ip.ts';
import { invalidEach } from './rules.ts';

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

export function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, path: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return [fieldError.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    if (nameservers.length === 0) return [fieldError.required(`${path}.nameservers`, text)];
  }
  const errors: FieldError[] = [];
  if (nameservers.length > MAX_NAMESERVERS) {
    const text = `must not have more than ${MAX_NAMESERVERS} nameservers`;
    errors.push(fieldError.invalid(`${path}.nameservers`, nameservers, text));
  }
  errors.push(...nameservers.flatMap((server, i) => validIp(server, `${path}.nameservers[${i}]`)));
  if (searches.length > MAX_SEARCHES) {
    const text = `must not have more than ${MAX_SEARCHES} search paths`;
    errors.push(fieldError.invalid(`${path}.searches`, searches, text));
  }
  if (Buffer.byteLength(searches.join(' ')) > MAX_SEARCH_CHARACTERS) {
    const text = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    errors.push(fieldError.invalid(`${path}.searches`, searches, text));
  }
  return [
    ...errors,
    ...searches.flatMap((search, i) => searchErrors(search, `${path}.searches[${i}]`)),
    ...options.flatMap(({ name }, i) =>
      name ? [] : [fieldError.required(`${path}.options[${i}]`, 'must not be empty')],
    ),
  ];
}

function searchErrors(search: string, path: string): FieldError[] {
  if (search === '.') return [];
  const name = search.replace(/\.$/, '');
  return invalidEach(path, name, isDNS1123SubdomainWithUnderscore(name));
}

export const validateHostAliases = ({ hostAliases = [] }: PodSpec, path: string): FieldError[] =>
  hostAliases.flatMap(({ ip = '', hostnames = [] }, i) => [
    ...validIp(ip, `${path}[${i}].ip`),
    ...hostnames.flatMap((name, j) => invalidEach(`${path}[${i}].hostnames[${j}]`, name, isDNS1123Subdomain(name))),
  ]);

const MAX_HOSTNAME = 64;

export function validateHostname(spec: PodSpec, path: string): FieldError[] {
  const { hostnameOverride: name } = spec;
  if (name === undefined) return [];
  const refuse = (when: string) => fieldError.forbidden(path, `may not be specified when ${when} is true`);
  return [
    ...(spec.setHostnameAsFQDN ? [refuse('setHostnameAsFQDN')] : []),
    ...(spec.hostNetwork ? [refuse('hostNetwork')] : []),
    ...(Buffer.byteLength(name) > MAX_HOSTNAME ? [fieldError.tooLong(path, MAX_HOSTNAME)] : []),
    ...invalidEach(path, name, isDNS1123Subdomain(name)),
  ];
}

/** In the host's network there are no ports but the host's. A template may leave them to its Pods' defaults. */
export function validateHostPorts(spec: PodSpec, path: string, { isPod }: { isPod: boolean }): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [
            fieldError.invalid(
              `${path}.containers[${i}].ports[${j}].hostPort`,
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ]
        : [],
    ),
  );
}

/** With users of its own a Pod shares no other namespace with the host; upstream capitalises two fields. */
export function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const refuse = (field: string) => fieldError.forbidden(field, 'when `hostUsers` is false');
  return [
    ...(spec.hostNetwork ? [refuse(`${path}.hostNetwork`)] : []),
    ...(spec.hostPID ? [refuse(`${path}.HostPID`)] : []),
    ...(spec.hostIPC ? [refuse(`${path}.HostIPC`)] : []),
    ...visitContainers(spec, path)
      .filter(({ container }) => container.volumeDevices?.length)
      .map(({ at }) => refuse(`${at}.volumeDevices`)),
  ];
}
