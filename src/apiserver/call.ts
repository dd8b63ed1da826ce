// One authorized request for a resource, as handlers get it.
import type { ResourceDefinition } from '../api/definition.ts';
import { type AnyObject, formatGroupVersion, type JsonObject } from '../apimachinery/meta.ts';
import type { StorageEntry } from '../storage/storage.ts';
import type { Strictness } from './decode.ts';
import { originOf } from './history/origin.ts';
import type { UserInfo } from './identity.ts';
import { prepareViews } from './registry/keys.ts';
import { type FieldValidation, writeOptions } from './registry/parameters.ts';
import { admit, validateAdmission, type WriteEnvironment, type WriteTarget } from './registry/write.ts';
import type { ApiRequest, ApiResult, EntryResult } from './request.ts';
import { header } from './request.ts';
import type { RequestInfo } from './request-info.ts';

export interface ResourceCall {
  request: ApiRequest;
  info: RequestInfo;
  definition: ResourceDefinition;
  user: UserInfo;
  env: WriteEnvironment;
  /** Aborts when the caller goes away or the server stops. For what may last: to make it is much of what a get costs. */
  signal(): AbortSignal;
  warn(text: string): void;
}

export type CallHandler = (call: ResourceCall) => Promise<ApiResult>;

/** Handlers by `group/resource` (virtual resources) or `group/resource/subresource`; `*` as the resource is any. */
export type HandlerTable = ReadonlyMap<string, CallHandler>;

/** Who owns fields when the client does not say: its User-Agent up to the first slash. */
export function managerOf(request: ApiRequest, given: string): string {
  if (given) return given;
  const agent = (header(request, 'user-agent') ?? '').split('/')[0] as string;
  // A manager's name is limited; upstream cuts what the User-Agent would make too long.
  return [...agent.replace(/[^\x20-\x7e]/g, '')].slice(0, 128).join('') || 'unknown';
}

export const namespaceOf = ({ definition, info }: ResourceCall): string | undefined =>
  definition.namespaced && info.namespace ? info.namespace : undefined;

export const writeTarget = (call: ResourceCall, parameters: { dryRun: boolean; fieldManager: string }): WriteTarget => {
  const fieldManager = managerOf(call.request, parameters.fieldManager);
  return {
    definition: call.definition,
    namespace: namespaceOf(call),
    name: call.info.verb === 'create' && !call.info.subresource ? '' : call.info.name,
    subresource: call.info.subresource,
    user: call.user,
    dryRun: parameters.dryRun,
    fieldManager,
    origin: originOf(call, fieldManager),
    options: () => writeOptions(call.info.verb, call.request.query),
    warn: call.warn,
  };
};

/** Admission of a body that is posted and not kept: a Binding, an Eviction, a TokenRequest. */
export async function admitBody(
  call: ResourceCall,
  { name = call.info.name, ...parameters }: { dryRun: boolean; fieldManager: string; name?: string },
  object: AnyObject,
): Promise<void> {
  const target = { ...writeTarget(call, parameters), name };
  const step = { operation: 'CREATE' as const, object, oldObject: undefined };
  await admit(call.env, target, step);
  await validateAdmission(call.env, target, step);
}

/** Admission of a connection to what is behind an object; `options` are what it was asked for with. */
export async function admitConnection(call: ResourceCall, options: JsonObject): Promise<void> {
  const { kind, group, version } = call.definition.subresources[call.info.subresource] ?? call.definition;
  const object = { kind, apiVersion: formatGroupVersion({ group, version }), ...options } as unknown as AnyObject;
  const target = { ...writeTarget(call, { dryRun: false, fieldManager: '' }), options: () => undefined };
  const step = { operation: 'CONNECT' as const, object, oldObject: undefined };
  await admit(call.env, target, step);
  await validateAdmission(call.env, target, step);
}

export const strictness = (
  { env, warn }: ResourceCall,
  { fieldValidation }: { fieldValidation: FieldValidation },
): Strictness => ({ types: env.types, fieldValidation, warn });

export async function entryResult(
  { definition }: ResourceCall,
  { status, entry, at }: { status: number; entry: StorageEntry; at?: number | undefined },
): Promise<EntryResult> {
  await prepareViews(definition, [entry]);
  return { type: 'entry', status, definition, entry, ...(at === undefined ? {} : { at }) };
}
