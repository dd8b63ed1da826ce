// Bodies as objects of a definition: format, strictness, type, defaults.
import { decodeCbor } from '../apimachinery/codec/cbor.ts';
import { type Decoded, DecodeError } from '../apimachinery/codec/decoded.ts';
import { decodeJson } from '../apimachinery/codec/json.ts';
import { decodeTyped, strictError } from '../apimachinery/codec/strict.ts';
import {
  type AnyObject,
  formatGroupVersion,
  type Json,
  type JsonObject,
  parseGroupVersion,
} from '../apimachinery/meta.ts';
import type { SchemaSet } from '../apimachinery/schema.ts';
import { badRequest, fieldError, invalid } from '../apimachinery/status-error.ts';
import { isObject } from '../apimachinery/value.ts';
import type { BodyType } from './body-type.ts';
import {
  otherType,
  refusal,
  refusing,
  typeSaid,
  typeUnread,
  unhandled,
  unrecognized,
  versionDiffers,
} from './decode-refusal.ts';
import { type BodyFormat, bodyFormat } from './negotiation.ts';
import { decodeProtobuf } from './protobuf-body.ts';
import { apiVersionOf } from './registry/keys.ts';
import type { FieldValidation } from './registry/parameters.ts';
import type { RequestBody } from './request.ts';

/** The body decoded but not fitted to a type; undefined when there is none. Throws 400 and 415. */
export async function readBody(body: RequestBody, format?: BodyFormat): Promise<Decoded | undefined> {
  if (body.kind === 'value') return body.value === undefined ? undefined : decodedValue(body.value);
  const bytes = await body.read();
  if (bytes.length === 0) return undefined;
  const known = format ?? bodyFormat(body.contentType, body.mediaTypes);
  try {
    return known === 'yaml' ? await body.readYaml(bytes) : DECODERS[known](bytes);
  } catch (error) {
    throw refusal(error);
  }
}

const DECODERS = { json: decodeJson, protobuf: decodeProtobuf, cbor: decodeCbor };

export const decodedValue = (value: unknown): Decoded => ({
  value: plain(value),
  duplicates: [],
  literals: new Map(),
  problems: [],
});

/** A copy as JSON would carry it: without what is undefined, and not frozen. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : plain(item)));
  if (typeof value !== 'object' || value === null) return value as Json;
  const copy: JsonObject = {};
  for (const [key, part] of Object.entries(value)) if (part !== undefined) copy[key] = plain(part);
  return copy;
}

export interface Strictness {
  types: SchemaSet;
  fieldValidation: FieldValidation;
  warn(text: string): void;
}

/** Reads the body as an object of `definition`, with defaults. Throws 400 and 415. */
export async function decodeObject(
  body: RequestBody,
  definition: BodyType,
  strictness: Strictness,
): Promise<AnyObject> {
  const [decoded, bytes] = await readWhole(body, definition);
  const type = typeIn(decoded, definition, bytes);
  try {
    return toObject(decoded, definition, strictness);
  } catch (error) {
    throw unhandled(error, type, definition);
  }
}

const NOTHING = new Uint8Array();

async function readWhole(body: RequestBody, definition: BodyType): Promise<[Decoded, Uint8Array]> {
  if (body.kind === 'value' && body.value !== undefined) return [decodedValue(body.value), NOTHING];
  const format = body.kind === 'value' ? 'json' : bodyFormat(body.contentType, body.mediaTypes);
  const bytes = body.kind === 'value' ? NOTHING : await body.read();
  try {
    if (body.kind === 'bytes' && format === 'yaml') return [await body.readYaml(bytes), bytes];
    return [DECODERS[format === 'yaml' ? 'json' : format](bytes), bytes];
  } catch (error) {
    // JSON that cannot be read has no type either.
    throw unrecognized(format === 'json' ? typeUnread(refusal(error)) : refusal(error), definition, bytes);
  }
}

function typeIn({ value }: Decoded, definition: BodyType, bytes: Uint8Array): ReturnType<typeof typeSaid> {
  try {
    return typeSaid(value, definition, bytes);
  } catch (error) {
    throw unrecognized(refusal(error), definition, bytes);
  }
}

/** Checks type and shape, reports what strictness asks for, fills in type and defaults. */
export function toObject(given: Decoded, definition: BodyType, strictness: Strictness): AnyObject {
  // null is an object of which nothing is said; types made at run time must say what they are.
  const decoded = given.value === null && !definition.fit ? { ...given, value: {} } : given;
  refusing(() => checkType(decoded.value, definition));
  const { value, problems } = refusing(() => fit(decoded, definition, strictness.types));
  report(problems, strictness);
  const object = value as unknown as AnyObject;
  object.kind = definition.kind;
  object.apiVersion = apiVersionOf(definition);
  object.metadata ??= {};
  const forgets = Array.isArray(object.metadata.managedFields);
  definition.setDefaults(object);
  // An empty list is no list to Go, but here it asks for all owners to be forgotten.
  if (forgets) object.metadata.managedFields ??= [];
  return object;
}

function fit(decoded: Decoded, definition: BodyType, types: SchemaSet) {
  return definition.fit?.(decoded, types) ?? decodeTyped(decoded, definition.schema, types);
}

/** What only strict reading minds: 400, warnings or nothing, as the request wants. */
export function report(problems: readonly string[], strictness: Pick<Strictness, 'fieldValidation' | 'warn'>): void {
  if (problems.length === 0 || strictness.fieldValidation === 'Ignore') return;
  if (strictness.fieldValidation === 'Strict') throw badRequest(strictError(problems));
  for (const problem of problems) for (const line of linesOf(problem)) strictness.warn(line);
}

/** What YAML minds comes in one problem of several lines. */
const linesOf = (problem: string): string[] =>
  problem.startsWith(YAML_PROBLEMS)
    ? problem
        .slice(YAML_PROBLEMS.length)
        .split('\n')
        .map((line) => line.trim())
    : [problem];

const YAML_PROBLEMS = 'yaml: unmarshal errors:\n';

/** Throws DecodeError for another type than the definition's. */
function checkType(value: Json, definition: BodyType): void {
  const type = typeSaid(value, definition);
  if (definition.fit) {
    checkCustomType(value as JsonObject, definition);
    return;
  }
  const known = (definition.versions ?? []).map((version) => formatGroupVersion({ ...definition, version }));
  // Upstream takes a slash before a version without a group.
  const version = type.apiVersion.replace(/^\//, '');
  if (type.kind === definition.kind && [apiVersionOf(definition), ...known].includes(version)) return;
  throw new DecodeError(otherType(type.kind, version, definition));
}

/** A custom resource says its type itself; another kind of its version is invalid, not malformed. */
function checkCustomType(object: JsonObject, definition: BodyType): void {
  const { apiVersion } = object;
  if (apiVersion !== apiVersionOf(definition)) throw badRequest(versionDiffers(String(apiVersion ?? ''), definition));
  requireCustomType(object, definition);
}

/** 422 for a custom resource that has become another type. */
export function requireCustomType(object: JsonObject, definition: Pick<BodyType, 'group' | 'version' | 'kind'>): void {
  const { kind, apiVersion, metadata } = object;
  const wanted = apiVersionOf(definition);
  const errors = [
    ...(kind === definition.kind ? [] : [fieldError.invalid('kind', kind, `must be ${definition.kind}`)]),
    ...(apiVersion === wanted ? [] : [fieldError.invalid('apiVersion', apiVersion, `must be ${wanted}`)]),
  ];
  if (errors.length === 0) return;
  const name = isObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  throw invalid({ ...parseGroupVersion(String(apiVersion)), kind: String(kind) }, name, errors);
}
