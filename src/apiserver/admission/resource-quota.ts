// ResourceQuota: what is made in a namespace, or grows, must fit into what its quotas leave; they are charged before
// the object is written (k8s.io/apiserver/pkg/admission/plugin/resourcequota). What was charged for a write that then
// failed is given back by the controller's next count.
import type { ResourceType } from '../../api/definition.ts';
import { textsOf } from '../../api/quota/amounts.ts';
import { type Charge, checkQuotas } from '../../api/quota/check.ts';
import { quotaEvaluator } from '../../api/quota/evaluators.ts';
import { resourceQuotas } from '../../api/resources.ts';
import type { ResourceQuota } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { refuse } from './request.ts';

/** As upstream: another writer of a quota's status gets in between at most this often. */
const RETRIES = 3;

export interface ResourceQuotaOptions {
  reader: ObjectReader;
  clock: Clock;
  /** Writes the status of a quota as it was read. Rejects with a conflict when it changed since. */
  updateStatus(type: ResourceType<ResourceQuota>, quota: ResourceQuota): Promise<unknown>;
}

export function resourceQuota(options: ResourceQuotaOptions): AdmissionPlugin {
  /** The last request of each namespace that is being judged: one after another, or two would take what is left. */
  const turns = new Map<string, Promise<void>>();

  return {
    name: 'ResourceQuota',
    async validate(request) {
      const { namespace } = request;
      if (!isCounted(request) || options.reader.list(resourceQuotas, namespace).length === 0) return;
      const turn = (turns.get(namespace) ?? Promise.resolve()).then(() => charge(request, options));
      const settled = turn.catch(() => undefined); // its own caller hears of it
      turns.set(namespace, settled);
      try {
        await turn;
      } finally {
        if (turns.get(namespace) === settled) turns.delete(namespace);
      }
    },
  };
}

function isCounted(request: AdmissionRequest): boolean {
  const { operation, definition, namespace } = request;
  if (namespace === '' || (operation !== 'CREATE' && operation !== 'UPDATE') || !request.object) return false;
  if (definition.group === '' && definition.plural === 'namespaces') return false;
  return quotaEvaluator(definition)?.handles(request) ?? false;
}

async function charge(request: AdmissionRequest, options: ResourceQuotaOptions): Promise<void> {
  const evaluator = quotaEvaluator(request.definition);
  if (!evaluator) return;
  const { reader, clock } = options;
  /** Charged quotas are done with: only those that another writer came before are looked at again. */
  const charged = new Set<string>();
  for (let left = RETRIES; ; left--) {
    const quotas = reader
      .list(resourceQuotas, request.namespace)
      .filter(({ metadata }) => !charged.has(metadata.uid ?? ''));
    const verdict = checkQuotas(quotas, { request, evaluator, now: clock.now() });
    if ('refusal' in verdict) throw refuse(request, verdict.refusal);
    if (request.dryRun) return;
    const conflict = await write(verdict.charges, charged, options);
    if (conflict === undefined) return;
    if (left === 0) throw conflict;
  }
}

/** Resolves with the conflict of the last quota that somebody else wrote meanwhile. */
async function write(
  charges: readonly Charge[],
  charged: Set<string>,
  options: ResourceQuotaOptions,
): Promise<unknown> {
  let conflict: unknown;
  for (const { quota, used } of charges) {
    try {
      await options.updateStatus(resourceQuotas, { ...quota, status: { ...quota.status, used: textsOf(used) } });
      charged.add(quota.metadata.uid ?? '');
    } catch (error) {
      if (hasReason(error, 'NotFound')) continue; // deleted meanwhile, and limits nothing any more
      if (!hasReason(error, 'Conflict')) throw error;
      conflict = error;
    }
  }
  return conflict;
}
