// Namespaces: the finalizer that keeps one until it is empty (pkg/registry/core/namespace/strategy.go).

import type { AnyObject } from '../../apimachinery/meta.ts';
import { nameIsDNSLabel } from '../../apimachinery/names.ts';
import type { Behaviour } from '../behaviour.ts';

interface NamespaceSpec {
  finalizers?: string[];
}

export const namespaces: Behaviour = {
  validateName: nameIsDNSLabel,
  prepareForCreate(object) {
    const spec = (object.spec ?? {}) as NamespaceSpec;
    object.spec = spec;
    if (!spec.finalizers?.includes('kubernetes')) spec.finalizers = [...(spec.finalizers ?? []), 'kubernetes'];
    object.status = { phase: 'Active' };
  },
  prepareForUpdate(object: AnyObject, old: AnyObject) {
    // Only /finalize changes these.
    object.spec = {
      ...(object.spec as object),
      finalizers: (old.spec as NamespaceSpec | undefined)?.finalizers,
    };
  },
};
