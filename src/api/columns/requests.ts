// Rows of what is asked of the cluster and how requests are queued: signing requests, flow control, devices
// (pkg/printers/internalversion/printers.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Cells } from '../behaviour.ts';
import type { CertificateSigningRequest } from '../types/certificates/v1.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../types/flowcontrol/v1.ts';
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../types/resource/v1.ts';
import { humanDuration } from './age.ts';
import { row } from './cell.ts';
import type { TableForm } from './table-form.ts';

const NONE = '<none>';

function signingState({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const judgement = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  return `${judgement}${types.has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

const signingRequest = row<CertificateSigningRequest>((object, { name, age }) => {
  const { signerName, username, expirationSeconds: seconds } = object.spec;
  const duration = seconds === undefined ? NONE : humanDuration(seconds);
  return [name, age, signerName || NONE, username ?? '', duration, signingState(object)];
});

const flowSchema = row<FlowSchema>(({ spec, status }, { name, age }) => [
  name,
  spec?.priorityLevelConfiguration.name ?? '',
  spec?.matchingPrecedence ?? 0,
  spec?.distinguisherMethod?.type ?? NONE,
  age,
  (status?.conditions ?? []).find(({ type }) => type === 'Dangling')?.status ?? '?',
]);

const precedence = (schema: AnyObject): number => (schema.spec as FlowSchema['spec'])?.matchingPrecedence ?? 0;
/** As requests are matched with them (apihelpers.FlowSchemaSequence); equals stay in the order of their names. */
const byPrecedence = (a: AnyObject, b: AnyObject): number => precedence(a) - precedence(b);

const priorityLevel = row<PriorityLevelConfiguration>(({ spec }, { name, age }) => {
  const { limited } = spec ?? {};
  const queuing = limited?.limitResponse?.queuing;
  return [
    name,
    spec?.type ?? '',
    limited ? (limited.nominalConcurrencyShares ?? 0) : NONE,
    queuing ? (queuing.queues ?? 0) : NONE,
    queuing ? (queuing.handSize ?? 0) : NONE,
    queuing ? (queuing.queueLengthLimit ?? 0) : NONE,
    age,
  ];
});

function claimState({ metadata, status }: ResourceClaim): string {
  const deleted = metadata?.deletionTimestamp ? ['deleted'] : [];
  if (!status?.allocation) return [...deleted, ...(deleted.length > 0 ? [] : ['pending'])].join(',');
  return [...deleted, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}

const claim = row<ResourceClaim>((object, { name, age }) => [name, claimState(object), age]);
const nameAndAge = row<DeviceClass | ResourceClaimTemplate>((_object, { name, age }) => [name, age]);
const slice = row<ResourceSlice>(({ spec }, { name, age }) => [
  name,
  spec.nodeName ?? '',
  spec.driver,
  spec.pool.name,
  age,
]);

export const requestCells: Readonly<Record<string, Cells>> = {
  'CertificateSigningRequest.certificates.k8s.io': signingRequest,
  'FlowSchema.flowcontrol.apiserver.k8s.io': flowSchema,
  'PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io': priorityLevel,
  'DeviceClass.resource.k8s.io': nameAndAge,
  'ResourceClaim.resource.k8s.io': claim,
  'ResourceClaimTemplate.resource.k8s.io': nameAndAge,
  'ResourceSlice.resource.k8s.io': slice,
};

export const requestOrders: Readonly<Record<string, TableForm['rowOrder']>> = {
  'FlowSchema.flowcontrol.apiserver.k8s.io': byPrecedence,
};
