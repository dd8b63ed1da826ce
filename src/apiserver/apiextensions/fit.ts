// Bodies of custom resources: metadata is read as every object's, the rest is brought to the schema
// (apiextensions-apiserver pkg/apiserver/customresource_handler.go, the schema coercer).
import { visitEmbedded } from '../../api/apiextensions/embedded.ts';
import { prune, pruneNulls } from '../../api/apiextensions/pruning.ts';
import { isFields, type Schema } from '../../api/apiextensions/schema.ts';
import { plainNormaliser } from '../../api/normalise.ts';
import { type Decoded, DecodeError } from '../../apimachinery/codec/decoded.ts';
import { decodeTyped, untypedProblems } from '../../apimachinery/codec/strict.ts';
import type { Json, JsonObject } from '../../apimachinery/meta.ts';
import type { SchemaSet, TypeSchema } from '../../apimachinery/schema.ts';

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Without what the schema does not know; unknown fields are problems for strict reading only. */
export function fitToSchema(decoded: Decoded, schema: Schema, types: SchemaSet) {
  const object = structuredClone(decoded.value) as JsonObject;
  const problems = untypedProblems(decoded);
  const root = readMetadata(object, decoded, types);
  problems.push(...root.problems);
  problems.push(...prune(object, schema).map(unknownField));
  if (!decoded.keepsNulls) pruneNulls(object, schema);
  visitEmbedded(object, schema, (embedded, path) => {
    for (const name of ['apiVersion', 'kind']) {
      const value = embedded[name];
      if (value !== undefined && typeof value !== 'string') {
        throw new DecodeError(`${path}.${name} must be a string: cannot unmarshal ${typeof value}`);
      }
    }
    const plain = { value: embedded as Json, duplicates: [], literals: new Map(), problems: [] };
    const read = readMetadata(embedded as JsonObject, plain, types);
    problems.push(...read.problems.map((problem) => problem.replace('"metadata.', `"${path}.metadata.`)));
  });
  return { value: object, problems: [...new Set(problems)] };
}

const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;

/** Replaces metadata by what a typed reading of it gives. */
function readMetadata(object: JsonObject, decoded: Decoded, types: SchemaSet): { problems: readonly string[] } {
  const { metadata } = object;
  if (metadata === undefined) return { problems: [] };
  if (!isFields(metadata)) throw new DecodeError(`metadata must be an object, but is ${JSON.stringify(metadata)}`);
  const { value, problems } = decodeTyped({ ...decoded, value: { metadata }, duplicates: [] }, HOLDER, types);
  const read = value.metadata as JsonObject;
  plainNormaliser(types).normalise(read, types.type(OBJECT_META));
  object.metadata = read;
  return { problems };
}

/** A type with metadata and nothing else. */
const HOLDER: TypeSchema = {
  model: '',
  typeMeta: true,
  fields: new Map([
    [
      'metadata',
      {
        name: 'metadata',
        type: { kind: 'struct', model: OBJECT_META },
        pointer: false,
        omitEmpty: true,
        required: false,
      },
    ],
  ]),
};
