// The ways in which somebody may act as another (k8s.io/apiserver pkg/endpoints/filters/impersonation/mode.go): each has
// a verb for whom one may become, and the constrained ones a second for what one may do then.
import { domainPrefixedPath } from '../../api/validation/domain.ts';
import { nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { forbiddenError } from '../authorization/forbidden.ts';
import { ANONYMOUS, type Attributes, type Authorizer, type UserInfo } from '../identity.ts';
import { parseServiceAccountUsername, serviceAccountGroups } from './tokens.ts';

interface Question {
  /** The request as it would be made by whoever sent it. */
  attributes: Attributes;
  authorizer: Authorizer;
}

export interface ImpersonationMode {
  /** Whether this user can be wanted in this way. */
  applies(wanted: UserInfo, requestor: UserInfo): boolean;
  /** Rejects with 403. */
  become(wanted: UserInfo, question: Question): Promise<UserInfo>;
}

const AUTHENTICATION = { apiGroup: 'authentication.k8s.io', apiVersion: 'v1' };
const CORE = { apiGroup: '', apiVersion: 'v1' };
/** So many groups or extra values are asked for at once before each is asked for. */
const MANY = 4;

function nodeOf(username: string): string | undefined {
  const prefix = 'system:node:';
  const name = username.startsWith(prefix) ? username.slice(prefix.length) : '';
  return name !== '' && nameIsDNSSubdomain(name, false).length === 0 ? name : undefined;
}

const isAccount = (username: string): boolean => parseServiceAccountUsername(username) !== undefined;

const isBare = ({ uid, groups, extra }: UserInfo): boolean => !uid && groups.length === 0 && !extra;

const nodeName = ({ extra }: UserInfo): string | undefined => {
  const values = extra?.['authentication.kubernetes.io/node-name'] ?? [];
  return values.length === 1 ? values[0] : undefined;
};

export const IMPERSONATION_MODES: readonly ImpersonationMode[] = [
  constrained('associated-node', {
    applies: (wanted, requestor) =>
      isBare(wanted) &&
      isAccount(requestor.username) &&
      nodeOf(wanted.username) !== undefined &&
      nodeName(requestor) === nodeOf(wanted.username),
    // Where it runs has been looked at: the right is the same on every node.
    asked: (attributes) => ({
      ...attributes,
      user: {
        ...attributes.user,
        extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(attributes.user.extra ?? {}).sort() },
      },
      ...(attributes.verb === 'impersonate:associated-node' ? { name: '*' } : {}),
    }),
  }),
  constrained('arbitrary-node', {
    applies: (wanted) => isBare(wanted) && nodeOf(wanted.username) !== undefined,
  }),
  constrained('serviceaccount', {
    applies: (wanted) => isBare(wanted) && isAccount(wanted.username),
  }),
  constrained('user-info', {
    applies: ({ username }) => nodeOf(username) === undefined && !isAccount(username),
  }),
  {
    applies: () => true,
    become: (wanted, { attributes, authorizer }) =>
      become(wanted, {
        requestor: attributes.user,
        verb: 'impersonate',
        named: CORE,
        require: (asked) => requireAllowed(authorizer, asked),
      }),
  },
];

interface Constraint extends Pick<ImpersonationMode, 'applies'> {
  /** What the authorizer is asked, where it differs. */
  asked?(attributes: Attributes): Attributes;
}

function constrained(name: string, { applies, asked = (attributes) => attributes }: Constraint): ImpersonationMode {
  return {
    applies,
    async become(wanted, { attributes, authorizer }) {
      const require = (question: Attributes) => requireAllowed(authorizer, asked(question));
      await require({ ...attributes, verb: `impersonate-on:${name}:${attributes.verb}` });
      return await become(wanted, {
        requestor: attributes.user,
        verb: `impersonate:${name}`,
        named: AUTHENTICATION,
        constrained: true,
        require,
      });
    },
  };
}

async function requireAllowed(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const decision = await authorizer.authorize(attributes);
  if (decision.result !== 'allow') throw forbiddenError(attributes, decision.reason);
}

interface Becoming {
  requestor: UserInfo;
  verb: string;
  /** Where users and groups are resources. */
  named: Pick<Attributes, 'apiGroup' | 'apiVersion'>;
  constrained?: boolean;
  /** Rejects with 403. */
  require(attributes: Attributes): Promise<void>;
}

const asking = (
  { requestor: user, verb, named }: Becoming,
  resource: string,
  more: Partial<Attributes>,
): Attributes => ({
  ...{ user, verb, isResource: true, path: '', subresource: '', namespace: '', name: '' },
  ...named,
  resource,
  ...more,
});

/** Asks for each part of the wanted user. */
async function become(wanted: UserInfo, how: Becoming): Promise<UserInfo> {
  const { username, uid } = wanted;
  const account = parseServiceAccountUsername(username);
  const node = how.constrained ? nodeOf(username) : undefined;
  if (account) await how.require(asking(how, 'serviceaccounts', account));
  else if (node !== undefined) await how.require(asking(how, 'nodes', { name: node }));
  else await how.require(asking(how, 'users', { name: username }));
  if (uid) await how.require(asking(how, 'uids', { ...AUTHENTICATION, name: uid }));
  await requireGroups(wanted.groups, how);
  await requireExtra(wanted.extra ?? {}, how);
  const implied = node !== undefined ? ['system:nodes'] : account ? serviceAccountGroups(account.namespace) : [];
  const groups = wanted.groups.length > 0 ? wanted.groups : implied;
  return { ...wanted, groups: withSystemGroup(username, groups) };
}

async function requireGroups(groups: readonly string[], how: Becoming): Promise<void> {
  const group = (name: string) => asking(how, 'groups', { name });
  if (how.constrained && groups.includes('system:masters')) {
    throw forbiddenError(group('system:masters'), 'impersonating the system:masters group is not allowed');
  }
  if (how.constrained && groups.length >= MANY && (await isAllowed(group('*'), how))) return;
  for (const name of groups) await how.require(group(name));
}

async function requireExtra(extra: NonNullable<UserInfo['extra']>, how: Becoming): Promise<void> {
  const asked = (subresource: string, name: string) =>
    asking(how, 'userextras', { ...AUTHENTICATION, subresource, name });
  const all = Object.entries(extra).flatMap(([key, values]) => values.map((value) => ({ key, value })));
  if (how.constrained) {
    const problem = extraProblem(extra);
    if (problem) throw forbiddenError(asked('', ''), problem);
    if (all.length >= MANY && (await isAllowed(asked('*', '*'), how))) return;
  }
  for (const { key, value } of all) await how.require(asked(key, value));
}

function extraProblem(extra: NonNullable<UserInfo['extra']>): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    const say = (what: string) => `impersonating ${what} in extra is not allowed`;
    if (key === '') return say('the empty string key');
    const [error] = domainPrefixedPath(key, 'extra.key');
    if (error) return `${say('an invalid key')}: ${error.field}: ${error.message}`;
    if (key !== key.toLowerCase()) return `${say('a non-lowercase key')}: ${JSON.stringify(key)}`;
    if (values.length === 0) return say('empty values');
  }
  return undefined;
}

const isAllowed = (attributes: Attributes, { require }: Becoming): Promise<boolean> =>
  require(attributes).then(
    () => true,
    () => false,
  );

function withSystemGroup(username: string, groups: readonly string[]): readonly string[] {
  const missing = (group: string) => (groups.includes(group) ? groups : [...groups, group]);
  if (username === ANONYMOUS.username) return missing('system:unauthenticated');
  return groups.includes('system:unauthenticated') ? groups : missing('system:authenticated');
}
