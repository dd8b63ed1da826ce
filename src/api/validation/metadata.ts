// Rules of metadata, as k8s.io/apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation state
// them. Names are not here: their rule differs by type (ResourceDefinition.validateName).
import type { ObjectMeta, OwnerReference } from '../../apimachinery/meta.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

const MAX_ANNOTATION_BYTES = 256 * 1024;
export const FIELD_IMMUTABLE = 'field is immutable';

/** What most types ask of metadata (pkg/apis/core/validation ValidateObjectMeta). */
export const validateMetadata = (metadata: ObjectMeta, path = 'metadata'): FieldError[] => [
  ...validatePlainMetadata(metadata, path),
  ...validateFinalizerDomains(metadata, path),
];

/** What all types ask of it. */
export function validatePlainMetadata(metadata: ObjectMeta, path = 'metadata'): FieldError[] {
  return [
    ...((metadata.generation ?? 0) < 0
      ? [fieldError.invalid(`${path}.generation`, metadata.generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(metadata.finalizers ?? [], `${path}.finalizers`),
  ];
}

/** What an update may not change and the registry has not put back itself. */
export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = old.deletionTimestamp ? newFinalizers(metadata, old, path) : [];
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(fieldError.invalid(`${path}.generation`, metadata.generation ?? 0, 'must not be decremented'));
  }
  for (const field of IMMUTABLE_METADATA) {
    if ((metadata[field] ?? '') !== (old[field] ?? '')) {
      errors.push(fieldError.invalid(`${path}.${field}`, metadata[field] ?? '', FIELD_IMMUTABLE));
    }
  }
  return [
    ...errors,
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], `${path}.ownerReferences`),
  ];
}

const IMMUTABLE_METADATA = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Once an object is going, nobody may add what keeps it. */
function newFinalizers(metadata: ObjectMeta, old: ObjectMeta, path: string): FieldError[] {
  const before = new Set(old.finalizers);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length === 0) return [];
  const shown = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`;
  return [
    fieldError.forbidden(
      `${path}.finalizers`,
      `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`,
    ),
  ];
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Only Kubernetes' own may lack a domain (pkg/apis/core/validation validateKubeFinalizerName). */
export const validateFinalizerDomains = ({ finalizers = [] }: ObjectMeta, path = 'metadata'): FieldError[] =>
  finalizers.flatMap((finalizer, i) =>
    finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)
      ? []
      : [
          fieldError.invalid(
            `${path}.finalizers[${i}]`,
            finalizer,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...isQualifiedName(key).map((text) => fieldError.invalid(path, key, text)),
    ...isValidLabelValue(value).map((text) => fieldError.invalid(path, value, text)),
  ]);
}

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const errors = entries.flatMap(([key]) =>
    isQualifiedName(key.toLowerCase()).map((text) => fieldError.invalid(path, key, text)),
  );
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size > MAX_ANNOTATION_BYTES) errors.push(fieldError.tooLong(path, MAX_ANNOTATION_BYTES));
  return errors;
}

/** Of a template's metadata only labels and annotations reach what is made from it (ValidateTemplateObjectMeta). */
export function validateTemplateMetadata(metadata: ObjectMeta, path: string): FieldError[] {
  const { annotations, labels, ...others } = metadata;
  return [
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validateLabels(labels, `${path}.labels`),
    ...Object.entries(others)
      .filter(([, value]) => value !== undefined && value !== null)
      // Named as in Go, but for the first letter.
      .map(([field]) => fieldError.forbidden(`${path}.${field === 'uid' ? 'uID' : field}`, 'cannot be set')),
  ];
}

function validateOwnerReferences(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors = owners.flatMap((owner) => validateOwnerReference(owner, path));
  const [first, ...others] = owners.filter((owner) => owner.controller === true);
  for (const other of others) {
    const names = `${first?.kind}/${first?.name} and ${other.kind}/${other.name}`;
    errors.push(
      fieldError.invalid(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${names}`,
      ),
    );
  }
  return errors;
}

function validateOwnerReference(owner: OwnerReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  if (!version || apiVersion.split('/').length > 2) {
    errors.push(fieldError.invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'));
  }
  for (const [field, value] of Object.entries({ kind, name, uid })) {
    if (!value) errors.push(fieldError.invalid(`${path}.${field}`, value, 'must not be empty'));
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    errors.push(fieldError.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) =>
    isQualifiedName(finalizer).map((text) => fieldError.invalid(path, finalizer, text)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(fieldError.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return errors;
}
