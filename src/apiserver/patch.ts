// PATCH: the patch is applied to the current object in the request's version, and again if that object changed
// meanwhile; the result goes the way of an update.
import { type Decoded, MismatchError } from '../apimachinery/codec/decoded.ts';
import { kindOf } from '../apimachinery/codec/special.ts';
import { untypedProblems } from '../apimachinery/codec/strict.ts';
import { kindText, plainText } from '../apimachinery/go-text.ts';
import type { AnyObject, Json, JsonObject } from '../apimachinery/meta.ts';
import { conversionProblem } from '../apimachinery/patch/conversion-problem.ts';
import { applyJsonPatch, readJsonPatch } from '../apimachinery/patch/json-patch.ts';
import { applyMergePatch } from '../apimachinery/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../apimachinery/patch/strategic-merge.ts';
import {
  badRequest,
  fieldError,
  hasReason,
  invalid,
  notFound,
  unsupportedMediaType,
} from '../apimachinery/status-error.ts';
import { isObject } from '../apimachinery/value.ts';
import type { BodyType } from './body-type.ts';
import { type ResourceCall, strictness, writeTarget } from './call.ts';
import { decodedValue, readBody, report, requireCustomType, type Strictness, toObject } from './decode.ts';
import { type BodyFormat, speaksCbor } from './negotiation.ts';
import { apiVersionOf, groupResource, objectKey } from './registry/keys.ts';
import { parseWriteParameters, type WriteParameters } from './registry/parameters.ts';
import { requireName, type Updated, type UpdatePlan, updateObject } from './registry/update.ts';
import { type ApiRequest, mediaTypesOf } from './request.ts';

export interface Patch {
  /** Makes the patched value of the current one, which is not changed. */
  apply(current: Json): Json;
  /** Of a strategic patch: what is shown of it where its outcome is refused. Of others the outcome is. */
  strategic?: JsonObject;
  /** What strict reading minds in the patch itself. */
  problems: readonly string[];
  /** The outcome is read by reflection, not by a decoder (FromUnstructured). */
  wrapsIntegers?: boolean;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** Only where CBOR is spoken at all. */
const CBOR_APPLY = 'application/apply-patch+cbor';

const mediaTypeOf = ({ body }: Pick<ApiRequest, 'body'>): string =>
  (body.contentType ?? '').split(';')[0]?.trim() ?? '';

/** Of the body of an apply patch. */
export const applyFormat = (request: Pick<ApiRequest, 'body'>): BodyFormat =>
  mediaTypeOf(request) === CBOR_APPLY ? 'cbor' : 'yaml';

/** Throws 415 for what is no patch, or none for this type, whose subresources go by it too. */
export function patchTypeOf(request: Pick<ApiRequest, 'body'>, { schema }: Pick<BodyType, 'schema'>): PatchType {
  const mediaType = mediaTypeOf(request);
  const cbor = speaksCbor(mediaTypesOf(request));
  // Merge keys come with the Go types, so custom resources have no strategic merge.
  const taken = Object.keys(TYPES).filter((name) => !(TYPES[name] === 'strategic' && schema.model === ''));
  if (cbor) taken.push(CBOR_APPLY);
  if (taken.includes(mediaType)) return TYPES[mediaType] ?? 'apply';
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${taken.join(', ')}`,
  );
}

export async function patchObject(
  call: ResourceCall,
  strategy: Pick<UpdatePlan, 'prepare' | 'validate'>,
): Promise<Updated> {
  const { request, definition, env } = call;
  const type = patchTypeOf(request, definition);
  if (type === 'apply') return await applyObject(call, strategy);
  const parameters = parseWriteParameters(request.query, 'PatchOptions', 'other');
  const target = writeTarget(call, parameters);
  if (!env.storage.get(objectKey(definition, target.namespace, target.name))) {
    throw notFound(groupResource(definition), target.name);
  }
  const patch = await readPatch(type, { ...call, type: definition, parameters });
  return await updateObject(env, target, {
    apply: (current) => patched(patch, current as AnyObject, { type: definition, ...strictness(call, parameters) }),
    ...strategy,
    uidIsPrecondition: false,
  });
}

type PatchedType = Pick<ResourceCall, 'request' | 'env'> & {
  type: BodyType;
  parameters: Pick<WriteParameters, 'fieldValidation'>;
};

export async function readPatch(patchType: PatchType, { request, env, type, parameters }: PatchedType): Promise<Patch> {
  const body = await readBody(request.body, 'json').catch((error: unknown) => {
    throw hasReason(error, 'BadRequest') ? badRequest(`error decoding patch: ${error.message}`) : error;
  });
  if (!body) throw badRequest('error decoding patch: unexpected end of JSON input');
  if (patchType === 'json') {
    const { operations, problems } = readJsonPatch(body.value, body.duplicates);
    return { apply: (current) => applyJsonPatch(current, operations), problems };
  }
  const problems = untypedProblems(body);
  if (patchType === 'strategic') {
    // null is a patch that changes nothing.
    const patch = body.value ?? {};
    if (!isObject(patch)) throw badRequest('json: cannot unmarshal the body into a strategic merge patch: no object');
    return {
      apply: (current) => {
        const { kind, apiVersion } = current as { kind: string; apiVersion: string };
        const value = applyStrategicMergePatch(current as JsonObject, patch, type.schema, env.types);
        // It is laid over the object itself, which stays of its type whatever is said of that.
        return { ...value, ...ifText(value.kind, { kind }), ...ifText(value.apiVersion, { apiVersion }) };
      },
      strategic: patch,
      problems,
      wrapsIntegers: true,
    };
  }
  // An array is laid over the object only where nobody looks at what is unknown in it.
  const isArray = Array.isArray(body.value) && parameters.fieldValidation !== 'Ignore';
  if (typeof body.value !== 'object' || isArray) throw badRequest('error decoding patch: it is no object');
  return { apply: (current) => applyMergePatch(current, body.value), problems };
}

/** A type that is a text or missing gives way; anything else is for decoding to refuse. */
const ifText = (given: Json | undefined, type: JsonObject): JsonObject =>
  given === undefined || typeof given === 'string' ? type : {};

/** The patched object. What does not fit its type, or is refused by strictness, is an invalid patch: 422. */
export function patched(
  patch: Patch,
  current: AnyObject,
  { type, ...strict }: Strictness & { type: BodyType },
): AnyObject {
  const given = decodedValue(patch.apply(current as unknown as Json));
  const { value } = given;
  if (type.fit && isObject(value)) requireCustomType(value, type);
  const decoded = isUnversioned(value, type) ? unread(value, given) : given;
  try {
    const { wrapsIntegers = false } = patch;
    return toObject({ ...decoded, wrapsIntegers, problems: [...patch.problems, ...decoded.problems] }, type, strict);
  } catch (error) {
    if (!hasReason(error, 'BadRequest')) throw error;
    const { strategic } = patch;
    const text = strategic ? plainText(strategic) : JSON.stringify(value);
    const { cause } = error;
    const message = strategic && cause instanceof MismatchError ? conversionProblem(cause) : error.message;
    throw invalid({ group: '', kind: '' }, '', [fieldError.invalid('patch', text, message)]);
  }
}

const isMissing = (value: Json | undefined): boolean => value === undefined || value === null || value === '';

const isUnversioned = (value: Json, { kind, fit }: BodyType): value is JsonObject =>
  !fit && isObject(value) && isMissing(value.apiVersion) && (isMissing(value.kind) || value.kind === kind);

/** What lost its version is read as Go's internal form of the type, of whose fields JSON names none: nothing is left. */
const unread = (value: JsonObject, decoded: Decoded): Decoded => ({
  ...decoded,
  value: {},
  problems: Object.keys(value)
    .filter((key) => key !== 'kind' && key !== 'apiVersion')
    .map((key) => `unknown field ${JSON.stringify(key)}`),
});

/** What is applied: an object of the very type. Throws 400. */
export async function readApplied(
  request: ApiRequest,
  type: Pick<BodyType, 'group' | 'version' | 'kind'>,
): Promise<Decoded & { value: JsonObject }> {
  const body = await readBody(request.body, applyFormat(request)).catch((error: unknown) => {
    throw hasReason(error, 'BadRequest')
      ? badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`)
      : error;
  });
  const value = body?.value ?? {};
  if (!isObject(value)) {
    const unfit = `json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${unfit}`);
  }
  const applied = value as JsonObject;
  if (applied.kind !== type.kind || applied.apiVersion !== apiVersionOf(type)) {
    throw badRequest(`invalid object type: ${kindText(applied)}`);
  }
  return { ...(body ?? decodedValue(value)), value: applied };
}

async function applyObject(call: ResourceCall, strategy: Pick<UpdatePlan, 'prepare' | 'validate'>): Promise<Updated> {
  const { request, definition, env } = call;
  const parameters = parseWriteParameters(request.query, 'PatchOptions', 'apply');
  const body = await readApplied(request, definition);
  const target = writeTarget(call, parameters);
  return await updateObject(env, target, {
    apply: (current) => {
      const change = { definition, live: current, manager: target.fieldManager, subresource: target.subresource };
      const merged = env.fieldManagers.apply(body.value, { ...change, force: parameters.force ?? false });
      report(untypedProblems(body), { ...parameters, warn: call.warn });
      // What was applied does not go through the reader of bodies upstream.
      const given = { ...decodedValue(merged), keepsNulls: true, wrapsIntegers: true };
      // Unknown fields were refused by then, or are of a free-form part.
      const lenient = { ...strictness(call, parameters), fieldValidation: 'Ignore' as const };
      const object = toObject(given, definition, lenient);
      requireName(object, call.info.name);
      return object;
    },
    ...strategy,
    createMissing: target.subresource === '',
    uidIsPrecondition: false,
    managed: true,
  });
}
