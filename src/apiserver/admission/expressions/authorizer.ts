// What expressions can ask the authorizer: `authorizer`, and `authorizer.requestResource` about the request itself
// (k8s.io/apiserver pkg/cel/library/authz.go).
import {
  type Answer,
  type Ask,
  authorizerValue,
  type Question,
  resourceCheckValue,
} from '../../../cel/library/authorizer.ts';
import type { Value } from '../../../cel/values.ts';
import { serviceAccountGroups, serviceAccountUsername } from '../../authentication/tokens.ts';
import type { AdmissionRequest, Attributes, Authorizer, UserInfo } from '../../identity.ts';
import { nameOf, namespaceOf } from '../matching/attributes.ts';

export interface AuthorizerValues {
  authorizer: Value;
  requestResource: Value;
}

export function authorizerValues(authorizer: Authorizer, request: AdmissionRequest): AuthorizerValues {
  const ask: Ask = (question) => answerOf(authorizer, attributesOf(question, request.user));
  const { definition, subresource } = request;
  const asked = {
    group: definition.group,
    resource: definition.plural,
    ...(subresource ? { subresource } : {}),
    namespace: namespaceOf(request),
    name: nameOf(request),
  };
  return { authorizer: authorizerValue(ask), requestResource: resourceCheckValue(ask, asked) };
}

function attributesOf(question: Question, asking: UserInfo): Attributes {
  const { serviceAccount, verb, path, fieldSelector } = question;
  const user: UserInfo = serviceAccount
    ? {
        username: serviceAccountUsername(serviceAccount.namespace, serviceAccount.name),
        groups: serviceAccountGroups(serviceAccount.namespace),
      }
    : asking;
  return {
    user,
    verb,
    isResource: path === undefined,
    apiGroup: question.group ?? '',
    apiVersion: path === undefined ? '*' : '',
    resource: question.resource ?? '',
    subresource: question.subresource ?? '',
    namespace: question.namespace ?? '',
    name: question.name ?? '',
    path: path ?? '',
    ...(fieldSelector ? { fieldSelector } : {}),
  };
}

/** Expressions cannot wait; those who decide here never make them. */
function answerOf(authorizer: Authorizer, attributes: Attributes): Answer {
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) throw new TypeError(`${authorizer.name} does not decide at once`);
  return { allowed: decision.result === 'allow', reason: decision.reason ?? '' };
}
