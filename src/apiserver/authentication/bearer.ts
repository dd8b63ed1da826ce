// The Authorization header: one bearer token, offered to each kind of token in turn. A token nobody takes is refused
// even where anonymous requests are allowed, so that a client with a stale token learns of it.
import { timingSafeEqual } from 'node:crypto';
import { unauthorized } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import { ANONYMOUS, type Authenticator, type UserInfo } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { authenticateBootstrapToken } from './bootstrap-token.ts';
import { InvalidToken, type ServiceAccountTokens } from './tokens.ts';

export interface BearerOptions {
  tokens: ServiceAccountTokens;
  reader: ObjectReader;
  clock: Clock;
  staticToken?: string;
}

/** The user a static token stands for. */
const STATIC_USER: UserInfo = { username: 'admin', uid: '1', groups: ['system:masters'] };

/**
 * Who a token belongs to. undefined when no kind of token recognises it; throws InvalidToken when one does and it is
 * not valid.
 */
export async function authenticateToken(
  token: string,
  options: BearerOptions,
  audiences?: readonly string[],
): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined> {
  const apiAudiences = options.tokens.audiences;
  const account = await options.tokens.verify(token, audiences?.length ? audiences : apiAudiences);
  if (account) return account;
  // Tokens without audiences are for the API server.
  const answer = audiences?.length ? apiAudiences.filter((a) => audiences.includes(a)) : apiAudiences;
  if (answer.length === 0) return undefined;
  const user =
    options.staticToken !== undefined && sameSecret(token, options.staticToken)
      ? STATIC_USER
      : authenticateBootstrapToken(token, options);
  return user && { user, audiences: answer };
}

/** What TokenReview asks, with audiences of its own: who would send this as a header. Blank, it is nobody's and anonymous. */
export async function reviewToken(
  token: string,
  options: BearerOptions,
  audiences?: readonly string[],
): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined> {
  const sent = bearerToken(`Bearer ${token}`);
  if (sent) return await authenticateToken(sent, options, audiences);
  return { user: ANONYMOUS, audiences: audiences ?? options.tokens.audiences };
}

export function createBearerAuthenticator(options: BearerOptions): Authenticator {
  return {
    name: 'bearer',
    async authenticate({ authorization }) {
      const token = bearerToken(authorization);
      if (!token) return undefined;
      try {
        const found = await authenticateToken(token, options);
        if (found) return found.user;
      } catch (error) {
        if (!(error instanceof InvalidToken)) throw error;
      }
      throw unauthorized();
    },
  };
}

/** Other schemes (Basic …) and an empty token are as good as no header. */
function bearerToken(authorization: string | undefined): string | undefined {
  const parts = (authorization ?? '').trim().split(' ');
  if (parts.length < 2 || parts[0]?.toLowerCase() !== 'bearer') return undefined;
  return parts[1] || undefined;
}

/** The time taken tells nothing of the content. */
function sameSecret(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
