// Defaults of role bindings, after pkg/apis/rbac/v1/defaults.go.
import type { TypeDefault } from '../normalise.ts';

const subject: TypeDefault = (value) => {
  if (value.kind === 'User' || value.kind === 'Group') value.apiGroup ||= 'rbac.authorization.k8s.io';
};

export const rbacDefaults: Readonly<Record<string, TypeDefault>> = { 'io.k8s.api.rbac.v1.Subject': subject };
