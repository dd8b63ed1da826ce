// The AdmissionReview that a webhook is asked with, and what its answer says (k8s.io/apiserver
// pkg/admission/plugin/webhook/request/admissionreview.go, errors/statuserror.go).
import { DecodeError } from '../../../apimachinery/codec/decoded.ts';
import { decodeJson } from '../../../apimachinery/codec/json.ts';
import type { AnyObject, JsonObject, Status } from '../../../apimachinery/meta.ts';
import { parseGroupVersion } from '../../../apimachinery/meta.ts';
import { type JsonPatchOperation, readJsonPatch } from '../../../apimachinery/patch/json-patch.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import { isObject } from '../../../apimachinery/value.ts';

const GROUP = 'admission.k8s.io';
const KIND = 'AdmissionReview';
const KNOWN = ['v1', 'v1beta1'];

/** The first version that both know. */
export const reviewVersion = (versions: readonly string[]): string | undefined =>
  versions.find((version) => KNOWN.includes(version));

export const admissionReview = (version: string, request: JsonObject): JsonObject => ({
  kind: KIND,
  apiVersion: `${GROUP}/${version}`,
  request,
});

export interface Verdict {
  allowed: boolean;
  patch: readonly JsonPatchOperation[] | undefined;
  result: Partial<Status> | undefined;
  warnings: readonly string[];
}

interface Asked {
  uid: string;
  version: string;
  mutating: boolean;
}

/** Throws an Error that says what is wrong with the answer. */
export function verdictOf(answer: AnyObject, { uid, version, mutating }: Asked): Verdict {
  const { response } = answer;
  if (!isObject(response)) throw new Error('webhook response was absent');
  // The older version was never held to these.
  if (version === 'v1') checkIdentity(answer, response.uid, uid);
  const { allowed, patch, patchType, status, warnings } = response;
  if (mutating) checkPatchType({ patch, patchType, version });
  else if (version === 'v1' && patch) throw new Error('validating webhook may not return response.patch');
  else if (version === 'v1' && patchType !== undefined) {
    throw new Error('validating webhook may not return response.patchType');
  }
  return {
    allowed: allowed === true,
    patch: mutating && patch ? patchIn(patch) : undefined,
    result: isObject(status) ? (status as Partial<Status>) : undefined,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  };
}

function checkIdentity({ apiVersion, kind }: AnyObject, given: unknown, uid: string): void {
  if (given !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(given ?? '')}`);
  }
  if (apiVersion === `${GROUP}/v1` && kind === KIND) return;
  const { group, version } = parseGroupVersion(apiVersion ?? '');
  throw new Error(
    `expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${group}/${version}, Kind=${kind ?? ''}`,
  );
}

function checkPatchType({ patch, patchType, version }: { patch: unknown; patchType: unknown; version: string }): void {
  if (version !== 'v1') return;
  if (patch && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType');
  if (!patch && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
  if (patch && patchType !== 'JSONPatch') throw new PatchProblem(`unsupported patch type ${JSON.stringify(patchType)}`);
}

function patchIn(patch: unknown): readonly JsonPatchOperation[] {
  try {
    const { value } = decodeJson(Buffer.from(String(patch), 'base64'));
    if (!Array.isArray(value))
      throw new DecodeError('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
    return readJsonPatch(value).operations;
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof StatusError)) throw error;
    throw new PatchProblem(`received undecodable patch in webhook response: ${error.message}`);
  }
}

/** What is wrong with a patch, as opposed to the answer around it. */
export class PatchProblem extends Error {}

/** Throws an Error for what is no AdmissionReview at all. */
export function checkTypes({ response }: AnyObject): void {
  const allowed = isObject(response) ? response.allowed : undefined;
  if (allowed === undefined || allowed === null || typeof allowed === 'boolean') return;
  const field = 'AdmissionResponse.response.allowed of type bool';
  throw new Error(
    `json: cannot unmarshal ${Array.isArray(allowed) ? 'array' : typeof allowed} into Go struct field ${field}`,
  );
}

/** A refusal, with what the webhook says of it. */
export function rejection(name: string, result: Partial<Status> = {}): StatusError {
  const { code = 0, message, reason, details } = result;
  const why = message || reason;
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  return new StatusError({
    code: code < 400 ? 400 : code,
    ...(reason ? { reason } : {}),
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
    ...(details ? { details } : {}),
  });
}
