// What a quota counts of one resource: which requests can change it, which amounts it is about, which scopes an
// object is in, and how much an object uses (k8s.io/apiserver/pkg/quota/v1 Evaluator).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { quantityOf } from '../../apimachinery/quantity.ts';
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../types/core/v1.ts';
import type { Amounts } from './amounts.ts';

/** What decides whether a request is of interest. */
export interface QuotaRequest {
  operation: string;
  subresource: string;
  object: AnyObject | undefined;
  oldObject: AnyObject | undefined;
}

export interface QuotaEvaluator {
  handles(request: QuotaRequest): boolean;
  /** Whether it counts the resource of this name. */
  counts(name: string): boolean;
  /** Scopes other than those it knows hold no object of the kind. */
  inScope?(requirement: ScopedResourceSelectorRequirement, object: AnyObject): boolean;
  /** What the object lacks under a quota for `names`, as a sentence; undefined when it lacks nothing. */
  lacking?(names: readonly string[], object: AnyObject): string | undefined;
  /** `now`: wall-clock milliseconds. */
  usage(object: AnyObject, now: number): Amounts;
}

export const ONE = quantityOf(1);

/** `count/deployments.apps`. */
export const countName = (resource: { group: string; plural: string }): string =>
  resource.group ? `count/${resource.plural}.${resource.group}` : `count/${resource.plural}`;

/** Counts objects when they are made; `alias` is what quotas of old call them. */
export function objectCount(resource: { group: string; plural: string }, alias?: string): QuotaEvaluator {
  const names = [countName(resource), ...(alias ? [alias] : [])];
  return {
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    counts: (name) => names.includes(name),
    usage: () => new Map(names.map((name) => [name, ONE])),
  };
}

/** The scopes of a quota in both spellings. */
export const scopesOf = ({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] => [
  ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
  ...(spec?.scopeSelector?.matchExpressions ?? []),
];

/** Whether the object is in all scopes of the quota. */
export const inScopes = (quota: ResourceQuota, evaluator: QuotaEvaluator, object: AnyObject): boolean =>
  scopesOf(quota).every((requirement) => evaluator.inScope?.(requirement, object) ?? false);

/** Whether a selector holds of one of the values, or of their absence. */
export function selects({ operator, values = [] }: ScopedResourceSelectorRequirement, of: Iterable<string>): boolean {
  const present = [...of];
  switch (operator) {
    case 'Exists':
      return present.length > 0;
    case 'DoesNotExist':
      return present.length === 0;
    case 'In':
      return present.some((value) => values.includes(value));
    default:
      return present.length === 0 || present.some((value) => !values.includes(value));
  }
}
