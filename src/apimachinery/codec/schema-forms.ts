// Fields of JSON schemas that hold one of several things: a schema, schemas, a bool, texts. They have readers of their
// own, to which nothing is unknown and to whom most of what they do not expect is nothing (apiextensions v1 marshal.go).
import type { Json } from '../meta.ts';
import { isObject } from '../value.ts';
import { DecodeError } from './decoded.ts';

type Form = (value: Json, schema: (value: Json) => Json) => Json;

const PREFIX = 'JSONSchemaPropsOr';

const FORMS: Readonly<Record<string, Form>> = {
  Bool: (value, schema) => {
    if (isObject(value)) return schema(value as Json);
    if (typeof value === 'boolean') return value;
    throw new DecodeError('boolean or JSON schema expected');
  },
  Array: (value, schema) => {
    if (Array.isArray(value)) return value.length > 0 ? value.map(schema) : null;
    return isObject(value) ? schema(value as Json) : null;
  },
  StringArray: (value, schema) => {
    if (Array.isArray(value)) return value.length > 0 ? value : null;
    return isObject(value) ? schema(value as Json) : null;
  },
};

/** The form that a model is; undefined for all others. */
export function schemaForm(model: string): Form | undefined {
  const start = model.lastIndexOf('.') + 1;
  return model.startsWith(PREFIX, start) ? FORMS[model.slice(start + PREFIX.length)] : undefined;
}

/** The model of the schemas in a form. */
export const schemaModel = (model: string): string => model.slice(0, model.lastIndexOf(PREFIX) + PREFIX.length - 2);
