// Whether a request fits into the quotas of its namespace, and what they have used after it
// (k8s.io/apiserver/pkg/admission/plugin/resourcequota CheckRequest). Pure; what a quota has used is what its status says.
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ResourceQuota } from '../types/core/v1.ts';
import {
  type Amounts,
  add,
  amountsOf,
  equal,
  exceeding,
  mask,
  negative,
  shownAmounts,
  subtract,
  withoutZeros,
} from './amounts.ts';
import { inScopes, type QuotaEvaluator, type QuotaRequest } from './evaluator.ts';

export interface Charge {
  quota: ResourceQuota;
  used: Amounts;
}

/** What to write into which quotas; or a sentence that says why the request is refused. */
export type Verdict = { charges: Charge[] } | { refusal: string };

interface Question {
  request: QuotaRequest;
  evaluator: QuotaEvaluator;
  /** Wall-clock milliseconds. */
  now: number;
}

export function checkQuotas(quotas: readonly ResourceQuota[], { request, evaluator, now }: Question): Verdict {
  if (!evaluator.handles(request)) return { charges: [] };
  const object = request.object as AnyObject;
  const concerned = quotas.filter((quota) => concerns(quota, evaluator, object));
  for (const quota of concerned) {
    const refusal = unready(quota, evaluator, object);
    if (refusal) return { refusal };
  }
  const used = evaluator.usage(object, now);
  const below = negative(used);
  if (below.length > 0) {
    return { refusal: `quota usage is negative for resource(s): ${below.sort().join(',')}` };
  }
  const charges: Charge[] = [];
  for (const quota of concerned) {
    const before =
      request.operation === 'UPDATE' && request.oldObject && concerns(quota, evaluator, request.oldObject)
        ? evaluator.usage(request.oldObject, now)
        : new Map();
    const charge = chargeTo(quota, withoutZeros(subtract(used, before)), request.subresource);
    if (typeof charge === 'string') return { refusal: charge };
    if (charge) charges.push(charge);
  }
  return { charges };
}

function concerns(quota: ResourceQuota, evaluator: QuotaEvaluator, object: AnyObject): boolean {
  const hard = Object.keys(quota.status?.hard ?? {});
  return hard.some((name) => evaluator.counts(name)) && inScopes(quota, evaluator, object);
}

/** A quota refuses what does not say how much it uses, and everything as long as nobody has counted. */
function unready(quota: ResourceQuota, evaluator: QuotaEvaluator, object: AnyObject): string | undefined {
  const name = quota.metadata.name ?? '';
  const { hard = {}, used = {} } = quota.status ?? {};
  const counted = Object.keys(hard).filter((one) => evaluator.counts(one));
  const lacking = evaluator.lacking?.(counted, object);
  if (lacking) return `failed quota: ${name}: ${lacking}`;
  if (counted.every((one) => used[one] !== undefined)) return undefined;
  return `status unknown for quota: ${name}, resources: ${counted.sort().join(',')}`;
}

function chargeTo(quota: ResourceQuota, asked: Amounts, subresource: string): Charge | string | undefined {
  const hard = amountsOf(quota.status?.hard);
  const before = amountsOf(quota.status?.used);
  const requested = mask(asked, hard.keys());
  const used = add(before, requested);
  // A status reports what is so already.
  const exceeded = subresource === 'status' ? [] : exceeding(mask(used, requested.keys()), hard);
  if (exceeded.length === 0) return equal(used, before) ? undefined : { quota, used };
  const shown = (amounts: Amounts) => shownAmounts(mask(amounts, exceeded));
  return (
    `exceeded quota: ${quota.metadata.name}, requested: ${shown(requested)}, ` +
    `used: ${shown(before)}, limited: ${shown(hard)}`
  );
}
