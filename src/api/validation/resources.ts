// What containers and Pods ask for (pkg/apis/core/validation validateResourceRequirements, validatePodResources).
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity, QuantityError } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { aggregateLimits, aggregateRequests } from '../core/aggregate-resources.ts';
import type { PodSpec, ResourceClaim, ResourceRequirements } from '../types/core/v1.ts';
import {
  containerResourceName,
  isHugePages,
  isOvercommitAllowed,
  podResourceName,
  resourceAmount,
} from './resource-names.ts';
import { invalidEach } from './rules.ts';

type NameRule = (name: string, path: string) => FieldError[];

/** `claims` are the names of the Pod's resource claims. */
export const validateResources = (
  resources: ResourceRequirements | undefined,
  path: string,
  claims: ReadonlySet<string> = new Set(),
): FieldError[] => requirements(resources ?? {}, path, { claims, nameRule: containerResourceName });

function requirements(
  { limits = {}, requests = {}, claims: used = [] }: ResourceRequirements,
  path: string,
  { claims, nameRule }: { claims: ReadonlySet<string>; nameRule: NameRule },
): FieldError[] {
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  return [
    ...Object.entries(limits).flatMap(([name, text]) => amountErrors(name, text, `${path}.limits[${name}]`, nameRule)),
    ...Object.entries(requests).flatMap(([name, text]) => [
      ...amountErrors(name, text, `${path}.requests[${name}]`, nameRule),
      ...overcommit(name, text, limits[name], path),
    ]),
    ...(names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')
      ? [fieldError.forbidden(path, 'HugePages require cpu or memory')]
      : []),
    ...claimNames(used, claims, `${path}.claims`),
  ];
}

function amountErrors(name: string, text: string, path: string, nameRule: NameRule): FieldError[] {
  const errors = [...nameRule(name, path), ...resourceAmount(name, text, path)];
  const problem = isHugePages(name) ? hugePageProblem(name, text) : undefined;
  return problem ? [...errors, fieldError.invalid(path, text, problem)] : errors;
}

/** Pages come whole. */
function hugePageProblem(name: string, text: string): string | undefined {
  const size = pageSize(name);
  if (size === undefined || size <= 0n) return 'page size should be a positive integer';
  return parseQuantity(text).nano % size === 0n ? undefined : `${text} is not positive integer multiple of ${name}`;
}

function pageSize(name: string): bigint | undefined {
  try {
    return parseQuantity(name.slice('hugepages-'.length)).nano;
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

function overcommit(name: string, text: string, limit: string | undefined, path: string): FieldError[] {
  const exact = !isOvercommitAllowed(name);
  if (limit === undefined) {
    return exact ? [fieldError.required(`${path}.limits`, 'Limit must be set for non overcommitable resources')] : [];
  }
  const order = compareQuantity(parseQuantity(text), parseQuantity(limit));
  const relation = exact && order !== 0 ? 'equal to' : order > 0 ? 'less than or equal to' : undefined;
  return relation
    ? [fieldError.invalid(`${path}.requests`, text, `must be ${relation} ${name} limit of ${limit}`)]
    : [];
}

/** Each names a claim of the Pod, whole or one request of it, and none twice. */
function claimNames(used: readonly ResourceClaim[], claims: ReadonlySet<string>, path: string): FieldError[] {
  const seen = new Set<string>();
  return used.flatMap(({ name = '', request = '' }, i) => {
    const at = `${path}[${i}]`;
    if (!name) return [fieldError.required(at)];
    const key = request ? `${name}/${request}` : name;
    const errors = request && !seen.has(name) ? invalidEach(`${at}.request`, request, isDNS1123Label(request)) : [];
    const overlaps = request ? [] : [...seen].filter((other) => other.startsWith(`${name}/`));
    if (seen.has(name) || seen.has(key)) errors.push(fieldError.duplicate(at, key));
    else errors.push(...overlaps.map(() => fieldError.duplicate(at, name)));
    seen.add(key);
    return claims.has(name) ? errors : [...errors, fieldError.notFound(at, name)];
  });
}

/** Resources of the Pod as a whole: enough for its containers. */
export function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  const at = `${path}.resources`;
  if (spec.os?.name === 'windows') return [fieldError.forbidden(at, 'may not be set for a windows pod')];
  return [
    ...(resources.claims
      ? [fieldError.forbidden(`${at}.claims`, 'claims may not be set for Resources at pod-level')]
      : []),
    ...requirements(resources, at, { claims: claimNamesOf(spec), nameRule: podResourceName }),
    ...consistency(spec, resources, at),
  ];
}

export const claimNamesOf = ({ resourceClaims = [] }: PodSpec): ReadonlySet<string> =>
  new Set(resourceClaims.map(({ name }) => name).filter(Boolean));

function consistency(spec: PodSpec, { limits = {}, requests = {} }: ResourceRequirements, path: string): FieldError[] {
  const exceeds = (amount: string, bound: string | undefined) =>
    bound !== undefined && compareQuantity(parseQuantity(amount), parseQuantity(bound)) > 0;
  const short = (sums: Record<string, string>, bounds: Record<string, string>, field: 'limits' | 'requests') =>
    Object.entries(sums).flatMap(([name, sum]) =>
      exceeds(sum, bounds[name])
        ? [
            fieldError.invalid(
              `${path}.${field}[${name}]`,
              bounds[name],
              `must be greater than or equal to aggregate container ${field} of ${sum}`,
            ),
          ]
        : [],
    );
  const hugeLimits = Object.entries(aggregateLimits(spec)).filter(([name]) => isHugePages(name));
  return [
    ...short(aggregateRequests(spec), requests, 'requests'),
    ...short(Object.fromEntries(hugeLimits), limits, 'limits'),
    ...(spec.containers ?? []).flatMap((container, i) =>
      Object.entries(container.resources?.limits ?? {}).flatMap(([name, text]) =>
        exceeds(text, limits[name])
          ? [
              fieldError.invalid(
                `${path}.containers[${i}][${name}].limits`,
                text,
                `must be less than or equal to pod limits of ${limits[name]}`,
              ),
            ]
          : [],
      ),
    ),
  ];
}
