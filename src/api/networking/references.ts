// References to objects of a kind by group, kind and name (pkg/apis/networking/validation
// validateIngressTypedLocalObjectReference).
import { isDNS1123Subdomain, isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach } from '../validation/rules.ts';

export interface TypedReference {
  apiGroup?: string | null;
  kind?: string;
  name?: string;
}

export const referenceErrors = ({ apiGroup, kind, name }: TypedReference, path: string): FieldError[] => [
  ...(typeof apiGroup !== 'string' ? [] : invalidEach(`${path}.apiGroup`, apiGroup, isDNS1123Subdomain(apiGroup))),
  ...segment(kind, `${path}.kind`),
  ...segment(name, `${path}.name`),
];

/** Required, and one segment of a path. */
export const segment = (text: string | undefined, path: string): FieldError[] =>
  text ? invalidEach(path, text, isPathSegmentName(text)) : [fieldError.required(path)];
