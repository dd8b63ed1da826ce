// What an alternative of a whole object restricts, the schema must declare outside of alternatives, so that every value is
// of a known type. Upstream looks at the alternatives of the root only (apiextensions-apiserver pkg/apiserver/schema/complete.go).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { itemsOf, type Schema } from './schema.ts';

/** A schema that is restricted and the one that declares it, with their paths. */
interface Pair {
  restriction: Schema;
  restrictedAt: string;
  declaration: Schema | undefined;
  declaredAt: string;
}

export const validateCompleteness = (schema: Schema, path: string): FieldError[] =>
  alternatives({ restriction: schema, restrictedAt: path, declaration: schema, declaredAt: path });

/** Each alternative stands for the very value. */
function alternatives({ restriction, restrictedAt, ...declared }: Pair): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = restriction;
  const at = (one: Schema, where: string) =>
    incomplete({ restriction: one, restrictedAt: `${restrictedAt}.${where}`, ...declared });
  return [
    ...(not ? at(not, 'not') : []),
    ...allOf.flatMap((one, i) => at(one, `allOf[${i}]`)),
    ...anyOf.flatMap((one, i) => at(one, `anyOf[${i}]`)),
    ...oneOf.flatMap((one, i) => at(one, `oneOf[${i}]`)),
  ];
}

function incomplete(pair: Pair): FieldError[] {
  const { restriction, restrictedAt, declaration, declaredAt } = pair;
  if (!declaration) return [fieldError.required(declaredAt, `because it is defined in ${restrictedAt}`)];
  const items = itemsOf(restriction);
  const below = (one: Schema, declared: Schema | undefined, where: string) =>
    incomplete({
      restriction: one,
      restrictedAt: `${restrictedAt}.${where}`,
      declaration: declared,
      declaredAt: `${declaredAt}.${where}`,
    });
  return [
    ...alternatives(pair),
    ...(items ? below(items, itemsOf(declaration), 'items') : []),
    ...Object.entries(restriction.properties ?? {}).flatMap(([key, property]) => {
      const declared = Object.hasOwn(declaration.properties ?? {}, key) ? declaration.properties?.[key] : undefined;
      return below(property, declared, `properties[${key}]`);
    }),
  ];
}
