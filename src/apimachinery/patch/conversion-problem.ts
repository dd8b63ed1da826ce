// A strategic merge patch is laid over an object as a Go map, and the map converted to the object's type: what goes wrong
// is said in other words than a decoder's (k8s.io/apimachinery/pkg/runtime/converter.go).
import type { MismatchError } from '../codec/decoded.ts';
import type { Json } from '../meta.ts';
import { isObject } from '../value.ts';

/** What the converter says of a value that has another type than the field wants. */
export function conversionProblem({ value, type }: MismatchError): string {
  const given = goKind(value);
  switch (type.kind) {
    case 'struct':
      return `cannot restore struct from: ${given}`;
    case 'map':
      return `cannot restore map from ${given}`;
    case 'list':
    case 'bytes':
      return `cannot restore slice from ${given}`;
    default:
      // Go converts integers to texts and fractions to integers, which JSON does not.
      return (given === 'int64' && type.kind === 'string') || (given === 'float64' && type.kind.startsWith('int'))
        ? `cannot convert ${given} to ${type.kind}`
        : `unrecognized type: ${type.kind}`;
  }
}

function goKind(value: Json): string {
  if (Array.isArray(value)) return 'slice';
  if (isObject(value)) return 'map';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Number.isInteger(Number(value)) ? 'int64' : 'float64';
}
