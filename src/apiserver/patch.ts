// PATCH: the patch is applied to the current object in the request's version, and again if that object changed
// meanwhile; the result goes the way of an update.
import { untypedProblems } from '../apimachinery/codec/strict.ts';
import type { Json, JsonObject } from '../apimachinery/meta.ts';
import { applyJsonPatch, readJsonPatch } from '../apimachinery/patch/json-patch.ts';
import { applyMergePatch } from '../apimachinery/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../apimachinery/patch/strategic-merge.ts';
import { badRequest, hasReason, notFound, StatusError, unsupportedMediaType } from '../apimachinery/status-error.ts';
import { isObject } from '../apimachinery/value.ts';
import type { BodyType } from './body-type.ts';
import { type ResourceCall, strictness, writeTarget } from './call.ts';
import { decodedValue, readBody, report, requireCustomType, toObject } from './decode.ts';
import { type BodyFormat, speaksCbor } from './negotiation.ts';
import { groupResource, objectKey } from './registry/keys.ts';
import { parseWriteParameters, type WriteParameters } from './registry/parameters.ts';
import { requireName, type Updated, type UpdatePlan, updateObject } from './registry/update.ts';
import { type ApiRequest, mediaTypesOf } from './request.ts';

/** Makes the patched value of the current one, which is not changed. */
type Patcher = (current: Json) => Json;

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

/** Throws 415 for what is no patch, or none for this type. */
export function patchTypeOf(request: Pick<ApiRequest, 'body'>, { schema }: Pick<BodyType, 'schema'>): PatchType {
  const mediaType = mediaTypeOf(request);
  const cbor = speaksCbor(mediaTypesOf(request));
  const type = cbor && mediaType === CBOR_APPLY ? 'apply' : TYPES[mediaType];
  // Merge keys come with the Go types, so custom resources have no strategic merge.
  if (type && !(type === 'strategic' && schema.model === '')) return type;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${[...Object.keys(TYPES), ...(cbor ? [CBOR_APPLY] : [])].join(', ')}`,
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
  const patcher = await readPatch(type, { ...call, type: definition, parameters });
  return await updateObject(env, target, {
    apply: (current) => {
      const patched = decodedValue(patcher(current as unknown as Json));
      if (definition.fit && isObject(patched.value)) requireCustomType(patched.value, definition);
      return asInvalidPatch(() => toObject(patched, definition, strictness(call, parameters)), definition);
    },
    ...strategy,
    unconditional: true,
    uidIsPrecondition: false,
  });
}

export async function readPatch(
  type: PatchType,
  call: Pick<ResourceCall, 'request' | 'env' | 'warn'> & { type: BodyType; parameters: WriteParameters },
): Promise<Patcher> {
  const body = await readBody(call.request.body, 'json');
  if (!body) throw badRequest('unexpected end of JSON input');
  if (type === 'json') {
    const { operations, problems } = readJsonPatch(body.value, body.duplicates);
    report(problems, { ...call.parameters, warn: call.warn });
    return (current) => applyJsonPatch(current, operations);
  }
  if (type === 'strategic') {
    // null is a patch that changes nothing.
    const patch = body.value ?? {};
    report(untypedProblems(body), { ...call.parameters, warn: call.warn });
    if (!isObject(patch)) throw badRequest('json: cannot unmarshal the body into a strategic merge patch: no object');
    return (current) => applyStrategicMergePatch(current as JsonObject, patch, call.type.schema, call.env.types);
  }
  report(untypedProblems(body), { ...call.parameters, warn: call.warn });
  if (typeof body.value !== 'object') throw badRequest('json: cannot unmarshal the body into a merge patch: no object');
  return (current) => applyMergePatch(current, body.value);
}

/** A patch whose result does not fit the type is not malformed but invalid (handlers/patch.go). */
/** What a patch makes of an object must be readable: else 422 for the patch. */
export function asInvalidPatch<T>(decode: () => T, { fit }: Pick<BodyType, 'fit'>): T {
  try {
    return decode();
  } catch (error) {
    // Strictness is malformed all the same, but for types made at run time.
    const isStrict = hasReason(error, 'BadRequest') && error.message.startsWith('strict decoding error');
    if (!hasReason(error, 'BadRequest') || (isStrict && !fit)) throw error;
    throw new StatusError({
      code: 422,
      reason: 'Invalid',
      message: `patch: Invalid value: ${error.message}`,
      details: {
        causes: [{ reason: 'FieldValueInvalid', message: `Invalid value: ${error.message}`, field: 'patch' }],
      },
    });
  }
}

async function applyObject(call: ResourceCall, strategy: Pick<UpdatePlan, 'prepare' | 'validate'>): Promise<Updated> {
  const { request, definition, env } = call;
  const parameters = parseWriteParameters(request.query, 'PatchOptions', 'apply');
  const body = await readBody(request.body, applyFormat(request));
  if (!body || !isObject(body.value)) throw badRequest('the body of an apply patch must be an object');
  if (!body.value.kind) throw badRequest("Object 'Kind' is missing in the body");
  const target = writeTarget(call, parameters);
  return await updateObject(env, target, {
    apply: (current) => {
      const change = { definition, live: current, manager: target.fieldManager, subresource: target.subresource };
      const merged = env.fieldManagers.apply(body.value, { ...change, force: parameters.force ?? false });
      report(untypedProblems(body), { ...parameters, warn: call.warn });
      const object = toObject(decodedValue(merged), definition, strictness(call, parameters));
      requireName(object, call.info.name);
      return object;
    },
    ...strategy,
    createMissing: target.subresource === '',
    unconditional: true,
    uidIsPrecondition: false,
    managed: true,
  });
}
