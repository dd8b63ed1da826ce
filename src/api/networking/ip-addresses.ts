// IPAddresses are named by the address they stand for and belong to one object; ServiceCIDRs are blocks of them, one
// of each family (pkg/apis/networking/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain, isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { IPAddressSpec, ServiceCIDRSpec } from '../types/networking/v1.ts';
import { ipProblems, parseBlock, strictCidr } from '../validation/address.ts';
import { immutable } from '../validation/change.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { invalidEach } from '../validation/rules.ts';
import { segment } from './references.ts';

const parentOf = (object: AnyObject): IPAddressSpec['parentRef'] =>
  ((object.spec ?? {}) as Partial<IPAddressSpec>).parentRef as IPAddressSpec['parentRef'];

export const ipAddresses: Behaviour = {
  validateName: ipProblems,
  validate(object) {
    const path = 'spec.parentRef';
    const parent = parentOf(object);
    if (!parent) return [fieldError.required(path)];
    const { group, resource, name, namespace } = parent;
    return [
      ...(group ? invalidEach(`${path}.group`, group, isDNS1123Subdomain(group)) : []),
      ...segment(resource, `${path}.resource`),
      ...segment(name, `${path}.name`),
      ...(namespace ? invalidEach(`${path}.namespace`, namespace, isPathSegmentName(namespace)) : []),
    ];
  },
  validateUpdate: (object, old) => immutable(parentOf(object), parentOf(old), 'spec.parentRef'),
};

const cidrsOf = (object: AnyObject): readonly string[] => ((object.spec ?? {}) as ServiceCIDRSpec).cidrs ?? [];

function cidrErrors(cidrs: readonly string[], path: string): FieldError[] {
  if (cidrs.length === 0) return [fieldError.required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [fieldError.invalid(path, cidrs, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, i) => strictCidr(cidr, `${path}[${i}]`));
  const [first, second] = cidrs.map((cidr) => parseBlock(cidr)?.family);
  if (first === undefined || first !== second) return errors;
  const text = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  return [...errors, fieldError.invalid(path, cidrs, text)];
}

export const serviceCidrs: Behaviour = {
  validate: (object) => cidrErrors(cidrsOf(object), 'spec.cidrs'),
  updateIsChangeOnly: true,
  validateUpdate(object, old) {
    const now = cidrsOf(object);
    const before = cidrsOf(old);
    const path = 'spec.cidrs';
    const changed = before.flatMap((cidr, i) =>
      now[i] === cidr ? [] : [fieldError.invalid(`${path}[${i}]`, now[i], FIELD_IMMUTABLE)],
    );
    if (now.length === before.length) return changed;
    // A second family may be added.
    if (before.length === 1 && now.length === 2) return [...changed, ...cidrErrors(now, path)];
    return [fieldError.invalid(path, now, FIELD_IMMUTABLE)];
  },
};
