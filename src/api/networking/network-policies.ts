// NetworkPolicies: selectors, ports and address blocks (pkg/apis/networking/validation ValidateNetworkPolicySpec).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../types/networking/v1.ts';
import { cidrWarnings, isWithin, legacyCidr, parseBlock } from '../validation/address.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach, oneOf, portNumOrName } from '../validation/rules.ts';

const TYPES = ['Ingress', 'Egress'];

function validate(object: AnyObject): FieldError[] {
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = (object.spec ?? {}) as NetworkPolicySpec;
  const errors = validateLabelSelector(podSelector, 'spec.podSelector');
  for (const [i, { ports = [], from = [] }] of ingress.entries()) {
    errors.push(...ruleErrors(ports, from, { path: `spec.ingress[${i}]`, peers: 'from' }));
  }
  for (const [i, { ports = [], to = [] }] of egress.entries()) {
    errors.push(...ruleErrors(ports, to, { path: `spec.egress[${i}]`, peers: 'to' }));
  }
  if (policyTypes.length > TYPES.length) {
    return [
      ...errors,
      fieldError.invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes'),
    ];
  }
  return [...errors, ...policyTypes.flatMap((type, i) => oneOf(type, TYPES, `spec.policyTypes[${i}]`))];
}

const ruleErrors = (
  ports: readonly NetworkPolicyPort[],
  peers: readonly NetworkPolicyPeer[],
  at: { path: string; peers: 'from' | 'to' },
): FieldError[] => [
  ...ports.flatMap((port, i) => portErrors(port, `${at.path}.ports[${i}]`)),
  ...peers.flatMap((peer, i) => peerErrors(peer, `${at.path}.${at.peers}[${i}]`)),
];

function portErrors({ port, endPort, protocol }: NetworkPolicyPort, path: string): FieldError[] {
  const errors = protocol === undefined ? [] : oneOf(protocol, ['TCP', 'UDP', 'SCTP'], `${path}.protocol`);
  if (port === undefined) {
    if (endPort === undefined) return errors;
    return [
      ...errors,
      fieldError.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'),
    ];
  }
  errors.push(...portNumOrName(port, `${path}.port`));
  if (endPort === undefined) return errors;
  if (typeof port === 'string') {
    errors.push(fieldError.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    return errors;
  }
  if (endPort < port) {
    errors.push(fieldError.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'));
  }
  return [...errors, ...invalidEach(`${path}.endPort`, endPort, isValidPortNum(endPort))];
}

function peerErrors({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  if (!podSelector && !namespaceSelector && !ipBlock) {
    return [fieldError.required(path, 'must specify a peer')];
  }
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
  ];
  if (!ipBlock) return errors;
  errors.push(...blockErrors(ipBlock, `${path}.ipBlock`));
  if (podSelector || namespaceSelector) {
    errors.push(fieldError.forbidden(path, 'may not specify both ipBlock and another peer'));
  }
  return errors;
}

function blockErrors({ cidr, except = [] }: IPBlock, path: string): FieldError[] {
  if (!cidr) return [fieldError.required(`${path}.cidr`)];
  const errors = legacyCidr(cidr, `${path}.cidr`);
  const whole = parseBlock(cidr);
  if (!whole) return errors;
  for (const [i, text] of except.entries()) {
    const at = `${path}.except[${i}]`;
    errors.push(...legacyCidr(text, at));
    const part = parseBlock(text);
    if (part && !isWithin(part, whole)) {
      errors.push(fieldError.invalid(at, text, 'must be a strict subset of `cidr`'));
    }
  }
  return errors;
}

function warnings(object: AnyObject): string[] {
  const { ingress = [], egress = [] } = (object.spec ?? {}) as NetworkPolicySpec;
  const of = (peers: readonly NetworkPolicyPeer[] | undefined, path: string) =>
    (peers ?? []).flatMap(({ ipBlock }, j) => [
      ...cidrWarnings(ipBlock?.cidr ?? '', `${path}[${j}].ipBlock.cidr`),
      ...(ipBlock?.except ?? []).flatMap((text, k) => cidrWarnings(text, `${path}[${j}].ipBlock.except[${k}]`)),
    ]);
  return [
    ...ingress.flatMap(({ from }, i) => of(from, `spec.ingress[${i}].from`)),
    ...egress.flatMap(({ to }, i) => of(to, `spec.egress[${i}].to`)),
  ];
}

export const networkPolicies: Behaviour = { validate, warnings };
