// Paths of selectable fields and of rules: members and quoted keys of what a schema declares
// (apiextensions-apiserver pkg/apiserver/schema/cel ValidFieldPath).
import { OBJECT_FIELDS, type Schema, valuesOf } from './schema.ts';

const STEP = /\.(?<member>[^.[\]]+)|\[(?:'(?<single>(?:\\.|[^'\\])*)'|"(?<double>(?:\\.|[^"\\])*)")\]/y;

/** The schema the path leads to; undefined when it leads nowhere or is none. */
export function schemaAt(path: string, root: Schema, options: { keys: boolean }): Schema | undefined {
  const pattern = new RegExp(STEP);
  let schema: Schema | undefined = root;
  while (pattern.lastIndex < path.length) {
    const groups: Record<string, string | undefined> | undefined = pattern.exec(path)?.groups;
    const quoted: string | undefined = groups?.single ?? groups?.double;
    if (!groups || (quoted !== undefined && !options.keys)) return undefined;
    const key: string = groups.member ?? (quoted as string).replace(/\\(.)/g, '$1');
    const isMetadata: boolean = schema === root && OBJECT_FIELDS.has(key);
    const declared: Schema | undefined = schema.properties?.[key];
    // Of metadata only the names can be declared, and they may be left out.
    schema = declared ?? (isMetadata ? METADATA : quoted === undefined ? undefined : valuesOfMap(schema));
    if (!schema) return undefined;
  }
  return schema === root ? undefined : schema;
}

/** What has properties is no map; one of which only that is said has values of which nothing is. */
function valuesOfMap(schema: Schema): Schema | undefined {
  if (Object.keys(schema.properties ?? {}).length > 0) return undefined;
  return typeof schema.additionalProperties === 'boolean' ? {} : valuesOf(schema);
}

const METADATA: Schema = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
};

export const isFieldPath = (path: string, schema: Schema): boolean =>
  schemaAt(path, schema, { keys: true }) !== undefined;

/** As errors name it: spec.map[key].field; undefined for what is no path. */
export function normalisedPath(path: string, root: Schema): string | undefined {
  if (!isFieldPath(path, root)) return undefined;
  let schema: Schema | undefined = root;
  let text = '';
  for (const { groups = {} } of path.matchAll(new RegExp(STEP, 'g'))) {
    const key = groups.member ?? (groups.single ?? groups.double ?? '').replace(/\\(.)/g, '$1');
    const property: Schema | undefined = schema?.properties?.[key];
    text += schema && valuesOf(schema) && !property ? `[${key}]` : `${text ? '.' : ''}${key}`;
    schema = property ?? (schema && valuesOf(schema));
  }
  return text;
}
