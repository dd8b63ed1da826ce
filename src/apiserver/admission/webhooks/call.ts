// One call of one webhook (k8s.io/apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go callAttrMutatingHook,
// validating/dispatcher.go callHook).
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../apimachinery/meta.ts';
import type { JsonPatchOperation } from '../../../apimachinery/patch/json-patch.ts';
import { badRequest, forbidden, internalError } from '../../../apimachinery/status-error.ts';
import type { Logger } from '../../../log.ts';
import type { AdmissionRequest, Authorizer } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { groupResource } from '../../registry/keys.ts';
import { callWebhook } from '../../webhook-call.ts';
import { conditionsMet } from '../expressions/conditions.ts';
import { nameOf, requestAttributes } from '../matching/attributes.ts';
import { type Objects, objectsIn } from '../matching/versions.ts';
import type { Meant, Webhook } from './configurations.ts';
import { admissionReview, checkTypes, PatchProblem, rejection, reviewVersion, verdictOf } from './review.ts';

export interface CallOptions {
  reader: ObjectReader;
  authorizer: Authorizer;
  log: Logger;
}

/** Undefined where the webhook's selectors or conditions leave the request out. Throws what they cannot decide. */
export async function prepare(
  { hook, matched }: Meant,
  request: AdmissionRequest,
  { authorizer }: CallOptions,
): Promise<Objects | undefined> {
  const selected = hook.selectors.select(request);
  if (selected instanceof Error) throw selected;
  if (!selected) return undefined;
  const objects = await objectsIn(matched, request);
  const subject = { request, matched, ...objects, authorizer };
  const { met, problem } = conditionsMet(hook.conditions(), subject, hook.webhook.failurePolicy);
  if (problem !== undefined) throw forbidden(groupResource(request.definition), nameOf(request), problem);
  return met ? objects : undefined;
}

interface Call {
  meant: Meant;
  request: AdmissionRequest;
  objects: Objects;
  mutating: boolean;
}

/** Resolves with the patch, where there is one. Rejects with what refuses the request. */
export async function call(asked: Call, options: CallOptions): Promise<readonly JsonPatchOperation[] | undefined> {
  const { webhook } = asked.meant.hook;
  if (asked.request.dryRun && !['None', 'NoneOnDryRun'].includes(webhook.sideEffects)) {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const verdict = await ask(webhook, asked, options).catch((error: Error) => {
    const failed = `failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`;
    if (webhook.failurePolicy !== 'Ignore') throw internalError(failed);
    options.log.warn({ err: error, webhook: asked.meant.hook.uid }, 'a webhook failed and is passed over');
    return undefined;
  });
  if (!verdict) return undefined;
  for (const text of verdict.warnings) asked.request.warn(text);
  if (!verdict.allowed) throw rejection(webhook.name, verdict.result);
  return verdict.patch;
}

/** Rejects with an Error that says what failed. */
async function ask(webhook: Webhook, { meant, request, objects, mutating }: Call, { reader }: CallOptions) {
  const version = reviewVersion(webhook.admissionReviewVersions);
  if (!version) {
    throw new Error(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    );
  }
  const uid = randomUUID();
  const { object = null, oldObject = null } = objects;
  const body = admissionReview(version, {
    uid,
    ...requestAttributes(request, meant.matched),
    object,
    oldObject,
  } as unknown as JsonObject);
  const timeoutMs = (webhook.timeoutSeconds ?? 10) * 1000;
  const asked = callWebhook({ reader, client: webhook.clientConfig, body, timeoutMs }).then((answer) => {
    checkTypes(answer);
    return answer;
  });
  const answer = await asked.catch((error: Error) => {
    throw new Error(`failed to call webhook: ${error.message}`, { cause: error });
  });
  try {
    return verdictOf(answer, { uid, version, mutating });
  } catch (error) {
    if (error instanceof PatchProblem) throw error;
    throw new Error(`received invalid webhook response: ${(error as Error).message}`, { cause: error });
  }
}
