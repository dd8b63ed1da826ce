// PATCH: the patch is applied to the current object in the request's version, and again if that object changed
// meanwhile; the result goes the way of an update.
import type { AnyObject } from '../apimachinery/meta.ts';
import { unsupportedMediaType } from '../apimachinery/status-error.ts';
import { managerOf, type ResourceCall } from './call.ts';
import { decodedValue, readBody, toObject } from './decode.ts';
import { parseWriteParameters } from './registry/parameters.ts';
import { type Updated, type UpdatePlan, updateObject } from './registry/update.ts';
import { strictness, writeTarget } from './resources.ts';

export async function patchObject(
  call: ResourceCall,
  strategy: Pick<UpdatePlan, 'prepare' | 'validate'>,
): Promise<Updated> {
  const { request, definition, env } = call;
  const type = (request.body.contentType ?? '').split(';')[0]?.trim();
  if (type !== 'application/merge-patch+json') throw unsupportedMediaType(`${type}`);
  const parameters = parseWriteParameters(request.query, 'PatchOptions', 'other');
  const patch = await readBody(request.body, 'json');
  const fieldManager = managerOf(request, parameters.fieldManager);
  return await updateObject(env, writeTarget(call, { ...parameters, fieldManager }), {
    apply: (current) =>
      toObject(decodedValue(merge(structuredClone(current), patch?.value)), definition, strictness(call, parameters)),
    ...strategy,
    unconditional: true,
  });
}

function merge(target: unknown, patch: unknown): AnyObject {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch as AnyObject;
  const merged = (typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}) as Record<
    string,
    unknown
  >;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged as unknown as AnyObject;
}
