// Reads of an earlier state: get and list at a time (asOf), and get at a revision (resourceVersionMatch=Exact, which
// lists have anyway). A moment that cannot be read is told with the oldest one that can.
import { PointInTimeError, parsePointInTime } from '../../apimachinery/point-in-time.ts';
import { badRequest, expired, hasReason, notFound, type StatusError } from '../../apimachinery/status-error.ts';
import { Compacted, type Revision, type Storage, type StorageEntry } from '../../storage/storage.ts';
import { namespaceOf, type ResourceCall } from '../call.ts';
import { collectionPrefix, groupResource, objectKey } from '../registry/keys.ts';
import { type ListParameters, parseRevision } from '../registry/parameters.ts';
import { getEntry, listEntries, reach } from '../registry/read.ts';
import type { ListResult } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

/** Subresources that show the object as it is stored, whole or in part. */
const STORED = new Set(['', 'approval', 'ephemeralcontainers', 'finalize', 'resize', 'scale', 'status']);
/** Requests that are passed on, with all their parameters. */
const PASSED_ON = new Set(['attach', 'exec', 'portforward', 'proxy']);

/** Throws 400 when the request names a time but reads nothing that has one: what was asked for must not be ignored. */
export function checkAsOf({ verb, resource, subresource }: RequestInfo, query: URLSearchParams, stored: boolean): void {
  if (!query.has('asOf') || PASSED_ON.has(subresource)) return;
  if (verb === 'watch') {
    throw badRequest(
      'asOf reads one moment, which cannot be watched: list with asOf, then watch from its resourceVersion',
    );
  }
  if (verb !== 'get' && verb !== 'list')
    throw badRequest(`asOf goes with get and list, not with ${verb}: leave it out`);
  if (subresource === 'history') throw badRequest('history takes from and to instead of asOf');
  const what = subresource ? `${resource}/${subresource}` : resource;
  if (!stored || !STORED.has(subresource))
    throw badRequest(`asOf does not go with ${what}, of which nothing is stored`);
}

interface Moment {
  /** As it was asked for, to be told in errors. */
  asked: string;
  revision: Revision;
  /** Wall-clock milliseconds, when it was given as a time. */
  time?: number;
}

/** The entry as it is asked for, and the moment for which ages are reckoned when that is not now. */
export async function entryAsked(call: ResourceCall): Promise<{ entry: StorageEntry; at?: number }> {
  const { definition, info, request, env } = call;
  const { query } = request;
  const target = { namespace: namespaceOf(call), name: info.name };
  const key = objectKey(definition, target.namespace, target.name);
  const moment = (await momentAsked(call, key)) ?? (await revisionAsked(env.storage, query));
  if (!moment) {
    const resourceVersion = query.get('resourceVersion') ?? '';
    return { entry: await getEntry(env.storage, definition, { ...target, resourceVersion }) };
  }
  const entry = await env.storage.getAt(key, moment.revision).catch(async (error: unknown) => {
    if (!(error instanceof Compacted)) throw error;
    throw await tooLongAgo(env.storage, key, moment.asked);
  });
  if (!entry) throw notFound(groupResource(definition), info.name);
  return { entry, ...(moment.time === undefined ? {} : { at: moment.time }) };
}

/** The list as it is asked for; with asOf exactly as it was. */
export async function listAsked(call: ResourceCall, parameters: ListParameters): Promise<ListResult> {
  const { env, definition } = call;
  const namespace = namespaceOf(call);
  const prefix = collectionPrefix(definition, namespace);
  const moment = await momentAsked(call, prefix);
  if (!moment) return await listEntries(env.storage, definition, namespace, parameters);
  const exact = { resourceVersion: String(moment.revision), resourceVersionMatch: 'Exact' };
  try {
    const list = await listEntries(env.storage, definition, namespace, { ...parameters, ...exact });
    return { ...list, ...(moment.time === undefined ? {} : { at: moment.time }) };
  } catch (error) {
    if (!hasReason(error, 'Expired')) throw error;
    throw await tooLongAgo(env.storage, prefix, moment.asked);
  }
}

/** `place` is the key or prefix that is read. */
async function momentAsked({ request: { query }, env }: ResourceCall, place: string): Promise<Moment | undefined> {
  const text = query.get('asOf');
  if (text === null) return undefined;
  for (const other of ['resourceVersion', 'resourceVersionMatch', 'continue']) {
    if (query.get(other)) throw badRequest(`asOf and ${other} both say what to read: give one of them`);
  }
  const now = env.clock.now();
  const time = timeOf('asOf', text, now);
  if (time > now) {
    throw badRequest(`asOf ${iso(time)} lies in the future: it is ${iso(now)}, and only what has been can be read`);
  }
  const asked = `asOf ${text}`;
  const revision = await revisionAt(env.storage, time);
  if (revision === undefined) throw await tooLongAgo(env.storage, place, asked);
  return { asked, revision, time };
}

/** Undefined when `time` lies before what is kept. */
export async function revisionAt(storage: Storage, time: number): Promise<Revision | undefined> {
  try {
    return await storage.revisionAt(time);
  } catch (error) {
    if (error instanceof Compacted) return undefined;
    throw error;
  }
}

/** Throws 400 that names the parameter. */
export function timeOf(parameter: string, text: string, now: number): number {
  try {
    return parsePointInTime(text, now);
  } catch (error) {
    if (error instanceof PointInTimeError) throw badRequest(`${parameter} ${error.message}`);
    throw error;
  }
}

async function revisionAsked(storage: Storage, query: URLSearchParams): Promise<Moment | undefined> {
  if (query.get('resourceVersionMatch') !== 'Exact') return undefined;
  const text = query.get('resourceVersion') ?? '';
  const revision = parseRevision(text);
  if (!revision) {
    throw badRequest(
      `resourceVersionMatch=Exact needs the resourceVersion to read, a number greater than 0, and not ${JSON.stringify(text)}`,
    );
  }
  await reach(storage, revision);
  return { asked: `resourceVersion ${revision}`, revision };
}

/** 410 with the oldest moment at which `place` can be read. */
export async function tooLongAgo(storage: Storage, place: string, asked: string): Promise<StatusError> {
  const { revision, time } = await storage.oldest(place);
  const when = time === undefined ? '' : ` of ${iso(time)}`;
  return expired(
    `${asked} lies before what is kept: the oldest that can be read is resourceVersion ${revision}${when}`,
  );
}

/** Times of history have milliseconds; what is beyond what Date can hold is shown as the number it is. */
export const iso = (time: number): string =>
  Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : `${time} ms since 1970`;
