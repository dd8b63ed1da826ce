// Evicting a pod: a delete that disruption budgets can refuse (pkg/registry/core/pod/storage/eviction.go).
import { isDeepStrictEqual } from 'node:util';
import type { ResourceDefinition, ResourceType } from '../../api/definition.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import type { Condition } from '../../api/types/meta/v1.ts';
import type { Eviction, PodDisruptionBudget } from '../../api/types/policy/v1.ts';
import { matchesLabelSelector } from '../../apimachinery/labels.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  badRequest,
  fieldError,
  forbidden,
  invalid,
  tooManyRequests,
  unexpected,
} from '../../apimachinery/status-error.ts';
import { timestamp } from '../../clock.ts';
import { bodyType } from '../body-type.ts';
import { admitBody, type CallHandler, namespaceOf, type ResourceCall, strictness, writeTarget } from '../call.ts';
import { decodedValue, decodeObject } from '../decode.ts';
import type { ObjectReader } from '../reader.ts';
import { deleteObject } from '../registry/delete.ts';
import { type DeletionFields, deletionFields, judged } from '../registry/delete-options.ts';
import { viewOf } from '../registry/keys.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { getEntry } from '../registry/read.ts';
import { updateObject } from '../registry/update.ts';
import { matchNamespace } from '../registry/write.ts';
import { created } from './created.ts';

const EVICTION = { group: 'policy', version: 'v1', kind: 'Eviction' };
const ALLOWED = 'DisruptionAllowed';
/** Budgets are charged by the API server itself, whoever evicts. */
const API_SERVER = 'kube-apiserver';
/** A budget that lists more disrupted pods than this is not being looked after by its controller. */
const MAX_DISRUPTED_PODS = 2_000;

export interface EvictionOptions {
  reader: ObjectReader;
  budgets(): ResourceDefinition;
}

export const evictionHandler =
  (options: EvictionOptions): CallHandler =>
  async (call) => {
    const { env, request, info, definition } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const type = bodyType(EVICTION, env.types);
    const eviction = (await decodeObject(
      request.body,
      { ...type, versions: ['v1', 'v1beta1'] },
      strictness(call, parameters),
    )) as AnyObject & Eviction;
    matchNamespace(eviction, definition, info.namespace);
    if (eviction.metadata.name !== info.name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    refuseUnsafeDeletion(eviction, info.name);
    // They are judged late, by the deletion itself.
    const deletion = deletionFields(decodedValue(eviction.deleteOptions ?? {}), env.types);
    requireSameDryRun(deletion, request.query.getAll('dryRun'));
    await admitBody(call, parameters, eviction);
    const entry = await getEntry(env.storage, definition, { namespace: namespaceOf(call), name: info.name });
    const dryRun = parameters.dryRun || deletion.dryRun.length > 0;
    const pod = viewOf(definition, entry) as AnyObject & Pod;
    const target = { ...writeTarget(call, { ...parameters, dryRun }), subresource: '' };
    if (!goesAnyway(pod)) await takeFromBudget(call, { ...options, pod, dryRun });
    if (!dryRun) await markEvicted(call, pod);
    const preconditions = { uid: pod.metadata.uid as string, ...deletion.preconditions };
    await deleteObject(env, target, { ...judged(deletion), dryRun, preconditions });
    return created();
  };

/** Who evicts may not delete what cannot be read. */
function refuseUnsafeDeletion({ deleteOptions }: Eviction, name: string | undefined): void {
  if (!deleteOptions?.ignoreStoreReadErrorWithClusterBreakingPotential) return;
  const field = 'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential';
  const text = 'can not be set for pod eviction, try after removing the option';
  throw invalid(EVICTION, name ?? '', [fieldError.invalid(field, true, text)]);
}

/** Throws 500, as upstream. */
function requireSameDryRun({ dryRun }: DeletionFields, asked: readonly string[]): void {
  if (dryRun.length === 0 || asked.length === 0 || isDeepStrictEqual(dryRun, asked)) return;
  throw unexpected(
    `Non-matching dry-run options in request and content: [${asked.join(' ')}] and [${dryRun.join(' ')}]`,
  );
}

/** Tells why the pod goes, before it goes (KEP-3329). */
async function markEvicted(call: ResourceCall, { metadata }: Pod): Promise<void> {
  const now = timestamp(call.env.clock);
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  const target = { ...writeTarget(call, { dryRun: false, fieldManager: '' }), subresource: 'status' };
  await updateObject(call.env, target, {
    apply: (current) => {
      const pod = structuredClone(current) as AnyObject & Pod;
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      pod.metadata.uid = metadata.uid as string;
      pod.status = { ...pod.status, conditions: [...others, condition] } as unknown as NonNullable<Pod['status']>;
      return pod;
    },
    prepare: call.definition.prepareForStatusUpdate,
    validate: call.definition.validateStatusUpdate,
    unconditional: true,
    managed: true, // upstream tracks nobody here
  });
}

/** Pods that serve nobody, or are going already, need no budget. */
const goesAnyway = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

interface Taking extends EvictionOptions {
  pod: AnyObject & Pod;
  dryRun: boolean;
}

async function takeFromBudget(call: ResourceCall, { reader, budgets, pod, dryRun }: Taking): Promise<void> {
  const definition = budgets();
  const matching = reader
    .list(definition as ResourceType<PodDisruptionBudget & AnyObject>, pod.metadata.namespace)
    .filter(({ spec }) => matchesLabelSelector(spec?.selector, pod.metadata.labels));
  if (matching.length === 0) return;
  if (matching.length > 1) {
    throw unexpected(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [budget] = matching as [PodDisruptionBudget & AnyObject];
  if (unguarded(budget, pod)) return;
  await updateObject(
    call.env,
    {
      ...writeTarget({ ...call, definition }, { dryRun, fieldManager: API_SERVER }),
      name: budget.metadata.name as string,
      subresource: 'status',
    },
    {
      apply: (current) => disrupted(current as PodDisruptionBudget & AnyObject, pod, timestamp(call.env.clock)),
      prepare: definition.prepareForStatusUpdate,
      validate: definition.validateStatusUpdate,
    },
  );
}

/** Nothing is left: the budget says so at once (pkg/controller/util/policy UpdateDisruptionAllowedCondition). */
function exhausted({ status }: PodDisruptionBudget, now: string): Condition[] {
  const { conditions = [], observedGeneration } = status ?? {};
  const before = conditions.find(({ type }) => type === ALLOWED);
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  const condition: Condition = {
    type: ALLOWED,
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    lastTransitionTime,
  };
  if (observedGeneration) condition.observedGeneration = observedGeneration;
  return [...conditions.filter(({ type }) => type !== ALLOWED), condition];
}

/** A pod that is running but not ready need not be asked for, when the budget says so or is met without it. */
function unguarded({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (isReady(pod)) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function disrupted(budget: PodDisruptionBudget & AnyObject, pod: Pod, now: string): AnyObject {
  const name = budget.metadata.name as string;
  const {
    observedGeneration = 0,
    disruptionsAllowed = 0,
    desiredHealthy = 0,
    currentHealthy = 0,
  } = budget.status ?? {};
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const because = (text: string) => [{ reason: 'DisruptionBudget', message: text }];
  const resource = { group: 'policy', resource: 'poddisruptionbudget' };
  if (observedGeneration < (budget.metadata.generation ?? 0)) {
    throw tooManyRequests(
      message,
      10,
      because(`The disruption budget ${name} is still being processed by the server.`),
    );
  }
  if (disruptionsAllowed < 0) throw forbidden(resource, name, 'pdb disruptions allowed is negative');
  const disruptedPods = budget.status?.disruptedPods ?? {};
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    throw forbidden(resource, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) {
    const healthy = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw tooManyRequests(message, 0, because(healthy));
  }
  const object = structuredClone(budget);
  object.status = {
    ...(object.status as NonNullable<PodDisruptionBudget['status']>),
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [pod.metadata.name as string]: now },
  };
  if (disruptionsAllowed === 1) object.status.conditions = exhausted(budget, now);
  return object;
}
