// LimitRanger: containers get the defaults of the namespace's LimitRanges, and what asks for too little or too much is
// refused (plugin/pkg/admission/limitranger/admission.go).
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts';
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  isZeroQuantity,
  milliValue,
  parseQuantity,
  type Quantity,
  ZERO,
} from '../../apimachinery/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { aggregate, refuse, resourceOf } from './request.ts';
import { limitRanges } from './resources.ts';

type Quantities = Readonly<Record<string, string>>;
interface Usage {
  requests: Quantities;
  limits: Quantities;
}

export const limitRanger = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'LimitRanger',
  admit(request) {
    if (!isLimited(request) || resourceOf(request) !== 'pods') return;
    for (const range of reader.list(limitRanges, request.namespace)) {
      setDefaults(request.object as unknown as Pod, range);
    }
  },

  validate(request) {
    if (!isLimited(request)) return;
    for (const range of reader.list(limitRanges, request.namespace)) {
      const problems =
        resourceOf(request) === 'pods'
          ? podProblems(request.object as unknown as Pod, range)
          : claimProblems(request.object as unknown as PersistentVolumeClaim, range);
      if (problems.length > 0) throw refuse(request, aggregate(problems));
    }
  },
});

/** Pods when made or resized (else their resources cannot change), claims always; not what is going away. */
function isLimited(request: AdmissionRequest): boolean {
  const { operation, subresource, oldObject } = request;
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || oldObject?.metadata.deletionTimestamp) return false;
  switch (resourceOf(request)) {
    case 'pods':
      return operation === 'CREATE' ? subresource === '' : subresource === 'resize';
    case 'persistentvolumeclaims':
      return subresource === '';
    default:
      return false;
  }
}

const itemsOf = (range: LimitRange, type: string): LimitRangeItem[] =>
  (range.spec?.limits ?? []).filter((item) => item.type === type);

function setDefaults(pod: Pod, range: LimitRange): void {
  const items = itemsOf(range, 'Container');
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest)) as Quantities;
  const limits = Object.assign({}, ...items.map((item) => item.default)) as Quantities;
  const told = [
    ...(pod.spec?.containers ?? []).flatMap((c) => setContainerDefaults(c, 'container', { requests, limits })),
    ...(pod.spec?.initContainers ?? []).flatMap((c) => setContainerDefaults(c, 'init container', { requests, limits })),
  ];
  if (told.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${told.join('; ')}`,
  };
}

function setContainerDefaults(container: Container, what: string, defaults: Usage): string[] {
  const told: string[] = [];
  for (const [field, word] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const given = (container.resources?.[field] ?? {}) as Quantities;
    const missing = Object.keys(defaults[field]).filter((name) => given[name] === undefined);
    if (missing.length === 0) continue;
    const added = Object.fromEntries(missing.map((name) => [name, defaults[field][name] as string]));
    container.resources = { ...container.resources, [field]: { ...given, ...added } };
    told.push(`${missing.sort().join(', ')} ${word} for ${what} ${container.name}`);
  }
  return told;
}

function podProblems(pod: Pod, range: LimitRange): string[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return [
    ...itemsOf(range, 'Container').flatMap((item) => containers.flatMap((c) => problems(item, usageOf(c)))),
    ...itemsOf(range, 'Pod').flatMap((item) => problems(item, podUsage(pod))),
  ];
}

const claimProblems = (claim: PersistentVolumeClaim, range: LimitRange): string[] => {
  const requests = (claim.spec?.resources?.requests ?? {}) as Quantities;
  return itemsOf(range, 'PersistentVolumeClaim').flatMap((item) => [
    ...each(item.min, (name, bound) => belowMin(item.type, name, bound, { requests, limits: {} })),
    ...each(item.max, (name, bound) => aboveMaxRequest(item.type, name, bound, requests[name])),
  ]);
};

const usageOf = ({ resources }: Container): Usage => ({
  requests: (resources?.requests ?? {}) as Quantities,
  limits: (resources?.limits ?? {}) as Quantities,
});

const problems = (item: LimitRangeItem, usage: Usage): string[] => [
  ...each(item.min, (name, bound) => belowMin(item.type, name, bound, usage)),
  ...each(item.max, (name, bound) => aboveMax(item.type, name, bound, usage)),
  ...each(item.maxLimitRequestRatio, (name, bound) => aboveRatio(item.type, name, bound, usage)),
];

function each(bounds: object | undefined, check: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries((bounds ?? {}) as Quantities).flatMap(([name, bound]) => check(name, bound) ?? []);
}

const less = (a: string, b: string): boolean => compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;

function belowMin(type: string, name: string, bound: string, { requests, limits }: Usage): string | undefined {
  const head = `minimum ${name} usage per ${type} is ${bound}`;
  const [request, limit] = [requests[name], limits[name]];
  if (request === undefined) return `${head}.  No request is specified`;
  if (less(request, bound)) return `${head}, but request is ${request}`;
  return limit !== undefined && less(limit, bound) ? `${head}, but limit is ${limit}` : undefined;
}

function aboveMax(type: string, name: string, bound: string, { requests, limits }: Usage): string | undefined {
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  const [request, limit] = [requests[name], limits[name]];
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (less(bound, limit)) return `${head}, but limit is ${limit}`;
  return request !== undefined && less(bound, request) ? `${head}, but request is ${request}` : undefined;
}

function aboveMaxRequest(type: string, name: string, bound: string, request: string | undefined): string | undefined {
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${head}.  No request is specified`;
  return less(bound, request) ? `${head}, but request is ${request}` : undefined;
}

function aboveRatio(type: string, name: string, bound: string, { requests, limits }: Usage): string | undefined {
  const head = `${name} max limit to request ratio per ${type} is ${bound}`;
  const [request, limit] = [parseQuantity(requests[name] ?? '0'), parseQuantity(limits[name] ?? '0')];
  if (isZeroQuantity(request)) return `${head}, but no request is specified or request is 0`;
  if (isZeroQuantity(limit)) return `${head}, but no limit is specified or limit is 0`;
  const ratio = milliValue(limit) / milliValue(request);
  return ratio * 1000 > milliValue(parseQuantity(bound))
    ? `${head}, but provided ratio is ${ratio.toFixed(6)}`
    : undefined;
}

/** Containers run together, init containers before them unless they are sidecars (restartPolicy Always). */
function podUsage(pod: Pod): Usage {
  return { requests: podSum(pod, 'requests'), limits: podSum(pod, 'limits') };
}

function podSum(pod: Pod, field: keyof Usage): Quantities {
  const running = new Map<string, Quantity>();
  const sidecars = new Map<string, Quantity>();
  const peaks = new Map<string, Quantity>();
  const add = (to: Map<string, Quantity>, name: string, amount: Quantity) =>
    to.set(name, addQuantity(to.get(name) ?? ZERO, amount));
  const amountsOf = (container: Container) =>
    Object.entries(usageOf(container)[field]).map(([name, text]) => [name, parseQuantity(text)] as const);

  for (const container of pod.spec?.containers ?? []) {
    for (const [name, amount] of amountsOf(container)) add(running, name, amount);
  }
  for (const container of pod.spec?.initContainers ?? []) {
    const stays = container.restartPolicy === 'Always';
    for (const [name, amount] of amountsOf(container)) {
      if (stays) {
        add(running, name, amount);
        add(sidecars, name, amount);
      }
      const peak = addQuantity(stays ? ZERO : amount, sidecars.get(name) ?? ZERO);
      peaks.set(name, larger(peak, peaks.get(name) ?? ZERO));
    }
  }
  for (const [name, peak] of peaks) running.set(name, larger(peak, running.get(name) ?? ZERO));
  return Object.fromEntries([...running].map(([name, amount]) => [name, formatQuantity(amount)]));
}

const larger = (a: Quantity, b: Quantity): Quantity => (compareQuantity(a, b) > 0 ? a : b);
