// Services (pkg/apis/core/validation validateService). Addresses and node ports are given by allocators, which run
// before this; what they may be is in service-addresses.ts.
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain, isQualifiedName, isValidPortNum, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { LoadBalancerStatus, ServiceSpec } from '../types/core/v1.ts';
import { parseAddress } from '../validation/address.ts';
import { unusableIp, validCidr, validIp } from '../validation/ip.ts';
import { validateLabels } from '../validation/metadata.ts';
import { invalidEach, oneOf, requiredOneOf } from '../validation/rules.ts';
import { isHeadless, validateAddressChange, validateAddresses } from './service-addresses.ts';
import { validateServicePorts } from './service-ports.ts';
import { serviceWarnings } from './service-warnings.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86_400;
const ONLY_BALANCERS = "may only be used when `type` is 'LoadBalancer'";
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';

const specOf = (object: AnyObject): ServiceSpec => (object.spec ?? {}) as ServiceSpec;

function validate(object: AnyObject, old?: AnyObject): FieldError[] {
  const spec = specOf(object);
  const before = old && specOf(old);
  return [
    ...topologyErrors(object),
    ...typeErrors(spec),
    ...validateServicePorts(spec),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...requiredOneOf(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity'),
    ...affinityErrors(spec),
    ...validateAddresses(spec, before),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => externalIp(ip, `spec.externalIPs[${i}]`, before)),
    ...requiredOneOf(spec.type, TYPES, 'spec.type'),
    ...sourceRanges(object, old),
    ...balancerErrors(spec),
    ...trafficErrors(spec),
  ];
}

function topologyErrors({ metadata: { annotations = {} } }: AnyObject): FieldError[] {
  const { [TOPOLOGY_HINTS]: hints, [TOPOLOGY_MODE]: mode } = annotations;
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const text = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  return [fieldError.invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, text)];
}

function typeErrors(spec: ServiceSpec): FieldError[] {
  const { type, externalName = '' } = spec;
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    return [fieldError.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)];
  }
  if (type !== 'ExternalName') return [];
  const given = (['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const).filter((field) => spec[field] !== undefined);
  const name = externalName.replace(/\.$/, '');
  return [
    ...given.map((field) => fieldError.forbidden(`spec.${field}`, 'may not be set for ExternalName services')),
    ...(name
      ? invalidEach('spec.externalName', name, isDNS1123Subdomain(name))
      : [fieldError.required('spec.externalName')]),
  ];
}

function affinityErrors({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && config) {
    return [fieldError.forbidden(path, 'must not be set when session affinity is None')];
  }
  if (sessionAffinity !== 'ClientIP') return [];
  const missing = (at: string) => [fieldError.required(at, 'when session affinity type is ClientIP')];
  if (!config) return missing(path);
  if (!config.clientIP) return missing(`${path}.clientIP`);
  const seconds = config.clientIP.timeoutSeconds;
  const at = `${path}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return missing(at);
  const text = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
  return seconds > 0 && seconds <= MAX_AFFINITY_SECONDS ? [] : [fieldError.invalid(at, seconds, text)];
}

function externalIp(ip: string, path: string, before: ServiceSpec | undefined): FieldError[] {
  const errors = before?.externalIPs?.includes(ip) ? [] : validIp(ip, path);
  return errors.length > 0 ? errors : unusableIp(ip, path);
}

/** Of the field, else of the annotation that came before it. Blanks around them are part of the API. */
function sourceRanges(object: AnyObject, old: AnyObject | undefined): FieldError[] {
  const { loadBalancerSourceRanges: ranges = [], type } = specOf(object);
  const misplaced = (path: string) => (type === 'LoadBalancer' ? [] : [fieldError.forbidden(path, ONLY_BALANCERS)]);
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    const known = new Set((old ? (specOf(old).loadBalancerSourceRanges ?? []) : []).map((range) => range.trim()));
    return [
      ...misplaced(path),
      ...ranges.flatMap((range, i) => (known.has(range.trim()) ? [] : validCidr(range.trim(), `${path}[${i}]`))),
    ];
  }
  const annotation = object.metadata.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return [];
  const path = `metadata.annotations[${SOURCE_RANGES}]`;
  const unchanged = old?.metadata.annotations?.[SOURCE_RANGES] === annotation;
  const list = unchanged || !annotation.trim() ? [] : annotation.split(',');
  return [...misplaced(path), ...list.flatMap((range) => validCidr(range.trim(), path))];
}

function balancerErrors(spec: ServiceSpec): FieldError[] {
  const isBalancer = spec.type === 'LoadBalancer';
  const { allocateLoadBalancerNodePorts: allocate, loadBalancerClass } = spec;
  const errors: FieldError[] = [];
  if (allocate !== undefined && !isBalancer) {
    errors.push(fieldError.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCERS));
  }
  if (allocate === undefined && isBalancer) errors.push(fieldError.required('allocateLoadBalancerNodePorts'));
  return [...errors, ...classErrors(loadBalancerClass, isBalancer)];
}

function classErrors(name: string | undefined, isBalancer: boolean): FieldError[] {
  if (name === undefined) return [];
  const path = 'spec.loadBalancerClass';
  return isBalancer ? invalidEach(path, name, isQualifiedName(name)) : [fieldError.forbidden(path, ONLY_BALANCERS)];
}

const checksHealth = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

function trafficErrors(spec: ServiceSpec): FieldError[] {
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal, trafficDistribution } = spec;
  const errors: FieldError[] = [];
  const reachable =
    type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && !!spec.externalIPs?.length);
  if (reachable) errors.push(...requiredOneOf(external, ['Cluster', 'Local'], 'spec.externalTrafficPolicy'));
  else if (external) {
    const text = 'may only be set for externally-accessible services';
    errors.push(fieldError.invalid('spec.externalTrafficPolicy', external, text));
  }
  errors.push(...healthCheckPort(spec));
  if (internal !== undefined) errors.push(...oneOf(internal, ['Cluster', 'Local'], 'spec.internalTrafficPolicy'));
  else if (type && TYPES.includes(type) && type !== 'ExternalName') {
    errors.push(fieldError.required('spec.internalTrafficPolicy'));
  }
  if (trafficDistribution !== undefined) {
    const known = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
    errors.push(...oneOf(trafficDistribution, known, 'spec.trafficDistribution'));
  }
  return errors;
}

function healthCheckPort(spec: ServiceSpec): FieldError[] {
  const { healthCheckNodePort: port = 0 } = spec;
  const path = 'spec.healthCheckNodePort';
  if (checksHealth(spec))
    return port === 0 ? [fieldError.required(path)] : invalidEach(path, port, isValidPortNum(port));
  const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return port === 0 ? [] : [fieldError.invalid(path, port, text)];
}

/** The object's own rules come with `validate`; here are those of the change. */
function validateUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const spec = specOf(object);
  const before = specOf(old);
  const errors = validateAddressChange(spec, before);
  const isBalancer = spec.type === 'LoadBalancer';
  if (isBalancer && before.type === 'LoadBalancer' && spec.loadBalancerClass !== before.loadBalancerClass) {
    const text = 'may not change once set';
    errors.push(fieldError.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, text));
  }
  errors.push(...classErrors(spec.loadBalancerClass, isBalancer));
  if (checksHealth(spec) && checksHealth(before) && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(fieldError.forbidden('spec.healthCheckNodePort', 'field is immutable'));
  }
  return errors;
}

function validateStatusUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const ingressOf = ({ status }: AnyObject) =>
    (status as { loadBalancer?: LoadBalancerStatus } | undefined)?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  const list = ingressOf(object);
  if (specOf(object).type !== 'LoadBalancer' && list.length > 0) {
    return [fieldError.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  const known = new Set(ingressOf(old).map(({ ip }) => ip));
  return list.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = `${path}[${i}]`;
    const errors = ip && !known.has(ip) ? validIp(ip, `${at}.ip`) : [];
    if (ipMode === undefined) {
      if (ip) errors.push(fieldError.required(`${at}.ipMode`, 'must be specified when `ip` is set'));
    } else if (!ip) errors.push(fieldError.forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else errors.push(...oneOf(ipMode, ['Proxy', 'VIP'], `${at}.ipMode`));
    if (!hostname) return errors;
    errors.push(...invalidEach(`${at}.hostname`, hostname, isDNS1123Subdomain(hostname)));
    const text = 'must be a DNS name, not an IP address';
    return parseAddress(hostname) ? [...errors, fieldError.invalid(`${at}.hostname`, hostname, text)] : errors;
  });
}

/** An external name has no traffic of ours, whatever its author asked for (defaultOnReadInternalTrafficPolicy). */
function dropInternalTraffic(object: AnyObject): void {
  const spec = specOf(object);
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
}

export const services: Behaviour = {
  prepareForCreate: dropInternalTraffic,
  prepareForUpdate: dropInternalTraffic,
  validateName: nameIsDNSLabel,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings: (object, old) => serviceWarnings(object, old),
};
