// The token that names where the next page of a list starts. Its form is that of
// k8s.io/apiserver/pkg/storage/continue.go, so that tools that look inside keep working.
import { decodeJson } from '../../apimachinery/codec/json.ts';
import type { Json } from '../../apimachinery/meta.ts';
import { badRequest, type StatusError } from '../../apimachinery/status-error.ts';
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
  const token = fieldsOf(text);
  if (token.v !== API_VERSION) throw invalid(`: server does not recognize this encoded version ${token.v ?? ''}`);
  if (typeof token.rv !== 'number' || !Number.isSafeInteger(token.rv) || token.rv === 0) {
    throw invalid(`: incorrect encoded start resourceVersion (version ${API_VERSION})`);
  }
  if (typeof token.start !== 'string' || token.start === '') {
    throw invalid(`: encoded start key empty (version ${API_VERSION})`);
  }
  if (!isCleanPath(token.start)) throw invalid(`: ${token.start}`);
  return { revision: token.rv, start: token.start };
}

const invalid = (why: string): StatusError => badRequest(`invalid continue token: continue key is not valid${why}`);

function fieldsOf(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const illegal = text.search(/[^\w-]/);
  const at = illegal < 0 && text.length % 4 === 1 ? text.length - 1 : illegal;
  if (at >= 0) throw invalid(`: illegal base64 data at input byte ${at}`);
  const value = readJson(Buffer.from(text, 'base64url')) ?? {}; // Go reads null as an empty token
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw invalid(`: json: cannot unmarshal ${type} into Go value of type storage.continueToken`);
}

function readJson(bytes: Uint8Array): Json {
  try {
    return decodeJson(bytes).value;
  } catch (error) {
    throw invalid(`: ${(error as Error).message}`);
  }
}

/** No segment may step out of the collection. */
const isCleanPath = (start: string): boolean =>
  !start.startsWith('/') && start.split('/').every((segment) => segment !== '..' && segment !== '.' && segment !== '');
