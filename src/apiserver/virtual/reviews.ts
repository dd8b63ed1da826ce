// Reviews: questions about identity and rights that are answered and not stored
// (pkg/registry/authentication, pkg/registry/authorization).
import { accessReviewErrors, type ReviewScope } from '../../api/authorization/access-reviews.ts';
import { selectorProblems } from '../../api/authorization/selector-problems.ts';
import type { SelfSubjectReview, TokenReview } from '../../api/types/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../api/types/authorization/v1.ts';
import type { PolicyRule } from '../../api/types/rbac/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { badRequest, invalid } from '../../apimachinery/status-error.ts';
import { timestamp } from '../../clock.ts';
import { InvalidToken, type VerifiedToken } from '../authentication/tokens.ts';
import { nodeIdentity } from '../authorization/node.ts';
import { type CallHandler, type ResourceCall, strictness, writeTarget } from '../call.ts';
import { decodeObject } from '../decode.ts';
import type { Attributes, Authorizer, UserInfo } from '../identity.ts';
import { apiVersionOf } from '../registry/keys.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { admit, matchNamespace, validateAdmission, wipeSystemFields } from '../registry/write.ts';
import type { ApiResult } from '../request.ts';

export interface ReviewOptions {
  authorizer: Authorizer;
  /** Who a token belongs to, for these audiences; undefined when nobody's. */
  reviewToken(token: string, audiences: readonly string[] | undefined): Promise<VerifiedToken | undefined>;
  rulesFor(user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; errors: readonly string[] };
}

export function reviewHandlers(options: ReviewOptions): [string, CallHandler][] {
  const { authorizer } = options;
  return [
    [
      'authentication.k8s.io/tokenreviews',
      review<TokenReview>((body, _call, judge) => reviewToken(body, judge, options)),
    ],
    ['authentication.k8s.io/selfsubjectreviews', review<SelfSubjectReview>(selfSubject)],
    [
      'authorization.k8s.io/subjectaccessreviews',
      review<SubjectAccessReview>((body, call, judge) => access(body, judge, { call, authorizer, of: 'spec' })),
    ],
    [
      'authorization.k8s.io/localsubjectaccessreviews',
      review<LocalSubjectAccessReview>((body, call, judge) => access(body, judge, { call, authorizer, of: 'local' })),
    ],
    [
      'authorization.k8s.io/selfsubjectaccessreviews',
      review<SubjectAccessReview>((body, call, judge) => access(body, judge, { call, authorizer, of: 'self' })),
    ],
    [
      'authorization.k8s.io/selfsubjectrulesreviews',
      review<SelfSubjectRulesReview>((body, call, judge) => rules(body, judge, { ...options, user: call.user })),
    ],
  ];
}

/** What webhooks say to it; rejects when one refuses. They are asked once the review makes sense. */
type Judge = () => Promise<void>;

/** A handler that decodes its body, fills in the status and sends it back. */
function review<T>(answer: (body: T & AnyObject, call: ResourceCall, judge: Judge) => Promise<object>): CallHandler {
  return async (call) => {
    const { definition, request } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const body = (await decodeObject(request.body, definition, strictness(call, parameters))) as T & AnyObject;
    matchNamespace(body, definition, call.info.namespace);
    wipeSystemFields(body);
    // Like anything created: what was sent is owned by whoever sent it, though nobody will ever ask.
    const target = writeTarget(call, parameters);
    const { fieldManager: manager, subresource } = target;
    call.env.fieldManagers.trackUpdate(body, { definition, live: undefined, manager, subresource });
    const step = { operation: 'CREATE' as const, object: body, oldObject: undefined };
    await admit(call.env, target, step);
    const status = await answer(body, call, () => validateAdmission(call.env, target, step));
    const object = { ...body, kind: definition.kind, apiVersion: apiVersionOf(definition), status } as AnyObject;
    return { type: 'object', status: 201, object, definition } satisfies ApiResult;
  };
}

async function reviewToken(
  { spec }: TokenReview,
  judge: Judge,
  { reviewToken: verify }: ReviewOptions,
): Promise<object> {
  if (!spec?.token) throw badRequest('token is required for TokenReview in authentication');
  await judge();
  try {
    const found = await verify(spec.token, spec.audiences?.length ? spec.audiences : undefined);
    if (!found) return { user: {}, error: 'invalid bearer token' };
    return {
      authenticated: true,
      user: userOf(found.user),
      ...(found.audiences.length ? { audiences: found.audiences } : {}),
    };
  } catch (error) {
    if (error instanceof InvalidToken) return { user: {}, error: error.message };
    throw error;
  }
}

const userOf = ({ username, uid, groups, extra }: UserInfo): object => ({
  username,
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
});

/** A new object, in which nothing is left of what was sent (pkg/registry/authentication/selfsubjectreview). */
async function selfSubject(
  body: SelfSubjectReview & AnyObject,
  { user, env }: ResourceCall,
  judge: Judge,
): Promise<object> {
  await judge();
  body.metadata = { creationTimestamp: timestamp(env.clock) };
  return { userInfo: userOf(user) };
}

interface AccessQuestion {
  call: ResourceCall;
  authorizer: Authorizer;
  /** Whose rights: the one named in the spec, the same within one namespace, or the caller. */
  of: ReviewScope;
}

async function access(
  body: SubjectAccessReview & AnyObject,
  judge: Judge,
  { call, authorizer, of }: AccessQuestion,
): Promise<object> {
  const spec = body.spec ?? {};
  const errors = accessReviewErrors(body, of);
  if (errors.length > 0) throw invalid({ group: call.definition.group, kind: '' }, '', errors);
  await judge();
  const user: UserInfo =
    of === 'self'
      ? call.user
      : {
          username: spec.user ?? '',
          ...(spec.uid ? { uid: spec.uid } : {}),
          groups: spec.groups ?? [],
          ...(spec.extra ? { extra: spec.extra as Record<string, string[]> } : {}),
        };
  const problems = selectorProblems(spec.resourceAttributes ?? {});
  const decision = await authorizer.authorize(attributesOf(user, spec));
  return {
    allowed: decision.result === 'allow',
    ...(decision.result === 'deny' ? { denied: true } : {}),
    ...(decision.reason ? { reason: decision.reason } : {}),
    ...(problems.length > 0 ? { evaluationError: problems.join('; ') } : {}),
  };
}

type AccessSpec = NonNullable<SubjectAccessReview['spec']>;

function attributesOf(user: UserInfo, { resourceAttributes: r, nonResourceAttributes: n }: AccessSpec): Attributes {
  return {
    user,
    verb: r?.verb ?? n?.verb ?? '',
    isResource: r !== undefined,
    apiGroup: r?.group ?? '',
    apiVersion: r?.version ?? '*',
    resource: r?.resource ?? '',
    subresource: r?.subresource ?? '',
    namespace: r?.namespace ?? '',
    name: r?.name ?? '',
    path: n?.path ?? '',
  };
}

/** What a node may do follows from the pods that are bound to it (plugin/pkg/auth/authorizer/node RulesFor). */
const NO_NODE_RULES = 'node authorizer does not support user rule resolution';

/** A new object, in which nothing is left of what was sent (pkg/registry/authorization/selfsubjectrulesreview). */
async function rules(
  body: SelfSubjectRulesReview & AnyObject,
  judge: Judge,
  { user, rulesFor }: Pick<ReviewOptions, 'rulesFor'> & { user: UserInfo },
): Promise<object> {
  const namespace = body.spec?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  await judge();
  body.metadata = {};
  body.spec = {};
  const found = rulesFor(user, namespace);
  const errors = [...(nodeIdentity(user) === undefined ? [] : [NO_NODE_RULES]), ...found.errors];
  const resourceRules = found.rules.filter((rule) => rule.resources?.length);
  const nonResourceRules = found.rules.filter((rule) => rule.nonResourceURLs?.length);
  return {
    resourceRules: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      ...(apiGroups ? { apiGroups } : {}),
      ...(resources ? { resources } : {}),
      ...(resourceNames ? { resourceNames } : {}),
    })),
    nonResourceRules: nonResourceRules.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: errors.length > 0,
    ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
  };
}
