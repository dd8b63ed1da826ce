// Who may ask the kubelet for what: client certificates of the cluster's authority and bearer tokens, which the API
// server reviews; then the right to a subresource of this node, which it reviews too (pkg/kubelet/server/auth.go,
// cmd/kubelet/app/auth.go). Answers are remembered for as long as upstream's kubelet does.
import type { IncomingMessage } from 'node:http';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { subjectAccessReviews, tokenReviews } from '../../api/resources.ts';
import type { UserInfo } from '../../api/types/authentication/v1.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../clock.ts';

export interface AccessOptions {
  client: Pick<Client, 'create'>;
  clock: Clock;
  nodeName: string;
}

/** Why a request is not served. */
export interface Refusal {
  code: 401 | 403;
  message: string;
}

export interface Access {
  /** undefined: it may. Rejects when the API server cannot be asked. */
  refusal(request: IncomingMessage): Promise<Refusal | undefined>;
}

const API_SERVER = 'kube-apiserver-kubelet-client';
const ADMINISTRATORS = 'system:masters';

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: '',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** authentication.webhook.cacheTTL, authorization.webhook.cache{Authorized,Unauthorized}TTL */
const TOKEN_TTL_MS = 2 * 60_000;
const ALLOWED_TTL_MS = 5 * 60_000;
const DENIED_TTL_MS = 30_000;
/** Tokens are anybody's input: only so many are remembered. */
const MAX_REMEMBERED = 1000;

export function createAccess(options: AccessOptions): Access {
  const { client, clock, nodeName } = options;
  const users = createMemory<UserInfo | undefined>(clock);
  const rights = createMemory<boolean>(clock);

  async function userOf(request: IncomingMessage): Promise<UserInfo | undefined> {
    const fromCertificate = certificateUser(request.socket as TLSSocket);
    if (fromCertificate) return fromCertificate;
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    return users.of(token, async () => {
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: {},
        spec: { token },
      } as const;
      const { status } = await client.create(tokenReviews, review);
      return { value: status?.authenticated ? status.user : undefined, ttlMs: TOKEN_TTL_MS };
    });
  }

  const mayUse = (user: UserInfo, verb: string, subresource: string): Promise<boolean> =>
    rights.of(JSON.stringify([user, verb, subresource]), async () => {
      const { username, uid, groups, extra } = user;
      const { status } = await client.create(subjectAccessReviews, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: {
          ...(username ? { user: username } : {}),
          ...(uid ? { uid } : {}),
          ...(groups ? { groups } : {}),
          ...(extra ? { extra } : {}),
          resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
        },
      });
      const isAllowed = status?.allowed ?? false;
      return { value: isAllowed, ttlMs: isAllowed ? ALLOWED_TTL_MS : DENIED_TTL_MS };
    });

  return {
    async refusal(request) {
      const user = await userOf(request);
      if (!user) return { code: 401, message: 'Unauthorized' };
      if (user.username === API_SERVER || user.groups?.includes(ADMINISTRATORS)) return undefined;
      const verb = VERBS[request.method ?? 'GET'] ?? '';
      const subresources = subresourcesOf(new URL(request.url ?? '/', 'https://kubelet').pathname);
      for (const subresource of subresources) if (await mayUse(user, verb, subresource)) return undefined;
      const what = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
      return { code: 403, message: `Forbidden (${what})\n` };
    },
  };
}

/** The right to any of them is enough; what has none of its own needs that to all, `proxy`. */
export function subresourcesOf(pathname: string): string[] {
  const is = (place: string) => pathname === place || pathname.startsWith(`${place}/`);
  if (is('/stats')) return ['stats'];
  if (is('/metrics')) return ['metrics'];
  if (is('/logs')) return ['log'];
  if (is('/checkpoint')) return ['checkpoint'];
  if (is('/statusz')) return ['statusz'];
  if (is('/flagz')) return ['configz'];
  if (is('/pods') || is('/runningpods')) return ['pods', 'proxy'];
  if (is('/healthz')) return ['healthz', 'proxy'];
  if (is('/configz')) return ['configz', 'proxy'];
  return ['proxy'];
}

/** Name and groups of a certificate that the cluster's authority signed. */
function certificateUser(socket: TLSSocket): UserInfo | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate() as PeerCertificate | Record<string, never>;
  const [username] = [subject?.CN ?? []].flat();
  if (!username) return undefined;
  return { username, groups: [...[subject?.O ?? []].flat(), 'system:authenticated'] };
}

/** Answers by key, asked for once while they hold; one that could not be had is not remembered. */
function createMemory<T>(clock: Clock) {
  const known = new Map<string, { until: number; value: Promise<T> }>();
  return {
    of(key: string, ask: () => Promise<{ value: T; ttlMs: number }>): Promise<T> {
      const before = known.get(key);
      if (before && before.until > clock.monotonic()) return before.value;
      const entry = {
        until: Number.POSITIVE_INFINITY,
        value: ask().then(({ value, ttlMs }) => {
          entry.until = clock.monotonic() + ttlMs;
          return value;
        }),
      };
      entry.value.catch(() => known.delete(key));
      known.delete(key);
      known.set(key, entry);
      const [oldest] = known.keys();
      if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
      return entry.value;
    },
  };
}
