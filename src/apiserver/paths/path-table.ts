// Paths that are no resources: exact ones, and subtrees (ending in '/').
import { StatusError } from '../../apimachinery/status-error.ts';
import type { UserInfo } from '../identity.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

export interface PathCall {
  request: ApiRequest;
  user: UserInfo;
  info: RequestInfo;
}

export type PathHandler = (call: PathCall) => ApiResult | Promise<ApiResult>;

export interface Route {
  handle: PathHandler;
  /** Of Go's own mux, which serves POST, PUT … as it serves GET; the others are of go-restful, which has not even HEAD. */
  anyMethod?: boolean;
  /** A slash at the end makes it another path. */
  exact?: boolean;
}

export interface PathTable {
  /** 404 for a path nobody serves; rejects with 405 for methods other than GET where they are not served. */
  handle(call: PathCall): Promise<ApiResult>;
}

/** Keys are whole paths, or subtrees when they end in '/' (but for '/' itself). */
export function createPathTable(routes: Readonly<Record<string, Route>>): PathTable {
  const isSubtree = (path: string) => path.endsWith('/') && path !== '/';
  const subtrees = Object.keys(routes)
    .filter(isSubtree)
    .toSorted((a, b) => b.length - a.length);
  const find = (path: string): Route | undefined => {
    const whole = path.length > 1 ? path.replace(/\/$/, '') : path;
    const route = Object.hasOwn(routes, whole) ? routes[whole] : undefined;
    if (route && (whole === path || !route.exact)) return route;
    const subtree = subtrees.find((prefix) => path.startsWith(prefix));
    return subtree === undefined ? undefined : routes[subtree];
  };
  return {
    async handle(call) {
      const route = find(call.info.path);
      if (!route) return plainNotFound();
      const { method } = call.request;
      if (!route.anyMethod && method !== 'GET') throw methodNotServed();
      return await route.handle(call);
    },
  };
}

/** What Go's own mux says where no API is: not a Status. */
export const plainNotFound = (): ApiResult => ({
  type: 'raw',
  status: 404,
  contentType: 'text/plain; charset=utf-8',
  body: '404 page not found\n',
});

export const methodNotServed = (): StatusError =>
  new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
