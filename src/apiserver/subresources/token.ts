// serviceaccounts/<name>/token: a signed token for an account.
import type { TokenRequest } from '../../api/types/authentication/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  DEFAULT_SECONDS,
  issueServiceAccountToken,
  type TokenRequestContext,
} from '../authentication/token-request.ts';
import { bodyType } from '../body-type.ts';
import { admitBody, type CallHandler, managerOf, strictness } from '../call.ts';
import { decodeObject } from '../decode.ts';
import { parseWriteParameters } from '../registry/parameters.ts';

const TOKEN_REQUEST = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };

export const tokenHandler =
  (context: Pick<TokenRequestContext, 'reader' | 'tokens' | 'clock'>): CallHandler =>
  async (call) => {
    const { request, info, env } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const type = bodyType(TOKEN_REQUEST, env.types);
    const body = (await decodeObject(request.body, type, strictness(call, parameters))) as AnyObject & TokenRequest;
    body.spec.expirationSeconds ??= DEFAULT_SECONDS;
    const definition = { ...call.definition, ...type, subresources: {} };
    const manager = managerOf(request, parameters.fieldManager);
    env.fieldManagers.trackUpdate(body, { definition, live: undefined, manager, subresource: 'token' });
    await admitBody(call, parameters, body);
    const answer = await issueServiceAccountToken(body, { ...context, namespace: info.namespace, name: info.name });
    const object = { kind: type.kind, apiVersion: 'authentication.k8s.io/v1', ...answer } as unknown as AnyObject;
    return { type: 'object', status: 201, object };
  };
