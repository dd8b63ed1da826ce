// Namespaces: the finalizer that keeps one until it is empty (pkg/registry/core/namespace/strategy.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { validateFinalizerDomains } from '../validation/metadata.ts';

interface NamespaceSpec {
  finalizers?: string[];
}

const finalizersOf = ({ spec }: AnyObject): string[] => (spec as NamespaceSpec | undefined)?.finalizers ?? [];

/** Names like those of metadata.finalizers; reported as the list. */
const validate = (object: AnyObject): FieldError[] =>
  finalizersOf(object).flatMap((finalizer) => [...finalizerErrors(finalizer, 'spec.finalizers')]);

const finalizerErrors = (finalizer: string, field: string): FieldError[] => [
  ...isQualifiedName(finalizer).map((text) => fieldError.invalid(field, finalizer, text)),
  ...validateFinalizerDomains({ finalizers: [finalizer] }).map((error) => ({ ...error, field })),
];

/** What /finalize may write (ValidateNamespaceFinalizeUpdate). */
export const validateFinalizing = ({ spec }: AnyObject): FieldError[] =>
  ((spec as NamespaceSpec | undefined)?.finalizers ?? []).flatMap((finalizer, i) =>
    finalizerErrors(finalizer, `spec.finalizers[${i}]`),
  );

/** The phase follows from whether the namespace is going. */
function validateStatusUpdate({ metadata, status }: AnyObject): FieldError[] {
  const phase = (status as { phase?: string } | undefined)?.phase ?? '';
  const [wanted, when] = metadata.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty'];
  const text = `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`;
  return phase === wanted ? [] : [fieldError.invalid('status.Phase', phase, text)];
}

export const namespaces: Behaviour = {
  validateName: nameIsDNSLabel,
  validate,
  validateStatusUpdate,
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
