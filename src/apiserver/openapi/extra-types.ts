// Types that documents name but the facts do not hold: no object of the API has them.
import type { FieldSchema, SchemaSet, TypeSchema } from '../../apimachinery/schema.ts';

export const PATCH_MODEL = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
export const VERSION_MODEL = 'io.k8s.apimachinery.pkg.version.Info';

/** The fields of /version that are always there; the emulated and minimum versions may be missing. */
const VERSION_REQUIRED = [
  'buildDate',
  'compiler',
  'gitCommit',
  'gitTreeState',
  'gitVersion',
  'goVersion',
  'major',
  'minor',
  'platform',
];
const VERSION_OPTIONAL = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor'];

export function withExtraTypes(schemas: SchemaSet): SchemaSet {
  const extra = new Map<string, TypeSchema>([
    [PATCH_MODEL, struct(PATCH_MODEL, [])],
    [
      VERSION_MODEL,
      struct(VERSION_MODEL, [
        ...VERSION_REQUIRED.map((name) => text(name, true)),
        ...VERSION_OPTIONAL.map((name) => text(name, false)),
      ]),
    ],
  ]);
  return { type: (model) => extra.get(model) ?? schemas.type(model) };
}

const struct = (model: string, fields: readonly FieldSchema[]): TypeSchema => ({
  model,
  fields: new Map(fields.map((field) => [field.name, field])),
  typeMeta: false,
});

const text = (name: string, required: boolean): FieldSchema => ({
  name,
  type: { kind: 'string' },
  omitEmpty: !required,
  pointer: false,
  required,
});
