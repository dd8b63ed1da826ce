// JSONPatch: operations that an expression makes (k8s.io/apiserver
// pkg/admission/plugin/policy/mutating/patch/json_patch.go).
import type { AnyObject, Json } from '../../../apimachinery/meta.ts';
import { applyJsonPatch, type JsonPatchOperation } from '../../../apimachinery/patch/json-patch.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import { itemsOf } from '../../../cel/collections.ts';
import { typeNameProblems, valueToJson } from '../../../cel/json.ts';
import { type Dict, isFailure, type List, type Value } from '../../../cel/values.ts';

/** Throws an Error with what does not apply. A test that fails leaves the object as it is. */
export function applyPatches(object: AnyObject, patches: Value): AnyObject {
  const operations = [...itemsOf(patches as List)].map((item) => operationOf(item as Dict));
  try {
    return applyJsonPatch(object as unknown as Json, operations) as unknown as AnyObject;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    if (why.endsWith(': test failed')) return object;
    throw new Error(`JSON Patch: ${why}`, { cause: error });
  }
}

function operationOf(patch: Dict): JsonPatchOperation {
  const text = (name: string) => String(patch.find(name) ?? '');
  const from = text('from');
  const value = patch.find('value');
  return {
    op: text('op'),
    path: text('path'),
    ...(from ? { from } : {}),
    ...(value === undefined ? {} : { value: jsonOf(value) }),
  };
}

function jsonOf(value: Value): Json {
  // An object stands where its path says; only what is below it can be checked.
  const { typeName } = value as Partial<Dict>;
  const names = typeName === undefined ? [] : typeNameProblems(value, typeName);
  if (names.length > 0) throw new Error(`type mismatch: ${names.join('\n')}`);
  const converted = valueToJson(value);
  if (!isFailure(converted)) return converted.json as Json;
  const told = 'JSONPath valueExpression evaluated to a type that could not marshal to JSON';
  throw new Error(`${told}: ${converted.message}`);
}
