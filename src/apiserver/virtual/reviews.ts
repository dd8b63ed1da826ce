// Reviews: questions about identity and rights that are answered and not stored
// (pkg/registry/authentication, pkg/registry/authorization).
import type { SelfSubjectReview, TokenReview } from '../../api/types/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../api/types/authorization/v1.ts';
import type { PolicyRule } from '../../api/types/rbac/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { badRequest, type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
import { timestamp } from '../../clock.ts';
import { InvalidToken, type VerifiedToken } from '../authentication/tokens.ts';
import { type CallHandler, type ResourceCall, strictness } from '../call.ts';
import { decodeObject } from '../decode.ts';
import type { Attributes, Authorizer, UserInfo } from '../identity.ts';
import { apiVersionOf } from '../registry/keys.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
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
    ['authentication.k8s.io/tokenreviews', review<TokenReview>((body) => reviewToken(body, options))],
    ['authentication.k8s.io/selfsubjectreviews', review<SelfSubjectReview>((body, call) => selfSubject(body, call))],
    [
      'authorization.k8s.io/subjectaccessreviews',
      review<SubjectAccessReview>((body, call) => access(body, { call, authorizer, of: 'spec' })),
    ],
    [
      'authorization.k8s.io/localsubjectaccessreviews',
      review<LocalSubjectAccessReview>((body, call) => access(body, { call, authorizer, of: 'local' })),
    ],
    [
      'authorization.k8s.io/selfsubjectaccessreviews',
      review<SubjectAccessReview>((body, call) => access(body, { call, authorizer, of: 'self' })),
    ],
    [
      'authorization.k8s.io/selfsubjectrulesreviews',
      review<SelfSubjectRulesReview>((body, call) => rules(body, call, options)),
    ],
  ];
}

/** A handler that decodes its body, fills in the status and sends it back. */
function review<T>(answer: (body: T & AnyObject, call: ResourceCall) => Promise<object>): CallHandler {
  return async (call) => {
    const { definition, request } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const body = (await decodeObject(request.body, definition, strictness(call, parameters))) as T & AnyObject;
    const status = await answer(body, call);
    const object = { ...body, kind: definition.kind, apiVersion: apiVersionOf(definition), status } as AnyObject;
    return { type: 'object', status: 201, object, definition } satisfies ApiResult;
  };
}

async function reviewToken({ spec, metadata }: TokenReview, { reviewToken: verify }: ReviewOptions): Promise<object> {
  if (metadata?.name || metadata?.namespace) {
    throw badRequest('metadata must be empty in a TokenReview');
  }
  if (!spec?.token) throw badRequest('token is required for TokenReview in authentication');
  try {
    const found = await verify(spec.token, spec.audiences?.length ? spec.audiences : undefined);
    if (!found) return { user: {} };
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

async function selfSubject(body: SelfSubjectReview & AnyObject, { user, env }: ResourceCall): Promise<object> {
  body.metadata.creationTimestamp ??= timestamp(env.clock);
  return { userInfo: userOf(user) };
}

interface AccessQuestion {
  call: ResourceCall;
  authorizer: Authorizer;
  /** Whose rights: the one named in the spec, the same within one namespace, or the caller. */
  of: 'spec' | 'local' | 'self';
}

async function access(
  body: SubjectAccessReview & AnyObject,
  { call, authorizer, of }: AccessQuestion,
): Promise<object> {
  const spec = body.spec ?? {};
  const errors = validateAccess(spec, of);
  if (errors.length > 0) throw invalid(call.definition, '', errors);
  if (of === 'local') {
    if (!spec.resourceAttributes || spec.nonResourceAttributes)
      throw badRequest('spec.nonResourceAttributes: disallowed on this kind of request');
    if ((spec.resourceAttributes.namespace ?? '') !== call.info.namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${call.info.namespace}`);
    }
  }
  const user: UserInfo =
    of === 'self'
      ? call.user
      : {
          username: spec.user ?? '',
          ...(spec.uid ? { uid: spec.uid } : {}),
          groups: spec.groups ?? [],
          ...(spec.extra ? { extra: spec.extra as Record<string, string[]> } : {}),
        };
  const decision = await authorizer.authorize(attributesOf(user, spec));
  return {
    allowed: decision.result === 'allow',
    ...(decision.result === 'deny' ? { denied: true } : {}),
    ...(decision.reason ? { reason: decision.reason } : {}),
  };
}

type AccessSpec = NonNullable<SubjectAccessReview['spec']>;

function validateAccess(spec: AccessSpec, of: AccessQuestion['of']): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  const errors: FieldError[] = [];
  const both = 'cannot be specified in combination with resourceAttributes';
  if (resourceAttributes && nonResourceAttributes) {
    errors.push(fieldError.invalid('spec.nonResourceAttributes', nonResourceAttributes, both));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const what = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(fieldError.invalid('spec.resourceAttributes', resourceAttributes, what));
  }
  if (of !== 'self' && !spec.user && !spec.groups?.length) {
    errors.push(fieldError.invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
  }
  return errors;
}

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

async function rules(
  { spec }: SelfSubjectRulesReview,
  { user }: ResourceCall,
  { rulesFor }: ReviewOptions,
): Promise<object> {
  const namespace = spec?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  const found = rulesFor(user, namespace);
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
    incomplete: found.errors.length > 0,
    ...(found.errors.length > 0 ? { evaluationError: found.errors.join(', ') } : {}),
  };
}
