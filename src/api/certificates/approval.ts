// What /approval may change (pkg/registry/certificates/certificates csrApprovalStrategy).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { FieldError } from '../../apimachinery/status-error.ts';
import type { WriteContext } from '../definition.ts';
import { validateMetadata, validateMetadataUpdate } from '../validation/metadata.ts';
import { removalErrors, stampConditions, validateSigningRequest } from './signing-requests.ts';

export function prepareForApproval(object: AnyObject, old: AnyObject, { now }: WriteContext): void {
  stampConditions(object, old, now);
  const { conditions } = (object.status ?? {}) as { conditions?: unknown };
  object.spec = structuredClone(old.spec);
  object.status = { ...structuredClone(old.status ?? {}), conditions };
  if (conditions === undefined) delete (object.status as { conditions?: unknown }).conditions;
}

export const validateApproval = (object: AnyObject, old: AnyObject): FieldError[] => [
  ...validateMetadata(object.metadata),
  ...validateMetadataUpdate(object.metadata, old.metadata),
  ...validateSigningRequest(object),
  ...removalErrors(object, old),
];
