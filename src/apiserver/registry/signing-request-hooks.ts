// A CertificateSigningRequest says who made it; approvers and signers rely on that
// (pkg/registry/certificates/certificates/strategy.go PrepareForCreate).
import type { CertificateSigningRequest } from '../../api/types/certificates/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ResourceHooks } from './hooks.ts';

export const signingRequestHooks: ResourceHooks = {
  beginCreate(object, { user }) {
    const { spec } = object as AnyObject & CertificateSigningRequest;
    if (spec) {
      spec.username = user.username;
      if (user.uid) spec.uid = user.uid;
      else delete spec.uid;
      spec.groups = [...user.groups];
      if (user.extra) spec.extra = structuredClone(user.extra) as Record<string, string[]>;
      else delete spec.extra;
    }
    return { commit: () => undefined, release: () => undefined };
  },
};
