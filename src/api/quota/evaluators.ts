// Which evaluator counts a resource: those of this list by their own rules, all others by number
// (k8s.io/kubernetes pkg/quota/v1/install/registry.go, pkg/quota/v1/evaluator/core/registry.go).
import { claimEvaluator, resourceClaimEvaluator } from './claims.ts';
import { objectCount, type QuotaEvaluator } from './evaluator.ts';
import { podEvaluator } from './pods.ts';
import { serviceEvaluator } from './services.ts';

interface Counted {
  group: string;
  plural: string;
}

/** `group/resource`. */
const OWN: Readonly<Record<string, QuotaEvaluator>> = {
  '/pods': podEvaluator,
  '/services': serviceEvaluator,
  '/persistentvolumeclaims': claimEvaluator,
  'resource.k8s.io/resourceclaims': resourceClaimEvaluator,
};

/** Quotas call these by their plain names too. */
const ALIASED = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];

/** What is not stored, and events, which never were counted. */
const IGNORED = new Set([
  '/bindings',
  '/componentstatuses',
  '/events',
  'events.k8s.io/events',
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

export function quotaEvaluator({ group, plural }: Counted): QuotaEvaluator | undefined {
  const id = `${group}/${plural}`;
  if (IGNORED.has(id)) return undefined;
  return OWN[id] ?? objectCount({ group, plural }, group === '' && ALIASED.includes(plural) ? plural : undefined);
}
