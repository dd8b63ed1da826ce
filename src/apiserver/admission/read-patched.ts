// What a webhook or a policy made of an object, read as its type: with the type's defaults, without what it does not know.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { hasReason, internalError } from '../../apimachinery/status-error.ts';
import { bodyType } from '../body-type.ts';
import { decodedValue, toObject } from '../decode.ts';

interface Patched {
  /** The object before. */
  shown: AnyObject;
  definition: ResourceDefinition;
  types: SchemaSet;
  /** 'Strict' refuses what the type does not know. */
  fieldValidation?: 'Strict' | 'Ignore';
}

/** Throws an internal error, as upstream has it, for what does not fit the type. */
export function readPatched(
  object: AnyObject,
  { shown, definition, types, fieldValidation = 'Ignore' }: Patched,
): AnyObject {
  const strictness = { types, fieldValidation, warn: () => undefined };
  const [version = '', group = ''] = (shown.apiVersion ?? '').split('/').toReversed();
  const kind = shown.kind ?? '';
  // Bodies of subresources are of types of their own.
  const type = kind === definition.kind ? definition : bodyType({ group, version, kind }, types);
  try {
    return toObject(decodedValue(object), type, strictness);
  } catch (error) {
    if (hasReason(error, 'BadRequest') || hasReason(error, 'Invalid')) throw internalError(error.message);
    throw error;
  }
}
