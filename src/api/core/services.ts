// Services: rules of the spec (pkg/apis/core/validation ValidateService). Addresses and node ports are the
// allocators' business, which run before this.
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNum,
  nameIsDNSLabel,
} from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { ServicePort, ServiceSpec } from '../types/core/v1.ts';
import { endpointIp } from '../validation/ip.ts';
import { FIELD_IMMUTABLE, validateLabels } from '../validation/metadata.ts';
import { invalidEach, oneOf, requiredOneOf } from '../validation/rules.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86_400;

const specOf = (object: AnyObject): ServiceSpec => (object.spec ?? {}) as ServiceSpec;

function validate(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const headless = spec.clusterIP === 'None';
  return [
    ...portsErrors(spec, headless),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...requiredOneOf(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity'),
    ...affinityErrors(spec),
    ...requiredOneOf(spec.type, TYPES, 'spec.type'),
    ...externalNameErrors(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => endpointIp(ip, `spec.externalIPs[${i}]`)),
    ...trafficErrors(spec),
    ...balancerErrors(spec),
  ];
}

function portsErrors(spec: ServiceSpec, headless: boolean): FieldError[] {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') return [fieldError.required('spec.ports')];
  const names = new Set<string>();
  const taken = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`;
    const errors = portErrors(port, at, ports.length > 1);
    if (port.name) {
      if (names.has(port.name)) errors.push(fieldError.duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) errors.push(fieldError.duplicate(at, { protocol: port.protocol, port: port.port }));
    taken.add(key);
    if (port.nodePort && spec.type === 'ClusterIP') {
      errors.push(fieldError.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    return errors;
  });
}

function portErrors(port: ServicePort, at: string, requireName: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...invalidEach(`${at}.name`, port.name, isDNS1123Label(port.name)));
  else if (requireName) errors.push(fieldError.required(`${at}.name`));
  errors.push(
    ...invalidEach(`${at}.port`, port.port, isValidPortNum(port.port)),
    ...requiredOneOf(port.protocol, PROTOCOLS, `${at}.protocol`),
  );
  const { targetPort } = port;
  if (typeof targetPort === 'number')
    errors.push(...invalidEach(`${at}.targetPort`, targetPort, isValidPortNum(targetPort)));
  else if (targetPort !== undefined) {
    errors.push(...invalidEach(`${at}.targetPort`, targetPort, isValidPortName(targetPort)));
  }
  if (port.appProtocol !== undefined) {
    errors.push(...invalidEach(`${at}.appProtocol`, port.appProtocol, isQualifiedName(port.appProtocol)));
  }
  return errors;
}

function affinityErrors({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity !== 'ClientIP' || seconds === undefined) return [];
  return seconds > 0 && seconds <= MAX_AFFINITY_SECONDS
    ? []
    : [
        fieldError.invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`,
        ),
      ];
}

function externalNameErrors({ type, externalName = '' }: ServiceSpec): FieldError[] {
  if (type !== 'ExternalName') return [];
  const name = externalName.replace(/\.$/, '');
  return name
    ? invalidEach('spec.externalName', name, isDNS1123Subdomain(name))
    : [fieldError.required('spec.externalName')];
}

function trafficErrors(spec: ServiceSpec): FieldError[] {
  const { type, externalTrafficPolicy, internalTrafficPolicy, externalIPs } = spec;
  const errors: FieldError[] = [];
  const external = type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && !!externalIPs?.length);
  if (!external && externalTrafficPolicy) {
    const text = 'may only be set for externally-accessible services';
    errors.push(fieldError.invalid('spec.externalTrafficPolicy', externalTrafficPolicy, text));
  } else if (external) {
    errors.push(...requiredOneOf(externalTrafficPolicy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy'));
  }
  if (internalTrafficPolicy !== undefined) {
    errors.push(...oneOf(internalTrafficPolicy, ['Cluster', 'Local'], 'spec.internalTrafficPolicy'));
  }
  return errors;
}

function balancerErrors(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'LoadBalancer') return [];
  const text = "may only be used when `type` is 'LoadBalancer'";
  const errors: FieldError[] = [];
  if (spec.loadBalancerSourceRanges?.length) errors.push(fieldError.forbidden('spec.LoadBalancerSourceRanges', text));
  if (spec.allocateLoadBalancerNodePorts !== undefined) {
    errors.push(fieldError.forbidden('spec.allocateLoadBalancerNodePorts', text));
  }
  if (spec.loadBalancerClass !== undefined) errors.push(fieldError.forbidden('spec.loadBalancerClass', text));
  return errors;
}

/** An address, once given, stays as long as the type has addresses. */
function validateUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const before = specOf(old);
  const now = specOf(object);
  const hadAddress = before.type !== 'ExternalName' && !!before.clusterIP && now.type !== 'ExternalName';
  if (!hadAddress || now.clusterIP === before.clusterIP) return [];
  return [fieldError.invalid('spec.clusterIPs[0]', now.clusterIP ?? '', FIELD_IMMUTABLE)];
}

export const services: Behaviour = { validateName: nameIsDNSLabel, validate, validateUpdate };
