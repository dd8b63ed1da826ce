// RFC 7386: objects merge, null deletes, everything else replaces.
import { setField } from '../codec/decoded.ts';
import type { Json, JsonObject } from '../meta.ts';
import { isObject } from '../value.ts';

/** `target` with `patch` merged into it; neither is changed, parts of both are shared. */
export function applyMergePatch(target: Json, patch: Json): Json {
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
