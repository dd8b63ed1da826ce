// Ingresses: hosts, paths and backends (pkg/apis/networking/validation).
import { isIP } from 'node:net';
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
import type { HTTPIngressPath, IngressBackend, IngressSpec } from '../types/networking/v1.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';

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
  for (const [i, { hosts = [] }] of tls.entries()) {
    for (const [j, host] of hosts.entries()) errors.push(...nameErrors(host, `spec.tls[${i}].hosts[${j}]`));
  }
  if (ingressClassName !== undefined) {
    errors.push(...invalidEach('spec.ingressClassName', ingressClassName, isDNS1123Subdomain(ingressClassName)));
  }
  return errors;
}

function hostErrors(host: string, path: string): FieldError[] {
  if (isIP(host) !== 0) return [fieldError.invalid(path, host, 'must be a DNS name, not an IP address')];
  return nameErrors(host, path);
}

const nameErrors = (host: string, path: string): FieldError[] =>
  invalidEach(path, host, host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host));

function pathErrors({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (!pathType) return [fieldError.required(`${at}.pathType`, 'pathType must be specified')];
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
  if (resource) return [];
  if (!service) return [fieldError.required(path, 'must specify a service or resource backend')];
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

export const ingresses: Behaviour = { validate };
