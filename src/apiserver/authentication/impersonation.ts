// Impersonate-User, -Group, -Uid and -Extra-*: act as somebody else, when each of them may be impersonated.
// Rules: k8s.io/apiserver pkg/endpoints/filters/impersonation/impersonation.go.
import { badRequest } from '../../apimachinery/status-error.ts';
import { forbiddenError } from '../authorization/forbidden.ts';
import { ANONYMOUS, type Attributes, type Authorizer, type Credentials, type UserInfo } from '../identity.ts';
import { headerValues, prefixedHeaders } from './headers.ts';
import { parseServiceAccountUsername, serviceAccountGroups } from './tokens.ts';

type Target = Pick<Attributes, 'apiGroup' | 'apiVersion' | 'resource' | 'subresource' | 'namespace' | 'name'>;

/** Whether a request has anything of it in its headers; most have not, and are let past. */
export function asksToImpersonate(headers: Credentials['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/** The user to go on as: `user` itself when nobody is impersonated. Throws StatusError 400 or 403. */
export async function impersonate(
  user: UserInfo,
  headers: Credentials['headers'],
  authorizer: Authorizer,
): Promise<UserInfo> {
  const username = one(headers['impersonate-user']);
  const groups = headerValues(headers, 'impersonate-group');
  const uid = one(headers['impersonate-uid']);
  const extra = prefixedHeaders(headers, 'impersonate-extra-');
  if (!username) {
    if (groups.length > 0 || uid || Object.keys(extra).length > 0) {
      throw badRequest('requested impersonation of groups, uid or extra without impersonating a user');
    }
    return user;
  }

  const account = parseServiceAccountUsername(username);
  const targets: Target[] = [
    account
      ? target('serviceaccounts', account.name, { namespace: account.namespace, apiVersion: 'v1' })
      : target('users', username),
    ...groups.map((group) => target('groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => target('userextras', value, { ...AUTHENTICATION, subresource: key })),
    ),
    ...(uid ? [target('uids', uid, AUTHENTICATION)] : []),
  ];
  for (const wanted of targets) {
    const attributes: Attributes = { user, verb: 'impersonate', isResource: true, path: '', ...wanted };
    const decision = await authorizer.authorize(attributes);
    if (decision.result !== 'allow') throw forbiddenError(attributes, decision.reason);
  }
  const given = groups.length > 0 || !account ? groups : serviceAccountGroups(account.namespace);
  return {
    username,
    ...(uid ? { uid } : {}),
    groups: withSystemGroup(username, given),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

const AUTHENTICATION = { apiGroup: 'authentication.k8s.io', apiVersion: 'v1' };

const target = (resource: string, name: string, more: Partial<Target> = {}): Target => ({
  apiGroup: '',
  apiVersion: '',
  subresource: '',
  namespace: '',
  resource,
  name,
  ...more,
});

function withSystemGroup(username: string, groups: string[]): string[] {
  if (username === ANONYMOUS.username) {
    return groups.includes('system:unauthenticated') ? groups : [...groups, 'system:unauthenticated'];
  }
  return groups.includes('system:authenticated') || groups.includes('system:unauthenticated')
    ? groups
    : [...groups, 'system:authenticated'];
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
