// Members of system:masters may do everything: the way in when RBAC itself is broken.
import type { Authorizer, UserInfo } from '../identity.ts';

export const isPrivileged = (user: UserInfo): boolean => user.groups.includes('system:masters');

export const privilegedAuthorizer: Authorizer = {
  name: 'system:masters',
  authorize: ({ user }) => ({ result: isPrivileged(user) ? 'allow' : 'noOpinion' }),
};
