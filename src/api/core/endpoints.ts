// Endpoints: addresses that can be reached, ports by name (pkg/apis/core/validation validateEndpointSubsets).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isQualifiedName, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { EndpointPort, EndpointSubset } from '../types/core/v1.ts';
import { endpointIp } from '../validation/ip.ts';
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
    for (const [i, { ip, hostname }] of list.entries()) {
      if (hostname) errors.push(...invalidEach(`${path}.${field}[${i}].hostname`, hostname, isDNS1123Label(hostname)));
      errors.push(...endpointIp(ip, `${path}.${field}[${i}].ip`));
    }
  }
  return [...errors, ...ports.flatMap((port, i) => portErrors(port, ports.length > 1, `${path}.ports[${i}]`))];
}

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

export const endpoints: Behaviour = { validate };
