// Fields that selectors may name: scalars that the schema declares, outside of metadata.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { SelectableField } from '../types/apiextensions/v1.ts';
import { schemaAt } from './field-path.ts';
import type { Schema } from './schema.ts';

const MAX_FIELDS = 8;
const SCALARS = new Set(['string', 'boolean', 'integer']);

export function selectableFieldErrors(fields: readonly SelectableField[], schema: Schema, path: string): FieldError[] {
  const seen = new Set<string>();
  const errors = fields.flatMap(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return [fieldError.required(at)];
    const found = schemaAt(jsonPath, schema, { keys: false });
    if (!found) return [fieldError.invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field')];
    const duplicate = seen.has(jsonPath);
    seen.add(jsonPath);
    return [
      ...(/^\.metadata\b/.test(jsonPath)
        ? [fieldError.invalid(at, jsonPath, 'must not point to fields in metadata')]
        : []),
      ...(SCALARS.has(found.type ?? '')
        ? []
        : [
            fieldError.invalid(
              at,
              jsonPath,
              'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
            ),
          ]),
      ...(duplicate ? [fieldError.duplicate(at, jsonPath)] : []),
    ];
  });
  return seen.size > MAX_FIELDS ? [...errors, fieldError.tooMany(path, seen.size, MAX_FIELDS)] : errors;
}
