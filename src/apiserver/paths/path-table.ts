// Paths that are no resources: exact ones, and subtrees (ending in '/').
import { pathNotFound, StatusError } from '../../apimachinery/status-error.ts';
import type { UserInfo } from '../identity.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

export interface PathCall {
  request: ApiRequest;
  user: UserInfo;
  info: RequestInfo;
}

export type PathHandler = (call: PathCall) => ApiResult | Promise<ApiResult>;

export interface PathTable {
  /** Rejects with 404 for a path nobody serves, 405 for other methods than GET. */
  handle(call: PathCall): Promise<ApiResult>;
}

export function createPathTable(routes: Readonly<Record<string, PathHandler>>): PathTable {
  const subtrees = Object.keys(routes)
    .filter((path) => path.endsWith('/') && path !== '/')
    .toSorted((a, b) => b.length - a.length);
  return {
    async handle(call) {
      const path = call.info.path;
      const exact = Object.hasOwn(routes, path) ? path : undefined;
      const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : undefined;
      const route = exact ?? (trimmed !== undefined && Object.hasOwn(routes, trimmed) ? trimmed : undefined);
      const found = route ?? subtrees.find((subtree) => path.startsWith(subtree));
      if (found === undefined) throw pathNotFound();
      if (call.request.method !== 'GET' && call.request.method !== 'HEAD') {
        throw new StatusError({
          code: 405,
          reason: 'MethodNotAllowed',
          message: 'the server does not allow this method on the requested resource',
          details: {},
        });
      }
      return await (routes[found] as PathHandler)(call);
    },
  };
}
