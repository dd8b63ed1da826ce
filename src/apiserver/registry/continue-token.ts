// The token that names where the next page of a list starts. Its form is that of
// k8s.io/apiserver/pkg/storage/continue.go, so that tools that look inside keep working.
import { badRequest } from '../../apimachinery/status-error.ts';
import type { Revision } from '../../storage/storage.ts';

export interface ContinueToken {
  /** -1: the newest state, whatever it is. */
  revision: Revision;
  /** First key of the page, relative to the collection's prefix. */
  start: string;
}

const API_VERSION = 'meta.k8s.io/v1';

export const encodeContinue = (token: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: API_VERSION, rv: token.revision, start: token.start })).toString('base64url');

/** Throws 400 for what was not made by encodeContinue. */
export function decodeContinue(text: string): ContinueToken {
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString()) as typeof token;
  } catch {
    throw badRequest('continue key is not valid: it is no JSON in base64url');
  }
  if (token?.v !== API_VERSION)
    throw badRequest(`continue key is not valid: server does not recognize this encoded version "${token?.v}"`);
  if (typeof token.rv !== 'number' || !Number.isSafeInteger(token.rv) || token.rv === 0) {
    throw badRequest(`continue key is not valid: incorrect encoded start resourceVersion (version ${API_VERSION})`);
  }
  if (typeof token.start !== 'string' || token.start === '') {
    throw badRequest(`continue key is not valid: encoded start key empty (version ${API_VERSION})`);
  }
  if (!isCleanPath(token.start)) throw badRequest(`continue key is not valid: ${JSON.stringify(token.start)}`);
  return { revision: token.rv, start: token.start };
}

/** No segment may step out of the collection. */
const isCleanPath = (start: string): boolean =>
  !start.startsWith('/') && start.split('/').every((segment) => segment !== '..' && segment !== '.' && segment !== '');
