// Endpoints: addresses that can be reached, ports by name (pkg/apis/core/validation validateEndpointSubsets).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../types/core/v1.ts';
import { ipWarnings } from '../validation/address.ts';
import { endpointIp, validIp } from '../validation/ip.ts';
import { invalidEach, requiredOneOf } from '../validation/rules.ts';

const validate = (object: AnyObject): FieldError[] =>
  ((object.subsets ?? []) as EndpointSubset[]).flatMap((subset, i) => subsetErrors(subset, `subsets[${i}]`));

function subsetErrors(
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(fieldError.required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const [field, list] of Object.entries({ addresses, notReadyAddresses })) {
    errors.push(...list.flatMap((address, i) => addressErrors(address, `${path}.${field}[${i}]`)));
  }
  return [...errors, ...ports.flatMap((port, i) => portErrors(port, ports.length > 1, `${path}.ports[${i}]`))];
}

/** What is no address at all is told twice. */
function addressErrors({ ip = '', hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  return [
    ...validIp(ip, `${path}.ip`),
    ...(hostname ? invalidEach(`${path}.hostname`, hostname, isDNS1123Label(hostname)) : []),
    ...(nodeName === undefined ? [] : invalidEach(`${path}.nodeName`, nodeName, isDNS1123Subdomain(nodeName))),
    // Here the zeros before a number do not matter.
    ...endpointIp(
      ip.replace(/\b0+(?=\d)/g, (zeros) => (ip.includes(':') ? zeros : '')),
      `${path}.ip`,
    ),
  ];
}

const warnings = (object: AnyObject): string[] =>
  ((object.subsets ?? []) as EndpointSubset[]).flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, j) => ipWarnings(ip, `subsets[${i}].${list}[${j}].ip`)),
    ),
  );

function portErrors(
  { name, port, protocol, appProtocol }: EndpointPort,
  requireName: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (name) errors.push(...invalidEach(`${path}.name`, name, isDNS1123Label(name)));
  else if (requireName) errors.push(fieldError.required(`${path}.name`));
  errors.push(...invalidEach(`${path}.port`, port, isValidPortNum(port)));
  errors.push(...requiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`));
  if (appProtocol !== undefined) {
    errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol)));
  }
  return errors;
}

export const endpoints: Behaviour = { validate, warnings };
