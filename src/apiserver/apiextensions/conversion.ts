// Conversion between versions of custom resources by a webhook: a ConversionReview each way
// (apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go). What comes back is checked and keeps the
// metadata it had, but for labels and annotations.
import { randomUUID } from 'node:crypto';
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts';
import { validateAnnotations, validateLabels } from '../../api/validation/metadata.ts';
import { type AnyObject, type JsonObject, parseGroupVersion } from '../../apimachinery/meta.ts';
import { type StatusError, unexpected } from '../../apimachinery/status-error.ts';
import { deepCopy, isObject } from '../../apimachinery/value.ts';
import type { ObjectReader } from '../reader.ts';
import { callWebhook, type WebhookClient } from '../webhook-call.ts';

/** The objects in the version `apiVersion`, in their order. Rejects with a StatusError. */
export type ConvertObjects = (objects: readonly AnyObject[], apiVersion: string) => Promise<AnyObject[]>;

const GROUP = 'apiextensions.k8s.io';
const REVIEWS = new Set(['v1', 'v1beta1']);
const TIMEOUT_MS = 30_000;
/** Objects in one review. */
const BATCH = 256;

/** Undefined where versions are converted without a webhook. */
export function webhookConversion(
  { spec }: CustomResourceDefinition,
  reader: ObjectReader,
): ConvertObjects | undefined {
  const { strategy, webhook } = spec.conversion ?? {};
  if (strategy !== 'Webhook' || !webhook?.clientConfig) return undefined;
  const client: WebhookClient = webhook.clientConfig;
  const review = webhook.conversionReviewVersions.find((version) => REVIEWS.has(version));

  async function ask(objects: readonly AnyObject[], desiredAPIVersion: string): Promise<AnyObject[]> {
    const [first] = objects as [AnyObject];
    const fail = (text: string): StatusError => unexpected(`conversion webhook for ${kindOf(first)} ${text}`);
    if (!review) throw unexpected('no supported conversion review versions');
    const uid = randomUUID();
    const apiVersion = `${GROUP}/${review}`;
    const body = { kind: 'ConversionReview', apiVersion, request: { uid, desiredAPIVersion, objects } };
    let converted: unknown[];
    try {
      const answer = await callWebhook({ reader, client, body, timeoutMs: TIMEOUT_MS });
      converted = convertedIn(answer, { uid, review });
    } catch (error) {
      throw fail(`failed: ${(error as Error).message}`);
    }
    if (converted.length !== objects.length) {
      throw fail(`returned ${converted.length} objects, expected ${objects.length}`);
    }
    return converted.map((object, i) => {
      if (object === null) throw unexpected('unexpected end of JSON input');
      try {
        return restored(objects[i] as AnyObject, object, { apiVersion: desiredAPIVersion, index: i });
      } catch (error) {
        throw fail(`returned invalid ${(error as Error).message}`);
      }
    });
  }

  return async (objects, apiVersion) => {
    const converted: AnyObject[] = [];
    for (let i = 0; i < objects.length; i += BATCH) {
      converted.push(...(await ask(objects.slice(i, i + BATCH), apiVersion)));
    }
    return converted;
  };
}

interface Answer {
  apiVersion?: unknown;
  kind?: unknown;
  response?: {
    uid?: unknown;
    convertedObjects?: unknown;
    result?: { status?: string; message?: string };
  };
}

function convertedIn(answer: Answer, { uid, review }: { uid: string; review: string }): unknown[] {
  const { apiVersion, kind, response } = answer;
  // Answers in v1beta1 were never held to this.
  const strict = review === 'v1';
  if (strict && (apiVersion !== `${GROUP}/v1` || kind !== 'ConversionReview')) {
    const { group, version } = parseGroupVersion(String(apiVersion ?? ''));
    throw new Error(
      `expected webhook response of ${GROUP}/v1, Kind=ConversionReview, got ${group}/${version}, Kind=${kind ?? ''}`,
    );
  }
  if (!isObject(response)) throw new Error('no response provided');
  if (strict && response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  }
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

/** The converted object with the metadata it had before, labels and annotations aside. Throws what is invalid. */
function restored(
  original: AnyObject,
  converted: unknown,
  { apiVersion, index }: { apiVersion: string; index: number },
): AnyObject {
  const refuse = (text: string) => new Error(`object at index ${index}: ${text}`);
  if (!isObject(converted)) throw refuse(`it is ${goType(converted)}`);
  const { apiVersion: version, kind, metadata, ...rest } = converted as unknown as AnyObject;
  if (version !== apiVersion) throw refuse(`invalid groupVersion (expected ${apiVersion}, received ${version ?? ''})`);
  if (kind !== original.kind) throw refuse(`invalid kind (expected ${original.kind}, received ${kind ?? ''})`);
  const given: Record<string, unknown> = isObject(metadata) ? metadata : {};
  for (const [field, name] of SAME) {
    const [before = '', after = ''] = [original.metadata[field], given[field] as string | undefined];
    if (before !== after) throw new Error(`object: must have the same ${name}: ${before} != ${after}`);
  }
  const kept = deepCopy(original.metadata);
  for (const field of ['labels', 'annotations'] as const) {
    const texts = textsOf(given[field], field);
    if (texts) kept[field] = texts;
    else delete kept[field];
  }
  return { apiVersion, kind, metadata: kept, ...(rest as JsonObject) } as AnyObject;
}

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'bigint') return 'int64';
  return { object: 'map[string]interface {}', boolean: 'bool' }[typeof value as string] ?? typeof value;
}

const SAME = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;

function textsOf(value: unknown, field: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value))
    throw new Error(`metadata: invalid metadata.${field} of type ${goType(value)} in converted object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new Error(
        `metadata: metadata.${field}[${key}] must be a string, but is ${goType(text)} in converted object`,
      );
    }
  }
  const texts = value as Record<string, string>;
  const check = field === 'labels' ? validateLabels : validateAnnotations;
  const errors = check(texts, `metadata.${field}`).map((error) => `${error.field}: ${error.message}`);
  if (errors.length > 0) throw new Error(`metadata: ${errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]}`);
  return texts;
}

function kindOf({ apiVersion, kind }: AnyObject): string {
  const { group, version } = parseGroupVersion(apiVersion as string);
  return `${group}/${version}, Kind=${kind}`;
}
