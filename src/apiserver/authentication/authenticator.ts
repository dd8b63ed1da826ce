// All ways to authenticate, asked in upstream's order; the list's order is the order.
import { unauthorized } from '../../apimachinery/status-error.ts';
import { ANONYMOUS, type Authenticator, type Credentials, type UserInfo } from '../identity.ts';
import { type BearerOptions, createBearerAuthenticator } from './bearer.ts';
import { createRequestHeaderAuthenticator } from './request-header.ts';
import { createX509Authenticator } from './x509.ts';

export interface AuthenticatorOptions extends BearerOptions {
  /** PEM of the authority of client certificates. */
  clientCa: string;
  /** PEM of the authority of front proxies. */
  frontProxyCa?: string;
  /** Whether requests without credentials are system:anonymous instead of 401; default true. */
  anonymous?: boolean;
}

/** What the request pipeline calls: always a user, or StatusError 401. */
export interface RequestAuthenticator {
  authenticate(credentials: Credentials): Promise<UserInfo>;
}

export function createAuthenticator(options: AuthenticatorOptions): RequestAuthenticator {
  const { clientCa, frontProxyCa } = options;
  const authenticators: Authenticator[] = [
    ...(frontProxyCa ? [createRequestHeaderAuthenticator({ frontProxyCa, allowedNames: ['front-proxy-client'] })] : []),
    createX509Authenticator({ clientCa, ...(frontProxyCa ? { frontProxyCa } : {}) }),
    createBearerAuthenticator(options),
  ];
  return {
    async authenticate(credentials) {
      for (const authenticator of authenticators) {
        const answer = authenticator.authenticate(credentials);
        const user = answer instanceof Promise ? await answer : answer;
        if (user) return withAuthenticatedGroup(user);
      }
      if (options.anonymous === false) throw unauthorized();
      return ANONYMOUS;
    },
  };
}

/** Everyone who proved who they are is in system:authenticated; a proxy may also pass on an anonymous user. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.username === ANONYMOUS.username) return user;
  if (user.groups.includes('system:authenticated') || user.groups.includes('system:unauthenticated')) return user;
  return { ...user, groups: [...user.groups, 'system:authenticated'] };
}
