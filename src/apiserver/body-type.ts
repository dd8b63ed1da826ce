// Types of bodies that are no stored resource: Scale, Binding, Eviction, reviews.
import type { ResourceDefinition, SubresourceDefinition } from '../api/definition.ts';
import { kindFact } from '../api/facts.ts';
import { plainNormaliser } from '../api/normalise.ts';
import type { AnyObject } from '../apimachinery/meta.ts';
import type { SchemaSet, TypeSchema } from '../apimachinery/schema.ts';

/** What decoding needs to know of a type. ResourceDefinition has it. */
export interface BodyType {
  group: string;
  version: string;
  kind: string;
  schema: TypeSchema;
  fit?: ResourceDefinition['fit'];
  /** Those that a body may name, when not only its own: they differ in nothing but the name. */
  versions?: readonly string[];
  setDefaults(object: AnyObject): void;
}

export function bodyType(
  { group, version, kind }: Pick<SubresourceDefinition, 'group' | 'version' | 'kind'>,
  types: SchemaSet,
): BodyType {
  const schema = types.type(kindFact(group, version, kind).t);
  return { group, version, kind, schema, setDefaults: (object) => plainNormaliser(types).normalise(object, schema) };
}
