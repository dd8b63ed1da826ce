// What the objects of a namespace use of a quota's amounts (k8s.io/apiserver/pkg/quota/v1 CalculateUsage).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { ZERO } from '../../apimachinery/quantity.ts';
import type { ResourceQuota } from '../types/core/v1.ts';
import { type Amounts, add, mask } from './amounts.ts';
import { inScopes, type QuotaEvaluator } from './evaluator.ts';

/** One resource of the namespace. `objects` is asked only if the quota counts any of it. */
export interface Counted {
  evaluator: QuotaEvaluator;
  objects(): readonly AnyObject[];
}

/** Amounts that nothing counts are left out. `now`: wall-clock milliseconds. */
export function countUsage(quota: ResourceQuota, resources: readonly Counted[], now: number): Amounts {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const known = new Set<string>();
  let used: Amounts = new Map();
  for (const { evaluator, objects } of resources) {
    const names = hard.filter((name) => evaluator.counts(name));
    if (names.length === 0) continue;
    for (const name of names) known.add(name);
    used = add(used, new Map(names.map((name) => [name, ZERO])));
    for (const object of objects()) {
      if (inScopes(quota, evaluator, object)) used = add(used, evaluator.usage(object, now));
    }
  }
  return mask(used, known);
}
