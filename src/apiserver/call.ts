// One authorized request for a resource, as handlers get it.
import type { ResourceDefinition } from '../api/definition.ts';
import type { UserInfo } from './identity.ts';
import type { WriteEnvironment } from './registry/write.ts';
import type { ApiRequest, ApiResult } from './request.ts';
import { header } from './request.ts';
import type { RequestInfo } from './request-info.ts';

export interface ResourceCall {
  request: ApiRequest;
  info: RequestInfo;
  definition: ResourceDefinition;
  user: UserInfo;
  env: WriteEnvironment;
  /** Aborts when the caller goes away or the server stops. */
  signal: AbortSignal;
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
