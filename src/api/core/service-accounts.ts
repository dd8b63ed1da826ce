// ServiceAccounts: secrets are referred to by name alone (pkg/registry/core/serviceaccount/strategy.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import type { ObjectReference } from '../types/core/v1.ts';

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';

function onlyNames(object: AnyObject): void {
  const secrets = object.secrets as (ObjectReference | null)[] | undefined;
  if (secrets) object.secrets = secrets.map((secret) => (secret?.name ? { name: secret.name } : {}));
}

export const serviceAccounts: Behaviour = {
  prepareForCreate: onlyNames,
  prepareForUpdate: onlyNames,
  warnings({ metadata }, old) {
    if (metadata.annotations?.[ENFORCE] === undefined || old?.metadata.annotations?.[ENFORCE] !== undefined) return [];
    return [
      `metadata.annotations[${ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ];
  },
};
