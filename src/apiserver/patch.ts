// PATCH: the patch is applied to the current object in the request's version, and again if that object changed
// meanwhile; the result goes the way of an update.
import type { Json } from '../apimachinery/meta.ts';
import { applyJsonPatch, readJsonPatch } from '../apimachinery/patch/json-patch.ts';
import { applyMergePatch } from '../apimachinery/patch/merge-patch.ts';
import { badRequest, unsupportedMediaType } from '../apimachinery/status-error.ts';
import type { ResourceCall } from './call.ts';
import { decodedValue, readBody, report, toObject } from './decode.ts';
import { parseWriteParameters, type WriteParameters } from './registry/parameters.ts';
import { type Updated, type UpdatePlan, updateObject } from './registry/update.ts';
import { strictness, writeTarget } from './resources.ts';

/** Makes the patched value of the current one, which is not changed. */
type Patcher = (current: Json) => Json;

const TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

export async function patchObject(
  call: ResourceCall,
  strategy: Pick<UpdatePlan, 'prepare' | 'validate'>,
): Promise<Updated> {
  const { request, definition, env } = call;
  const type = (request.body.contentType ?? '').split(';')[0]?.trim() ?? '';
  if (!TYPES.includes(type) || (type.includes('strategic') && definition.schema.model === '')) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${TYPES.join(', ')}`,
    );
  }
  const parameters = parseWriteParameters(request.query, 'PatchOptions', type.includes('apply') ? 'apply' : 'other');
  const patcher = await readPatch(type, call, parameters);
  return await updateObject(env, writeTarget(call, parameters), {
    apply: (current) =>
      toObject(decodedValue(patcher(current as unknown as Json)), definition, strictness(call, parameters)),
    ...strategy,
    unconditional: true,
  });
}

async function readPatch(type: string, call: ResourceCall, parameters: WriteParameters): Promise<Patcher> {
  const body = await readBody(call.request.body, 'json');
  if (!body) throw badRequest('unexpected end of JSON input');
  if (type === 'application/json-patch+json') {
    const { operations, problems } = readJsonPatch(body.value, body.duplicates);
    report(problems, { ...parameters, warn: call.warn });
    return (current) => applyJsonPatch(current, operations);
  }
  return (current) => applyMergePatch(current, body.value);
}
