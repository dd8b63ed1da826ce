// Bootstrap tokens, "<id>.<secret>": Secrets bootstrap-token-<id> in kube-system with which new nodes join.
// Rules: plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go.
import { timingSafeEqual } from 'node:crypto';
import { secrets } from '../../api/resources.ts';
import type { Clock } from '../../clock.ts';
import { NAMESPACE_SYSTEM } from '../../constants.ts';
import type { UserInfo } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** The user of a valid bootstrap token, undefined for anything else. */
export function authenticateBootstrapToken(
  token: string,
  { reader, clock }: { reader: ObjectReader; clock: Clock },
): UserInfo | undefined {
  const match = TOKEN.exec(token);
  if (!match) return undefined;
  const [, id, secret] = match as unknown as [string, string, string];
  const found = reader.get(secrets, NAMESPACE_SYSTEM, `bootstrap-token-${id}`);
  if (!found || found.metadata.deletionTimestamp || found.type !== 'bootstrap.kubernetes.io/token') return undefined;
  const data = (key: string) => Buffer.from((found.data?.[key] as string | undefined) ?? '', 'base64').toString();
  if (!equal(data('token-secret'), secret) || data('token-id') !== id) return undefined;
  const expiration = data('expiration');
  // An expiration that cannot be read counts as past.
  if (expiration && !(Date.parse(expiration) > clock.now())) return undefined;
  if (data('usage-bootstrap-authentication') !== 'true') return undefined;
  const groups = data('auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  if (groups.some((group) => !GROUP.test(group))) return undefined;
  return {
    username: `system:bootstrap:${id}`,
    groups: [...new Set(['system:bootstrappers', ...groups])].sort(),
  };
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
