// References to an object by apiVersion, kind and name (pkg/apis/autoscaling/validation
// ValidateCrossVersionObjectReference).
import { isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach } from '../validation/rules.ts';

export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
}

/** `emptyGroup`: whether the object may be of the core group. */
export function referenceErrors(ref: ObjectReference, path: string, options: { emptyGroup: boolean }): FieldError[] {
  const { apiVersion = '' } = ref;
  const errors = (['kind', 'name'] as const).flatMap((field) => {
    const value = ref[field];
    const at = `${path}.${field}`;
    return value ? invalidEach(at, value, isPathSegmentName(value)) : [fieldError.required(at)];
  });
  const problem = versionProblem(apiVersion, options);
  return problem ? [...errors, fieldError.invalid(`${path}.apiVersion`, apiVersion, problem)] : errors;
}

function versionProblem(apiVersion: string, { emptyGroup }: { emptyGroup: boolean }): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? parts[0] : '';
  // The scale of an object of the core group is only asked for on ReplicationControllers, which say v1.
  return group || emptyGroup ? undefined : 'apiVersion must specify API group';
}
