// EndpointSlices: addresses of one type, ports by name (pkg/apis/discovery/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Endpoint, EndpointHints, EndpointPort } from '../types/discovery/v1.ts';
import { ipWarnings, legacyIp, parseAddress, strictIp } from '../validation/address.ts';
import { immutable } from '../validation/change.ts';
import { fullyQualifiedDomain } from '../validation/domain.ts';
import { unusableIp } from '../validation/ip.ts';
import { duplicates, invalidEach, oneOf, requiredOneOf } from '../validation/rules.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;

const endpointsOf = (object: AnyObject): Endpoint[] => (object.endpoints ?? []) as Endpoint[];

function validate(object: AnyObject): FieldError[] {
  const type = object.addressType as string | undefined;
  const endpoints = endpointsOf(object);
  return [
    ...requiredOneOf(type, TYPES, 'addressType'),
    ...portsErrors((object.ports ?? []) as EndpointPort[], 'ports'),
    ...(endpoints.length > MAX_ENDPOINTS
      ? [fieldError.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)]
      : endpoints.flatMap((endpoint, i) => endpointErrors(endpoint, type ?? '', `endpoints[${i}]`))),
  ];
}

function portsErrors(ports: readonly EndpointPort[], path: string): FieldError[] {
  if (ports.length > MAX_PORTS) return [fieldError.tooMany(path, ports.length, MAX_PORTS)];
  return [
    ...ports.flatMap((port, i) => portErrors(port, `${path}[${i}]`)),
    ...duplicates(
      ports,
      ({ name = '' }) => `/${name}`,
      (i, key) => fieldError.duplicate(`${path}[${i}].name`, key.slice(1)),
    ),
  ];
}

function endpointErrors({ addresses, hostname, nodeName, hints }: Endpoint, type: string, path: string): FieldError[] {
  const at = `${path}.addresses`;
  const errors: FieldError[] = [];
  if (!addresses?.length) errors.push(fieldError.required(at, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(fieldError.tooMany(at, addresses.length, MAX_ADDRESSES));
  for (const [i, address] of (addresses ?? []).entries()) {
    errors.push(...addressErrors(address, type, { list: at, path: `${at}[${i}]` }));
  }
  if (nodeName !== undefined) errors.push(...invalidEach(`${path}.nodeName`, nodeName, isDNS1123Subdomain(nodeName)));
  if (hostname !== undefined) errors.push(...invalidEach(`${path}.hostname`, hostname, isDNS1123Label(hostname)));
  return hints ? [...errors, ...hintErrors(hints, `${path}.hints`)] : errors;
}

/** An address of the other family is wrong, and so are some of this one. */
function addressErrors(address: string, type: string, at: { list: string; path: string }): FieldError[] {
  if (type === 'FQDN') return fullyQualifiedDomain(address, at.path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const errors = (type === 'IPv4' ? legacyIp : strictIp)(address, at.path);
  if (errors.length > 0) return errors;
  const fits = `IPv${parseAddress(address)?.family}` === type;
  return [
    ...(fits ? [] : [fieldError.invalid(at.list, address, `must be an ${type} address`)]),
    ...unusableIp(address, at.path),
  ];
}

const hintErrors = ({ forZones = [], forNodes = [] }: EndpointHints, path: string): FieldError[] => {
  if (forZones.length > MAX_HINTS) return [fieldError.tooMany(`${path}.forZones`, forZones.length, MAX_HINTS)];
  const errors = namesErrors(forZones, isValidLabelValue, `${path}.forZones`);
  if (forNodes.length <= MAX_HINTS)
    return [...errors, ...namesErrors(forNodes, isDNS1123Subdomain, `${path}.forNodes`)];
  return [...errors, fieldError.tooMany(`${path}.forNodes`, forNodes.length, MAX_HINTS)];
};

const namesErrors = (
  list: readonly { name?: string }[],
  rule: (name: string) => string[],
  path: string,
): FieldError[] => [
  ...duplicates(
    list,
    ({ name = '' }) => `/${name}`,
    (i, key) => fieldError.duplicate(`${path}[${i}].name`, key.slice(1)),
  ),
  ...list.flatMap(({ name = '' }, i) => invalidEach(`${path}[${i}].name`, name, rule(name))),
];

const portErrors = ({ name, protocol, appProtocol }: EndpointPort, path: string): FieldError[] => [
  ...(name ? invalidEach(`${path}.name`, name, isDNS1123Label(name)) : []),
  ...oneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`),
  ...(appProtocol === undefined ? [] : invalidEach(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol))),
];

/** Nobody writes this field any more; it is for what an older version had stored. */
function dropTopology(object: AnyObject): void {
  for (const endpoint of endpointsOf(object)) delete endpoint.deprecatedTopology;
}

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const OWN_CONTROLLERS = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function warnings(object: AnyObject, old: AnyObject | undefined): string[] {
  const deprecated = !old && object.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [];
  if (object.addressType === 'FQDN' || OWN_CONTROLLERS.includes(object.metadata.labels?.[MANAGED_BY] ?? '')) {
    return deprecated;
  }
  return endpointsOf(object).flatMap(({ addresses }, i) =>
    (addresses ?? []).flatMap((address, j) => ipWarnings(address, `endpoints[${i}].addresses[${j}]`)),
  );
}

export const endpointSlices: Behaviour = {
  prepareForCreate: dropTopology,
  prepareForUpdate(object, old) {
    const sameEndpoints = isDeepStrictEqual(endpointsOf(object), endpointsOf(old));
    if (!sameEndpoints) dropTopology(object);
    // Labels say which Service a slice belongs to, so they count as desired state; so does what is dropped.
    if (sameEndpoints && isDeepStrictEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {})) return;
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate,
  validateUpdate: (object, old) => immutable(object.addressType, old.addressType, 'addressType'),
  warnings,
};
