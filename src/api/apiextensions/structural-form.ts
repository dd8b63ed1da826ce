// Which schemas have a structural form at all (NewStructural in apiextensions-apiserver's pkg/apiserver/schema/convert.go).
import { isFields, type Schema, valuesOf } from './schema.ts';

/** What such a form has no place for, as long as it is not empty. */
const UNSUPPORTED = [
  ['id', 'id'],
  ['$schema', 'schema'],
  ['$ref', '$ref'],
  ['patternProperties', 'patternProperties'],
  ['dependencies', 'dependencies'],
  ['additionalItems', 'additionalItems'],
  ['definitions', 'definitions'],
] as const;

const PRESERVE = 'x-kubernetes-preserve-unknown-fields';

/** Why a schema has none, of the first below it that has not; undefined when it has one. */
export function noStructuralForm(schema: Schema): string | undefined {
  const unsupported = UNSUPPORTED.find(([keyword]) => isSaid(schema[keyword]));
  if (unsupported) return `OpenAPIV3Schema '${unsupported[1]}' is not supported`;
  if (schema[PRESERVE] === false) return `internal error: '${PRESERVE}' must be true or undefined`;
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  const inner = [
    ...[schema.not, schema.items, valuesOf(schema)].filter(isFields),
    ...[schema.allOf, schema.anyOf, schema.oneOf].flatMap((list) => list ?? []),
    ...Object.values(schema.properties ?? {}),
  ];
  for (const one of inner) {
    const why = noStructuralForm(one as Schema);
    if (why !== undefined) return why;
  }
  return undefined;
}

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== '' && !(isFields(value) && Object.keys(value).length === 0);
