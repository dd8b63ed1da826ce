// The shape of types lives with the machinery that walks it; everything above asks for it here.
export type { FieldSchema, ScalarType, SchemaSet, TypeRef, TypeSchema } from '../apimachinery/schema.ts';
