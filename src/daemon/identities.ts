// As whom the parts of this process ask the API. They pass the same authorization as everyone else.
import { NAMESPACE_SYSTEM } from '../constants.ts';

interface Identity {
  username: string;
  groups: readonly string[];
}

const AUTHENTICATED = 'system:authenticated';

/** Writes the bootstrap objects and fills the caches that all parts share. */
export const LOOPBACK: Identity = { username: 'system:apiserver', groups: ['system:masters', AUTHENTICATED] };

export const SCHEDULER: Identity = { username: 'system:kube-scheduler', groups: [AUTHENTICATED] };

/** Each controller has a service account of its own, with the role upstream gives it, or says whom else it acts as. */
export function controllerIdentity({ name, username }: { name: string; username?: string }): Identity {
  if (username && !username.startsWith('system:serviceaccount:')) return { username, groups: [AUTHENTICATED] };
  return {
    username: username ?? `system:serviceaccount:${NAMESPACE_SYSTEM}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE_SYSTEM}`, AUTHENTICATED],
  };
}

export const nodeIdentity = (node: string): Identity => ({
  username: `system:node:${node}`,
  groups: ['system:nodes', AUTHENTICATED],
});
