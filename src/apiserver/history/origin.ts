// Who writes and by what means, out of a request: what the store keeps beside each revision.
import type { Origin } from '../../storage/storage.ts';
import type { UserInfo } from '../identity.ts';
import { type ApiRequest, header } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

const MAX_LENGTH = 256;

/** The request as it came, whatever writes it leads to: an eviction's deletion is an eviction's. */
export function originOf(
  { request, info, user }: { request: ApiRequest; info: RequestInfo; user: UserInfo },
  fieldManager: string,
): Origin {
  const userAgent = header(request, 'user-agent');
  const isApply = info.verb === 'patch' && /^application\/apply-patch\+/.test(request.body.contentType ?? '');
  return {
    user: cut(user.username),
    verb: isApply ? 'apply' : info.verb,
    ...(info.subresource ? { subresource: cut(info.subresource) } : {}),
    ...(userAgent ? { userAgent: cut(userAgent) } : {}),
    fieldManager: cut(fieldManager),
  };
}

/** Half a character is none. */
const cut = (text: string): string => text.slice(0, MAX_LENGTH).toWellFormed();
