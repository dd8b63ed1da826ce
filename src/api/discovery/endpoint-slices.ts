// EndpointSlices: addresses of one type, ports by name (pkg/apis/discovery/validation).
import { isIPv4, isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Endpoint, EndpointPort } from '../types/discovery/v1.ts';
import { unusableIp } from '../validation/ip.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { duplicates, invalidEach, requiredOneOf } from '../validation/rules.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];

function validate(object: AnyObject): FieldError[] {
  const type = object.addressType as string | undefined;
  const endpoints = (object.endpoints ?? []) as Endpoint[];
  const ports = (object.ports ?? []) as EndpointPort[];
  return [
    ...requiredOneOf(type, TYPES, 'addressType'),
    ...endpoints.flatMap((endpoint, i) => endpointErrors(endpoint, type ?? '', `endpoints[${i}]`)),
    ...ports.flatMap((port, i) => portErrors(port, `ports[${i}]`)),
    ...duplicates(
      ports.map(({ name = '' }) => ({ name })),
      ({ name }) => `/${name}`,
      (i, key) => fieldError.duplicate(`ports[${i}].name`, key.slice(1)),
    ),
  ];
}

function endpointErrors({ addresses, hostname, nodeName }: Endpoint, type: string, path: string): FieldError[] {
  if (!addresses?.length) return [fieldError.required(`${path}.addresses`, 'must contain at least 1 address')];
  const errors = addresses.flatMap((address, i) => addressErrors(address, type, `${path}.addresses[${i}]`));
  if (hostname !== undefined) errors.push(...invalidEach(`${path}.hostname`, hostname, isDNS1123Label(hostname)));
  if (nodeName !== undefined) errors.push(...invalidEach(`${path}.nodeName`, nodeName, isDNS1123Subdomain(nodeName)));
  return errors;
}

function addressErrors(address: string, type: string, path: string): FieldError[] {
  if (type === 'FQDN') return invalidEach(path, address, isDNS1123Subdomain(address));
  const fits = type === 'IPv4' ? isIPv4(address) : type === 'IPv6' ? isIPv6(address) : true;
  if (!fits) return [fieldError.invalid(path, address, `must be a valid ${type} address`)];
  return unusableIp(address, path);
}

const portErrors = ({ name, protocol }: EndpointPort, path: string): FieldError[] => [
  ...(name ? invalidEach(`${path}.name`, name, isDNS1123Label(name)) : []),
  ...requiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`),
];

export const endpointSlices: Behaviour = {
  prepareForUpdate(object, old) {
    // Labels say which Service a slice belongs to, so they count as desired state.
    if (isDeepStrictEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {})) return;
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate,
  validateUpdate: (object, old) =>
    object.addressType === old.addressType
      ? []
      : [fieldError.invalid('addressType', object.addressType, FIELD_IMMUTABLE)],
};
