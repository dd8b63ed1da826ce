// RFC 7386: objects merge, null deletes, everything else replaces. In what replaces, nulls are no members of objects
// (gopkg.in/evanphx/json-patch.v4 merge.go).
import { setField } from '../codec/decoded.ts';
import type { Json, JsonObject } from '../meta.ts';
import { badRequest } from '../status-error.ts';
import { isObject } from '../value.ts';

/** A decoded body as the object a merge or strategic merge patch must be; null patches nothing. Throws 400. */
export function readPatchObject(body: Json): JsonObject {
  if (body === null) return {};
  if (isObject(body)) return body as JsonObject;
  const kind = Array.isArray(body) ? 'array' : typeof body === 'boolean' ? 'bool' : typeof body;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
  );
}

/** `target` with `patch` merged into it; neither is changed, parts of both are shared. */
export function applyMergePatch(target: Json, patch: Json): Json {
  if (Array.isArray(patch)) return patch.map((item) => withoutNulls(item));
  if (!isObject(patch)) return patch;
  const base = isObject(target) ? (target as JsonObject) : {};
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(base)) {
    if (!Object.hasOwn(patch, key)) setField(result, key, value);
    else if (patch[key] !== null) setField(result, key, applyMergePatch(value, patch[key] as Json));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (!Object.hasOwn(base, key) && value !== null) setField(result, key, applyMergePatch(null, value as Json));
  }
  return result;
}

/** Members that are null are gone, at any depth; items of lists stay. */
const withoutNulls = (value: Json): Json =>
  isObject(value) || Array.isArray(value) ? applyMergePatch(null, value) : value;
