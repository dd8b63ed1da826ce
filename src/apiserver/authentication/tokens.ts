// Service account tokens: JWTs (ES256) signed with the cluster's key, bound to the account and optionally to a pod,
// secret or node; deleting any of these ends the token. Claims are those of pkg/serviceaccount/claims.go.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { nodes, pods, secrets, serviceAccounts } from '../../api/resources.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { Clock } from '../../clock.ts';
import type { UserInfo } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';

export interface TokenOptions {
  /** PEM of the private key that signs; its public half verifies. */
  key: string;
  /** https://kubernetes.default.svc.cluster.local */
  issuer: string;
  /** Audiences that mean this API server; the issuer when not given. */
  audiences?: readonly string[];
  reader: ObjectReader;
  clock: Clock;
}

interface Reference {
  name: string;
  uid?: string;
}

export interface TokenSpec {
  namespace: string;
  serviceAccount: Required<Reference>;
  pod?: Required<Reference>;
  secret?: Required<Reference>;
  node?: Reference;
  audiences: readonly string[];
  /** Absent: good for as long as what it is bound to exists (Secrets of type service-account-token). */
  expirationSeconds?: number;
  /** Seconds after which use of the token counts as stale. */
  warnAfterSeconds?: number;
}

export interface VerifiedToken {
  user: UserInfo;
  audiences: readonly string[];
}

export interface ServiceAccountTokens {
  readonly audiences: readonly string[];
  issue(spec: TokenSpec): Promise<string>;
  /** undefined when it is not a token of this issuer; throws InvalidToken when it is and is not valid (any more). */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>;
  /** The document of /openid/v1/jwks. */
  jwks(): { keys: object[] };
  /** The document of /.well-known/openid-configuration. */
  openidConfiguration(jwksUri: string): object;
}

/** A token of ours that does not count; the message says why, as upstream words it. */
export class InvalidToken extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'InvalidToken';
  }
}

const ALGORITHM = 'ES256';
/** Clocks of other machines may be behind ours by this much (jwt.DefaultLeeway). */
const LEEWAY_SECONDS = 60;
const SIGNATURES_REMEMBERED = 1024;

interface Claims {
  aud?: string | string[];
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  'kubernetes.io'?: {
    namespace: string;
    serviceaccount: Reference;
    pod?: Reference;
    secret?: Reference;
    node?: Reference;
    warnafter?: number;
  };
}

export function createServiceAccountTokens(options: TokenOptions): ServiceAccountTokens {
  const { issuer, reader, clock } = options;
  const privateKey = createPrivateKey(options.key);
  const publicKey = createPublicKey(privateKey);
  const keyId = keyIdOf(publicKey);
  const apiAudiences = options.audiences ?? [issuer];
  // Signatures once found good: a client sends the same token with every request.
  const known = new Map<string, Claims>();

  const seconds = () => Math.floor(clock.now() / 1000);

  async function readClaims(token: string): Promise<Claims | undefined> {
    const remembered = known.get(token);
    if (remembered) return remembered;
    if (!claimsIssuer(token, issuer)) return undefined;
    const { compactVerify } = await import('jose');
    let claims: Claims;
    try {
      const { payload } = await compactVerify(token, publicKey, { algorithms: [ALGORITHM] });
      claims = JSON.parse(Buffer.from(payload).toString());
    } catch (cause) {
      throw new InvalidToken('invalid bearer token', cause);
    }
    if (known.size >= SIGNATURES_REMEMBERED) known.delete(known.keys().next().value as string);
    known.set(token, claims);
    return claims;
  }

  return {
    audiences: apiAudiences,

    async issue(spec) {
      const { SignJWT } = await import('jose');
      const now = seconds();
      const claims = {
        'kubernetes.io': {
          namespace: spec.namespace,
          ...(spec.node ? { node: spec.node } : {}),
          ...(spec.pod ? { pod: spec.pod } : {}),
          ...(spec.secret ? { secret: spec.secret } : {}),
          serviceaccount: spec.serviceAccount,
          ...(spec.warnAfterSeconds ? { warnafter: now + spec.warnAfterSeconds } : {}),
        },
      };
      const jwt = new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, kid: keyId })
        .setIssuer(issuer)
        .setSubject(serviceAccountUsername(spec.namespace, spec.serviceAccount.name))
        .setAudience([...spec.audiences])
        .setIssuedAt(now)
        .setNotBefore(now)
        .setJti(crypto.randomUUID());
      if (spec.expirationSeconds !== undefined) jwt.setExpirationTime(now + spec.expirationSeconds);
      return jwt.sign(privateKey);
    },

    async verify(token, wanted = apiAudiences) {
      const claims = await readClaims(token);
      if (!claims) return undefined;
      const given = [claims.aud ?? []].flat();
      const audiences = given.filter((audience) => wanted.includes(audience));
      if (audiences.length === 0) {
        throw new InvalidToken(
          `token audiences ${JSON.stringify(given)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
        );
      }
      checkTimes(claims, seconds());
      return { user: boundUser(claims, reader, clock.now() - LEEWAY_SECONDS * 1000), audiences };
    },

    jwks: () => ({ keys: [{ use: 'sig', kid: keyId, alg: ALGORITHM, ...publicKey.export({ format: 'jwk' }) }] }),

    openidConfiguration: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [ALGORITHM],
    }),
  };
}

export const serviceAccountUsername = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

export const serviceAccountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

/** undefined when `username` is not a service account's. */
export function parseServiceAccountUsername(username: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  return match ? { namespace: match[1] as string, name: match[2] as string } : undefined;
}

/** Upstream's key id: the SHA-256 of the DER public key (pkg/serviceaccount/jwt.go, keyIDFromPublicKey). */
const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');

/** Whether the unverified payload names our issuer: other tokens are for other authenticators. */
function claimsIssuer(token: string, issuer: string): boolean {
  const parts = token.split('.');
  if (parts.length !== 3) return false;
  try {
    return JSON.parse(Buffer.from(parts[1] as string, 'base64url').toString()).iss === issuer;
  } catch {
    return false; // not a JWT at all
  }
}

function checkTimes(claims: Claims, now: number): void {
  if (claims.exp !== undefined && now > claims.exp + LEEWAY_SECONDS) {
    throw new InvalidToken('service account token has expired');
  }
  if (claims.nbf !== undefined && now < claims.nbf - LEEWAY_SECONDS) {
    throw new InvalidToken('service account token is not valid yet');
  }
  if (claims.iat !== undefined && now < claims.iat - LEEWAY_SECONDS) {
    throw new InvalidToken('service account token is issued in the future');
  }
}

/** The user of verified claims, after looking up everything the token is bound to. */
function boundUser(claims: Claims, reader: ObjectReader, goneBefore: number): UserInfo {
  const bound = claims['kubernetes.io'];
  if (!bound?.namespace || !bound.serviceaccount?.name) throw new InvalidToken('invalid bearer token');
  const { namespace, serviceaccount, pod, secret, node } = bound;
  const isGone = (object: KubeObject) => {
    const at = object.metadata.deletionTimestamp;
    return at !== undefined && Date.parse(at) < goneBefore;
  };
  const check = (what: string, claim: string, reference: Reference, found: KubeObject | undefined) => {
    if (!found) throw new InvalidToken('service account token has been invalidated');
    if (found.metadata.uid !== reference.uid) {
      throw new InvalidToken(`${what} UID (${found.metadata.uid}) does not match ${claim} (${reference.uid})`);
    }
    if (isGone(found)) throw new InvalidToken('service account token has been invalidated');
  };

  const account = reader.get(serviceAccounts, namespace, serviceaccount.name);
  if (!account) throw new InvalidToken(`serviceaccounts "${serviceaccount.name}" not found`);
  if (account.metadata.uid !== serviceaccount.uid) {
    throw new InvalidToken(
      `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`,
    );
  }
  if (isGone(account)) throw new InvalidToken(`service account ${namespace}/${serviceaccount.name} has been deleted`);
  if (secret) {
    check('secret', 'service account secret ref claim', secret, reader.get(secrets, namespace, secret.name));
  }
  if (pod) check('pod', 'service account pod ref claim', pod, reader.get(pods, namespace, pod.name));
  // In a token bound to a pod the node is information only.
  if (node && !pod) check('node', 'service account node ref claim', node, reader.get(nodes, undefined, node.name));

  const extra: Record<string, string[]> = {};
  const add = (key: string, value: string | undefined) => {
    if (value) extra[`authentication.kubernetes.io/${key}`] = [value];
  };
  add('credential-id', claims.jti && `JTI=${claims.jti}`);
  add('pod-name', pod?.name);
  add('pod-uid', pod?.uid);
  add('node-name', node?.name);
  add('node-uid', node?.uid);
  return {
    username: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid as string,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}
