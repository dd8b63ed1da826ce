// Go's zero values as JSON: what a field holds that was never set.
import type { TypeRef, TypeSchema } from './schema.ts';

/** Of scalars but bytes; undefined for everything else, whose zero its place decides. */
export function zeroOfScalar(kind: TypeRef['kind']): '' | false | 0 | undefined {
  switch (kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
      return 0;
    default:
      return undefined;
  }
}

/** Of types with a JSON of their own: an IntOrString is a number first, a Quantity and a Duration have a text for nothing. */
export function zeroOfSpecial({ model, special }: TypeSchema): 0 | '0' | '0s' | null {
  if (special?.format === 'int-or-string') return 0;
  if (model.endsWith('.Quantity')) return '0';
  return model.endsWith('.meta.v1.Duration') ? '0s' : null;
}
