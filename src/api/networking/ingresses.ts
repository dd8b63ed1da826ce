// Ingresses: hosts, paths and backends (pkg/apis/networking/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
} from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { HTTPIngressPath, IngressBackend, IngressSpec, IngressStatus } from '../types/networking/v1.ts';
import { ipWarnings, legacyIp, parseAddress } from '../validation/address.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';
import { referenceErrors } from './references.ts';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const FORBIDDEN_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const FORBIDDEN_ENDS = ['/..', '/.'];

function validate(object: AnyObject): FieldError[] {
  const { rules = [], defaultBackend, ingressClassName, tls = [] } = (object.spec ?? {}) as IngressSpec;
  const errors: FieldError[] = [];
  if (rules.length === 0 && !defaultBackend) {
    errors.push(fieldError.invalid('spec', null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (defaultBackend) errors.push(...backendErrors(defaultBackend, 'spec.defaultBackend'));
  for (const [i, { host, http }] of rules.entries()) {
    const at = `spec.rules[${i}]`;
    if (host) errors.push(...hostErrors(host, `${at}.host`));
    if (http && !http.paths?.length) errors.push(fieldError.required(`${at}.http.paths`));
    for (const [j, path] of (http?.paths ?? []).entries()) errors.push(...pathErrors(path, `${at}.http.paths[${j}]`));
  }
  for (const [i, { hosts = [], secretName }] of tls.entries()) {
    for (const [j, host] of hosts.entries()) errors.push(...nameErrors(host, `spec.tls[${i}].hosts[${j}]`));
    if (secretName)
      errors.push(...invalidEach(`spec.tls[${i}].secretName`, secretName, isDNS1123Subdomain(secretName)));
  }
  if (ingressClassName !== undefined) {
    errors.push(...invalidEach('spec.ingressClassName', ingressClassName, isDNS1123Subdomain(ingressClassName)));
  }
  return errors;
}

const hostErrors = (host: string, path: string): FieldError[] => [
  ...(parseAddress(host) ? [fieldError.invalid(path, host, 'must be a DNS name, not an IP address')] : []),
  ...nameErrors(host, path),
];

const nameErrors = (host: string, path: string): FieldError[] =>
  invalidEach(path, host, host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host));

function pathErrors({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (typeof pathType !== 'string') return [fieldError.required(`${at}.pathType`, 'pathType must be specified')];
  const errors: FieldError[] = [];
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.push(fieldError.invalid(`${at}.path`, path, 'must be an absolute path'));
    for (const part of FORBIDDEN_PARTS.filter((text) => path.includes(text))) {
      errors.push(fieldError.invalid(`${at}.path`, path, `must not contain '${part}'`));
    }
    for (const end of FORBIDDEN_ENDS.filter((text) => path.endsWith(text))) {
      errors.push(fieldError.invalid(`${at}.path`, path, `cannot end with '${end}'`));
    }
  } else if (pathType === 'ImplementationSpecific') {
    if (path && !path.startsWith('/')) errors.push(fieldError.invalid(`${at}.path`, path, 'must be an absolute path'));
  } else errors.push(...oneOf(pathType, PATH_TYPES, `${at}.pathType`));
  return [...errors, ...backendErrors(backend ?? {}, `${at}.backend`)];
}

function backendErrors({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (service && resource) return [fieldError.invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return referenceErrors(resource, `${path}.resource`);
  if (!service) return [fieldError.invalid(path, '', 'resource or service backend is required')];
  const errors = service.name
    ? invalidEach(`${path}.service.name`, service.name, isDNS1123Label(service.name))
    : [fieldError.required(`${path}.service.name`)];
  const { name, number } = service.port ?? {};
  if (name && number) {
    return [...errors, fieldError.invalid(path, '', 'cannot set both port name & port number')];
  }
  if (name) errors.push(...invalidEach(`${path}.service.port.name`, name, isValidPortName(name)));
  else if (number) errors.push(...invalidEach(`${path}.service.port.number`, number, isValidPortNum(number)));
  else errors.push(fieldError.required(path, 'port name or number is required'));
  return errors;
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

function validateStatusUpdate(object: AnyObject): FieldError[] {
  const { ingress = [] } = ((object.status ?? {}) as IngressStatus).loadBalancer ?? {};
  return ingress.flatMap(({ ip, hostname }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    const errors = ip ? legacyIp(ip, `${path}.ip`) : [];
    if (!hostname) return errors;
    errors.push(...invalidEach(`${path}.hostname`, hostname, isDNS1123Subdomain(hostname)));
    if (!parseAddress(hostname)) return errors;
    return [...errors, fieldError.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address')];
  });
}

export const ingresses: Behaviour = {
  validate,
  validateCreate({ metadata, spec }) {
    const byAnnotation = metadata.annotations?.[CLASS_ANNOTATION];
    const byField = (spec as IngressSpec | undefined)?.ingressClassName;
    if (byAnnotation === undefined || byField === undefined || byAnnotation === byField) return [];
    const text = 'must match `ingressClassName` when both are specified';
    return [fieldError.invalid(`annotations.${CLASS_ANNOTATION}`, byAnnotation, text)];
  },
  validateStatusUpdate,
  warnings(object, old) {
    const { ingress = [] } = ((object.status ?? {}) as IngressStatus).loadBalancer ?? {};
    if (old) return ingress.flatMap(({ ip }, i) => ipWarnings(ip ?? '', `status.loadBalancer.ingress[${i}]`));
    const byAnnotation = object.metadata.annotations?.[CLASS_ANNOTATION] !== undefined;
    if (!byAnnotation || (object.spec as IngressSpec).ingressClassName !== undefined) return [];
    return [`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`];
  },
};
