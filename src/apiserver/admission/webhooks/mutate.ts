// Mutating webhooks, one after the other: each sees what those before it made of the object
// (k8s.io/apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { AnyObject, Json } from '../../../apimachinery/meta.ts';
import { applyJsonPatch, type JsonPatchOperation } from '../../../apimachinery/patch/json-patch.ts';
import type { SchemaSet } from '../../../apimachinery/schema.ts';
import { internalError, StatusError } from '../../../apimachinery/status-error.ts';
import { canonicalEqual, deepCopy } from '../../../apimachinery/value.ts';
import type { AdmissionRequest } from '../../identity.ts';
import { inVersion } from '../matching/versions.ts';
import { readPatched } from '../read-patched.ts';
import { become, beginAsking } from '../reinvocation.ts';
import { type CallOptions, call, prepare } from './call.ts';
import type { Hook, Meant } from './configurations.ts';

export interface MutateOptions extends CallOptions {
  types: SchemaSet;
}

export async function mutate(
  plugin: string,
  hooks: readonly Meant[],
  { request, ...options }: MutateOptions & { request: AdmissionRequest },
): Promise<void> {
  const asking = beginAsking(plugin, request);
  for (const meant of hooks) {
    const { uid, webhook } = meant.hook;
    const objects = await prepare(meant, request, options);
    if (!objects || !asking.isDue(uid)) continue;
    const patch = await call({ meant, request, objects, mutating: true }, options);
    const changed = patch !== undefined && (await change(patch, { ...meant, request, ...options }));
    asking.note(uid, { wants: webhook.reinvocationPolicy === 'IfNeeded', changed });
  }
  asking.end();
}

interface Change extends MutateOptions {
  hook: Hook;
  matched: ResourceDefinition;
  request: AdmissionRequest;
}

/** Resolves with whether it changed anything. */
async function change(
  operations: readonly JsonPatchOperation[],
  { hook, matched, request, types }: Change,
): Promise<boolean> {
  const { object, definition } = request;
  if (operations.length === 0) return false;
  if (!object) {
    const name = JSON.stringify(hook.webhook.name);
    throw internalError(
      `admission webhook ${name} attempted to modify the object, which is not supported for this operation`,
    );
  }
  const shown = await inVersion(object, definition, matched);
  const patched = readPatched(patchedBy(), { shown, definition: matched, types });
  if (canonicalEqual(shown, patched)) return false;
  become(object, deepCopy(await inVersion(patched, matched, definition)));
  return true;

  function patchedBy(): AnyObject {
    try {
      return applyJsonPatch(shown as unknown as Json, operations) as unknown as AnyObject;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const { cause } = error;
      throw internalError(cause instanceof Error ? cause.message : error.message);
    }
  }
}
