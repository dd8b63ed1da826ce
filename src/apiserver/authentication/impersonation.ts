// Impersonate-User, -Group, -Uid and -Extra-*: act as somebody else, when that is allowed in one of several ways
// (k8s.io/apiserver pkg/endpoints/filters/impersonation/constrained_impersonation.go, KEP-5284).
import { badRequest, hasReason } from '../../apimachinery/status-error.ts';
import type { Attributes, Authorizer, Credentials, UserInfo } from '../identity.ts';
import { headerValues, prefixedHeaders } from './headers.ts';
import { IMPERSONATION_MODES } from './impersonation-modes.ts';

/** Whether a request has anything of it in its headers; most have not, and are let past. */
export function asksToImpersonate(headers: Credentials['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/** Who is wanted, as the headers have it. Throws 400 when that is everything but a name. */
function wantedUser(headers: Credentials['headers']): UserInfo | undefined {
  const username = one(headers['impersonate-user']) ?? '';
  const groups = headerValues(headers, 'impersonate-group');
  const uid = one(headers['impersonate-uid']);
  const extra = prefixedHeaders(headers, 'impersonate-extra-');
  const hasExtra = Object.keys(extra).length > 0;
  const wanted = { username, groups, ...(uid ? { uid } : {}), ...(hasExtra ? { extra } : {}) };
  if (username) return wanted;
  if (groups.length === 0 && !uid && !hasExtra) return undefined;
  throw badRequest(`requested ${inGo(wanted)} without impersonating a user name`);
}

/**
 * The user to go on as: the request's own when nobody is impersonated. The narrower ways are tried before the one that is
 * allowed everything; when all fail, the first that came into question says why. Throws StatusError 400 or 403.
 */
export async function impersonate(
  attributes: Attributes,
  headers: Credentials['headers'],
  authorizer: Authorizer,
): Promise<UserInfo> {
  const wanted = wantedUser(headers);
  if (!wanted) return attributes.user;
  const refusals: unknown[] = [];
  for (const mode of IMPERSONATION_MODES) {
    if (!mode.applies(wanted, attributes.user)) continue;
    try {
      return await mode.become(wanted, { attributes, authorizer });
    } catch (error) {
      if (!hasReason(error, 'Forbidden')) throw error;
      refusals.push(error);
    }
  }
  throw refusals[0];
}

/** As Go prints the value: these are upstream's words. */
function inGo({ username, uid = '', groups, extra }: UserInfo): string {
  const quote = (text: string) => JSON.stringify(text);
  const list = (values: readonly string[]) => `[]string{${values.map(quote).join(', ')}}`;
  const pairs = Object.entries(extra ?? {}).map(([key, values]) => `${quote(key)}:${list(values)}`);
  const shown = [
    `Name:${quote(username)}`,
    `UID:${quote(uid)}`,
    `Groups:${groups.length > 0 ? list(groups) : '[]string(nil)'}`,
    `Extra:map[string][]string${extra ? `{${pairs.toSorted().join(', ')}}` : '(nil)'}`,
  ];
  return `&user.DefaultInfo{${shown.join(', ')}}`;
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
