// What decides whether a request may go on: upstream's default modes in order (Node, RBAC) behind the privileged group.
import type { Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { createNodeAuthorizer } from './node.ts';
import { privilegedAuthorizer } from './privileged.ts';
import { createRbacAuthorizer, type RbacAuthorizer } from './rbac.ts';
import { createUnionAuthorizer } from './union.ts';

/** `rbac` is there for rules reviews and the escalation check. */
export function createAuthorizer(reader: ObjectReader): { authorizer: Authorizer; rbac: RbacAuthorizer } {
  const rbac = createRbacAuthorizer(reader);
  return { rbac, authorizer: createUnionAuthorizer([privilegedAuthorizer, createNodeAuthorizer(reader), rbac]) };
}
